import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'yaml';
import { slipway } from '../support/cli.ts';
import { delivery, json, pulls, states } from '../support/delivery-cli.ts';
import { World } from '../support/world.ts';

const MAIN = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));

// Each step is a process of its own, and other tests may use the machine meanwhile.
jest.setTimeout(120_000);

describe('a build that fails', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    await writeFile(path.join(world.orders, 'fail-controller'), '');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('makes apply end with 3, says why, and stops nothing else', async () => {
    const result = await delivery(world, 'apply', '-o', 'json');
    expect(result).toMatchObject({ status: 3, stderr: '' });
    expect(states(json(result).items)).toMatchObject({
      'main/controller': 'failed',
      'main/webhook': 'failed',
      'main/server': 'proposed',
      'v1.0/server': 'proposed',
    });
  });

  it('is in status, which asks nothing of the outside', async () => {
    const asked = world.requests.length;
    const result = await delivery(world, 'status', '-o', 'json');
    expect(result.status).toBe(0);
    expect(json(result).items.find((one) => one.application === 'controller')).toMatchObject({
      version: 'main',
      state: 'failed',
      build: { outcome: expect.stringMatching(/permanent|transient/) },
    });
    expect(world.requests.length).toBe(asked);
  });

  it('has a log, by pair in either way, by its sharer and by name', async () => {
    const [words, path, sharer, unknown] = await Promise.all([
      delivery(world, 'logs', 'controller', 'main'),
      delivery(world, 'logs', 'main/controller'),
      delivery(world, 'logs', 'webhook', 'main'),
      delivery(world, 'logs', 'cd-nothing-main-00000000-1'),
    ]);
    expect(words).toMatchObject({ status: 0, stdout: expect.stringMatching(/\S/) });
    expect([path.stdout, sharer.stdout]).toEqual([words.stdout, words.stdout]);
    expect(unknown).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('cd-nothing-main-00000000-1'),
    });
  });

  it('is built on a word, also once it has failed, and proposed by the next apply', async () => {
    const still = await delivery(world, 'build', 'controller', 'main', '-o', 'json');
    expect([still.status, states(json(still).items)]).toEqual([3, { 'main/controller': 'failed' }]);
    await rm(path.join(world.orders, 'fail-controller'));
    const built = await delivery(world, 'build', 'main/controller', '-o', 'json');
    expect([built.status, states(json(built).items)]).toEqual([0, { 'main/controller': 'update' }]);
    expect((await pulls(world)).map(({ head }) => head.ref)).not.toContain('slipway/main/controller');
    expect(states(json(await delivery(world, 'apply', '-o', 'json')).items)).toMatchObject({
      'main/controller': 'proposed',
      'main/webhook': 'proposed',
    });
  });
});

