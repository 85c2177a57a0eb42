import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../runtime/control/clock.ts';
import { LocalBuilder } from '../../../runtime/local/builder/builder.ts';
import type { LocalBuilderOptions } from '../../../runtime/local/builder/builder.ts';
import { BuildFolder } from '../../../runtime/local/builder/folder.ts';
import { identify, isAlive, signalProcess } from '../../../runtime/local/builder/processes.ts';
import type { BuildRequest } from '../../../runtime/ports/builder.ts';
import { PortError } from '../../../runtime/ports/errors.ts';
import { builderContract, isEnded, until } from '../../contract/builder.ts';

const command = fileURLToPath(new URL('processes/build.sh', import.meta.url));

let root: string;
let opened: LocalBuilder[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-builder-'));
  opened = [];
});
afterEach(async () => {
  for (const builder of opened) {
    for (const { name } of await builder.list()) await builder.cancel(name);
    await builder.close();
  }
  await rm(root, { recursive: true, force: true });
});

/** Writes one small tree, whatever is asked for. */
async function materialize(_repository: string, _commit: string, _directory: string, destination: string) {
  await mkdir(dirname(destination), { recursive: true });
  await mkdir(destination);
  await writeFile(join(destination, 'Dockerfile'), 'FROM scratch\n');
}

function open(options: Partial<LocalBuilderOptions> = {}): LocalBuilder {
  const builder = new LocalBuilder({
    git: { materialize },
    registry: { location: (name) => ({ reference: `127.0.0.1:5000/${name}`, insecure: true }) },
    clock: systemClock,
    directory: join(root, 'builds'),
    tool: { command: [command, root] },
    concurrency: 3,
    ...options,
  });
  opened.push(builder);
  return builder;
}

function request(name: string, behaviour: string): BuildRequest {
  return {
    name,
    key: Buffer.from(name.padEnd(32, '.')).toString('hex'),
    labels: { app: 'x' },
    source: {
      repository: 'https://example.com/o/r',
      commit: 'a'.repeat(40),
      context: 'app',
      dockerfile: 'app/Dockerfile',
    },
    platforms: [],
    buildArgs: { BEHAVIOUR: behaviour },
    image: { name: 'project/app', tags: ['k-1', 'v1-g1'] },
  };
}

async function runs(name: string): Promise<number> {
  return (await readFile(join(root, `${name}.runs`), 'utf8')).trim().split('\n').length;
}

/** The process that the build started in the background. */
async function background(name: string): Promise<number> {
  for (;;) {
    const text = await readFile(join(root, `${name}.pid`), 'utf8').catch(() => '');
    if (text.endsWith('\n')) return Number(text);
    await systemClock.sleep(20);
  }
}

describe('the contract', () => {
  builderContract(() =>
    Promise.resolve({
      builder: open(),
      reopen: () => Promise.resolve(open()),
      request,
      runs,
      close: () => Promise.resolve(),
    }),
  );
});

describe('a custom command', () => {
  it('that fetches the source itself gets the paths of the repository, and nothing is written', async () => {
    const builder = open({
      git: { materialize: () => Promise.reject(new Error('nobody asked for it')) },
      tool: { command: [command, root], checkout: false },
    });
    const wanted = request('remote', 'succeeds');
    await builder.start({ ...wanted, source: { ...wanted.source, context: '', dockerfile: 'Dockerfile' } });
    const build = await until(builder, 'remote', isEnded);
    expect(build).toMatchObject({ phase: 'succeeded', digest: `sha256:${build.key}` });
    const { source } = JSON.parse(await readFile(join(root, 'remote.request'), 'utf8')) as {
      source: unknown;
    };
    expect(source).toEqual({ ...wanted.source, context: '', dockerfile: 'Dockerfile' });
    await builder.start(request('broken', 'fails'));
    const broken = await until(builder, 'broken', isEnded);
    expect(broken.failure?.message).toContain('hello from broken');
  });

  it('gets the request as JSON, and none of our secrets', async () => {
    process.env['SLIPWAY_TEST_SECRET'] = 'hidden';
    const builder = open();
    await builder.start(request('good', 'succeeds'));
    await until(builder, 'good', isEnded);
    delete process.env['SLIPWAY_TEST_SECRET'];
    expect(JSON.parse(await readFile(join(root, 'good.request'), 'utf8'))).toEqual({
      apiVersion: 'slipway.dev/v1alpha1',
      kind: 'BuildRequest',
      name: 'good',
      key: request('good', '').key,
      source: {
        repository: 'https://example.com/o/r',
        commit: 'a'.repeat(40),
        context: join(root, 'builds/good/source/context'),
        dockerfile: join(root, 'builds/good/source/context/Dockerfile'),
      },
      platforms: [],
      buildArgs: { BEHAVIOUR: 'succeeds' },
      image: {
        name: 'project/app',
        tags: ['k-1', 'v1-g1'],
        push: ['127.0.0.1:5000/project/app:k-1', '127.0.0.1:5000/project/app:v1-g1'],
        insecure: true,
      },
    });
    expect(await readFile(join(root, 'good.env'), 'utf8')).not.toContain('hidden');
  });

  it.each([
    ['tempfail', { kind: 'transient', reason: 'CommandAskedToRetry' }],
    ['silent', { kind: 'permanent', reason: 'DigestMissing' }],
  ])('that ends as %s', async (behaviour, failure) => {
    const builder = open();
    await builder.start(request('one', behaviour));
    expect(await until(builder, 'one', isEnded)).toMatchObject({ phase: 'failed', failure });
  });

  it('that does not exist is no builder', async () => {
    const builder = open({ tool: { command: ['/nowhere/to/be/found'] } });
    const outcome = await builder.start(request('one', 'succeeds')).catch((error: unknown) => error);
    expect(outcome).toMatchObject({ fault: 'not-found', remedy: expect.any(String) });
    await expect(builder.describe()).rejects.toMatchObject({ fault: 'not-found' });
    expect(await builder.list()).toEqual([]);
  });

  it('that hangs is ended after the time-out, with what it started', async () => {
    const builder = open({ timeout: 1500 });
    await builder.start(request('slow', 'hangs'));
    expect(await until(builder, 'slow', isEnded)).toMatchObject({
      phase: 'failed',
      failure: { kind: 'transient', reason: 'TimedOut', message: expect.stringContaining('hello from slow') },
    });
    expect(await identify(await background('slow'))).toBeUndefined();
  });
});

describe('processes', () => {
  it('of a cancelled build are all gone, those in sessions of their own too', async () => {
    const builder = open();
    await builder.start(request('long', 'hangs'));
    const pid = await background('long');
    await builder.cancel('long');
    expect(await identify(pid)).toBeUndefined();
  });

  it('of a cancelled build are all gone, daemons too', async () => {
    const builder = open();
    await builder.start(request('escapes', 'escapes'));
    const pid = await background('escapes');
    await builder.cancel('escapes');
    expect(await identify(pid)).toBeUndefined();
  });

  it('that ignore TERM are killed', async () => {
    const builder = open();
    await builder.start(request('stubborn', 'stubborn'));
    const pid = await background('stubborn');
    await builder.cancel('stubborn');
    expect(await identify(pid)).toBeUndefined();
    expect((await builder.list())[0]?.phase).toBe('cancelled');
  });

  it('that a build leaves in the background go with it', async () => {
    const builder = open();
    await builder.start(request('daemon', 'daemon'));
    expect((await until(builder, 'daemon', isEnded)).phase).toBe('succeeded');
    expect(await identify(await background('daemon'))).toBeUndefined();
  });

  it('killed from outside make the build lost, which is transient, and what is left of it is ended', async () => {
    const builder = open();
    await builder.start(request('long', 'stubborn'));
    const pid = await background('long');
    const owner = await new BuildFolder(join(root, 'builds'), 'long').owner();
    if (owner?.kind !== 'shim') throw new Error('the build has no shim');
    signalProcess(owner.process.pid, 'SIGKILL');
    expect(await until(builder, 'long', isEnded)).toMatchObject({
      phase: 'failed',
      failure: { kind: 'transient', reason: 'Lost' },
    });
    expect(await identify(pid)).toBeUndefined();
  });

  it('with an id used again are not taken for the build', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(stranger, 'spawn');
    const builder = open();
    await builder.start(request('good', 'succeeds'));
    await until(builder, 'good', isEnded);
    const folder = new BuildFolder(join(root, 'builds'), 'good');
    await rm(join(folder.path, 'result.json'));
    await rm(join(folder.path, 'owner.json'));
    await folder.claim({ kind: 'shim', process: { pid: stranger.pid!, began: 'long ago' }, startedAt: 1 });
    const after = open();
    expect(await after.list()).toMatchObject([{ phase: 'failed', failure: { reason: 'Lost' } }]);
    await after.cancel('good');
    const identity = await identify(stranger.pid!);
    expect(identity && (await isAlive(identity))).toBe(true);
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });
});