describe('a reader that has seen enough', () => {
  it('is no failure', async () => {
    const command = `"${process.execPath}" "${MAIN}" delivery schema | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command]);
    expect([stdout, stderr]).toEqual(['0\n', '']);
  });
});

describe('words of people', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('hold by globs and release by name', async () => {
    const held = await delivery(
      world,
      'hold',
      'v1.0/*',
      'main/server',
      '--until',
      '2d',
      '--reason',
      'freeze',
    );
    expect(held.status).toBe(0);
    expect(held.stdout.match(/held until/g)).toHaveLength(5);
    await delivery(world, 'release', 'main/server', 'v1.0/base');
    const { items } = json(await delivery(world, 'plan', '-o', 'json'));
    expect(states(items)).toEqual({
      'main/base': 'build',
      'main/server': 'build',
      'main/controller': 'build',
      'main/webhook': 'build',
      'v1.0/base': 'build',
      'v1.0/server': 'held',
      'v1.0/controller': 'held',
      'v1.0/webhook': 'held',
    });
    expect(items.find(({ state }) => state === 'held')?.reason).toContain('freeze');
  });

  it('that name nothing end with 2 and the nearest name', async () => {
    const results = await Promise.all([
      delivery(world, 'retry', 'main/servr', 'v9/*'),
      delivery(world, 'build', 'servr', 'main'),
      delivery(world, 'hold', 'main', '--until', '2001-01-01'),
      delivery(world, 'accept', 'main', '--commit', 'HEAD'),
    ]);
    expect(results.map(({ status }) => status)).toEqual([2, 2, 2, 2]);
    expect(results.map(({ stderr }) => stderr)).toEqual([
      expect.stringMatching(/main\/servr; did you mean `main\/server`[^]*v9\/\*/),
      expect.stringContaining('did you mean `main/server`'),
      expect.stringContaining('2001-01-01 is no moment to come'),
      expect.stringContaining('7 to 64 hex digits'),
    ]);
  });

  it('make a PipelineRun for each pair that is not held', async () => {
    await writeFile(
      path.join(world.directory, 'run.yaml'),
      'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {generateName: x-}\nspec: {pipelineRef: {name: p}}\n',
    );
    const command = ['runs', 'create', '--template', 'run.yaml', '--output', 'runs', '-o', 'json'];
    const result = await delivery(world, ...command);
    expect(result.status).toBe(3);
    const { runs, omitted } = JSON.parse(result.stdout) as {
      runs: { name: string; file: string; application: string }[];
      omitted: { state: string }[];
    };
    // The server waits for the image of base, so nobody knows its inputs yet.
    expect(omitted.map(({ state }) => state).sort()).toEqual(['build', 'held', 'held', 'held']);
    expect((await readdir(path.join(world.directory, 'runs'))).sort()).toEqual(
      runs.map(({ name }) => `${name}.yaml`).sort(),
    );
    const { file } = runs.find(({ application }) => application === 'controller')!;
    expect(parse(await readFile(path.join(world.directory, file), 'utf8'))).toMatchObject({
      metadata: { labels: { app: 'controller', version: 'main' } },
      spec: { pipelineRef: { name: 'p' } },
    });
  });
});

describe('the config', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({ settings: { suspend: true } });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('is found in the working folder, or named by SLIPWAY_CONFIG', async () => {
    const found = await delivery(world, 'validate');
    expect(found).toMatchObject({
      status: 0,
      stdout: 'delivery.yaml is valid: 4 applications, 2 versions, 8 pairs\n',
    });
    const elsewhere = path.join(world.directory, 'forge');
    const named = { ...world.environment(), SLIPWAY_CONFIG: world.config };
    expect((await slipway(['delivery', 'validate'], { cwd: elsewhere, environment: named })).status).toBe(0);
    const none = await slipway(['delivery', 'plan'], { cwd: elsewhere });
    expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining('--config') });
  });

  it('is applied without an effect while the settings suspend', async () => {
    const result = await delivery(world, 'apply', '-o', 'json');
    expect([result.status, json(result).suspended, json(result).outcomes]).toEqual([0, true, []]);
    expect(existsSync(world.ledger)).toBe(false);
    expect((await delivery(world, 'apply')).stdout).toContain('Suspended by the settings');
  });

  it('in the original format is converted to one that means the same', async () => {
    const original = path.join(world.directory, 'applications.yaml');
    await writeFile(original, originalConfig);
    const { stdout, status } = await delivery(world, 'convert', '--config', original);
    expect(status).toBe(0);
    await writeFile(path.join(world.directory, 'short.yaml'), stdout);
    const [before, after] = await Promise.all([
      delivery(world, 'plan', '--config', original, '-o', 'json'),
      delivery(world, 'plan', '--config', 'short.yaml', '-o', 'json'),
    ]);
    expect(json(after).items).toEqual(json(before).items);
    expect(json(before).items).toMatchObject([{ application: 'controller', state: 'build' }]);
    expect((await delivery(world, 'convert')).status).toBe(2);
  });
});

const repository = (name: string) =>
  `      - {name: ${name}, resourceSpec: {type: git, params: [{name: url, value: 'https://github.com/acme/${name}'}, {name: revision, value: main}]}}\n`;

const originalConfig = `applications:
  - name: controller
    params:
      - {name: path_to_context, value: controller}
      - {name: path_to_docker_file, value: controller/Dockerfile}
      - {name: path_to_manifests_dir, value: controller}
      - {name: src_image_url, value: registry.test/acme/controller}
    sourceRepo: source
versions:
  - name: main
    tag: vmain
    repos:
${repository('source')}${repository('manifests')}`;