describe('a build whose starter dies before it has a process', () => {
  it('is lost', async () => {
    const blocked = open({ git: { materialize: () => new Promise(() => undefined) } });
    await blocked.start(request('early', 'succeeds'));
    expect((await blocked.list())[0]?.phase).toBe('pending');
    const folder = new BuildFolder(join(root, 'builds'), 'early');
    const record = (await folder.record())!;
    await writeFile(
      join(folder.path, 'request.json'),
      JSON.stringify({ ...record, starter: { pid: record.starter.pid + 1_000_000, began: 'x' } }),
    );
    expect(await open().list()).toMatchObject([
      { phase: 'failed', failure: { kind: 'transient', reason: 'Lost' } },
    ]);
    opened.length = 0;
  });
});

describe('the source', () => {
  it.each([
    ['not-found', 'permanent', 'SourceMissing'],
    ['transient', 'transient', 'SourceUnavailable'],
  ] as const)('that is %s makes the failure %s', async (fault, kind, reason) => {
    const git = { materialize: () => Promise.reject(new PortError(fault, 'o/r', 'the path is not there')) };
    const builder = open({ git });
    await builder.start(request('one', 'succeeds'));
    expect(await until(builder, 'one', isEnded)).toMatchObject({
      phase: 'failed',
      failure: { kind, reason, message: 'the path is not there' },
    });
  });

  it('is removed when the build has ended', async () => {
    const builder = open();
    await builder.start(request('good', 'succeeds'));
    await until(builder, 'good', isEnded);
    expect((await readdir(join(root, 'builds/good'))).sort()).toEqual([
      'log',
      'owner.json',
      'request.json',
      'result.json',
      'shim.log',
    ]);
    expect(await readFile(join(root, 'builds/good/shim.log'), 'utf8')).toBe('');
  });

  it('with a Dockerfile that links out of the repository builds nothing', async () => {
    const git = {
      materialize: async (_r: string, _c: string, _d: string, destination: string) => {
        await mkdir(destination, { recursive: true });
        await symlink('/etc/hostname', join(destination, 'Dockerfile'));
      },
    };
    const builder = open({ git });
    await builder.start(request('link', 'succeeds'));
    expect(await until(builder, 'link', isEnded)).toMatchObject({
      failure: { kind: 'permanent', reason: 'DockerfileMissing' },
    });
    expect(await readdir(root)).not.toContain('link.runs');
  });
});

it('keeps head and tail of a long log', async () => {
  const builder = open();
  await builder.start(request('noisy', 'noisy'));
  const build = await until(builder, 'noisy', isEnded);
  expect(build.failure?.message).toContain('the last line');
  let text = '';
  for await (const piece of builder.logs('noisy')) text += piece;
  expect(text.length).toBeLessThan(6 * 1024 * 1024);
  expect(text).toContain('the first line');
  expect(text).toContain('was left out');
  expect(text).toContain('the last line');
});

it('refuses a request that could lead elsewhere, with all its problems', async () => {
  const bad = {
    ...request('../evil', 'succeeds'),
    source: { ...request('x', '').source, context: '../..', dockerfile: '/etc/passwd' },
    image: { name: 'project/app', tags: ['-x'] },
  };
  const outcome = await open()
    .start(bad)
    .catch((error: unknown) => error);
  expect(outcome).toMatchObject({ fault: 'invalid' });
  for (const problem of ['name', 'context', 'dockerfile', 'tag']) {
    expect((outcome as PortError).message).toContain(problem);
  }
});

it('tells a record that cannot be read, and the other builds', async () => {
  const builder = open();
  await builder.start(request('good', 'succeeds'));
  await until(builder, 'good', isEnded);
  await mkdir(join(root, 'builds/broken'));
  await writeFile(join(root, 'builds/broken/request.json'), '{');
  expect(await builder.list()).toMatchObject([
    { name: 'broken', owned: false, phase: 'failed', failure: { reason: 'RecordUnreadable' } },
    { name: 'good', phase: 'succeeded' },
  ]);
  await rm(join(root, 'builds/broken'), { recursive: true });
});
