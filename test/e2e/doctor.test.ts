import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRegistry } from '../../runtime/standins/registry/server.ts';
import { openForge, type ForgeFixture } from '../support/forge.ts';

const main = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));
const TOKEN = 'as-robot';

let folder: string;
let forge: ForgeFixture;
let registry: Awaited<ReturnType<typeof startRegistry>>;
/** What the forge says instead, by the path asked for. */
let answers = new Map<string, Response>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-doctor-test-'));
  forge = await openForge({ intercept: ({ url }) => answers.get(new URL(url).pathname)?.clone() });
  registry = await startRegistry({ root: path.join(folder, 'registry'), port: 0 });
  await writeFile(
    path.join(folder, 'gitconfig'),
    `[url "${forge.url}/"]\n\tinsteadOf = https://github.com/\n`,
  );
  await writeFile(path.join(folder, 'delivery.yaml'), config('main'));
  await writeFile(path.join(folder, 'slipway.yaml'), settings());
});

afterAll(async () => {
  await registry.close();
  await forge.dispose();
  await rm(folder, { recursive: true, force: true });
});

const config = (branch: string) => `apiVersion: slipway.dev/v1alpha1
kind: Delivery
versions:
  main:
    tag: vmain
    repositories:
      manifests: { url: https://github.com/kubeflow/manifests, branch: ${branch} }
applications:
  web:
    source: manifests
    context: web
    image: registry.test/acme/web
    targets: [{ kustomization: web }]
`;

const settings = (more = '') => `forges:
  github.com: { api: '${forge.url}', token: { env: FORGE_TOKEN }${more} }
registries:
  registry.test: { endpoint: '${registry.url}' }
builder: { command: [sh] }
state: { directory: ${path.join(folder, 'state')} }
`;

interface Result {
  readonly healthy: boolean;
  readonly checks: readonly Record<'area' | 'subject' | 'status' | 'detail' | 'remedy', string>[];
}

async function doctor(args: readonly string[] = [], environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = await new Promise<{ status: number; stdout: string; stderr: string }>(
    (resolve) => {
      execFile(
        process.execPath,
        [main, 'doctor', ...args],
        {
          cwd: folder,
          env: {
            PATH: process.env['PATH'],
            HOME: folder,
            TMPDIR: process.env['TMPDIR'],
            GIT_CONFIG_NOSYSTEM: '1',
            GIT_CONFIG_GLOBAL: path.join(folder, 'gitconfig'),
            FORGE_TOKEN: TOKEN,
            ...environment,
          },
        },
        (error, stdout, stderr) => {
          resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
        },
      );
    },
  );
  expect(`${stdout}${stderr}`).not.toContain(TOKEN);
  return { status, stdout, stderr };
}

/** What is not well, and what was not tried. */
async function complaints(args: readonly string[] = [], environment: Record<string, string> = {}) {
  const { status, stdout } = await doctor(['-o', 'json', ...args], environment);
  const { healthy, checks } = JSON.parse(stdout) as Result;
  expect(healthy).toBe(status === 0);
  return checks.filter((one) => one.status !== 'ok');
}

describe('slipway doctor', () => {
  it('finds all well, and leaves nothing behind', async () => {
    answers = new Map();
    const before = await readdir(folder);
    const { status, stdout, stderr } = await doctor();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const rows = stdout
      .split('\n')
      .filter((line) => line.startsWith('✓'))
      .map((line) => line.split(/\s+/).slice(1, 3).join(' '));
    expect(rows).toEqual([
      expect.stringMatching(/^node /),
      'git git',
      `state ${path.join(folder, 'state')}`,
      'secret forges.github.com.token',
      'forge github.com',
      'repository https://github.com/kubeflow/manifests',
      'push github.com/kubeflow/manifests',
      'proposal github.com/kubeflow/manifests',
      'registry registry.test',
      'builder sh',
    ]);
    expect(stdout).toMatch(/\nAll is well\.\n$/);
    expect(await readdir(folder)).toEqual(before);
  });

  it('names the secret that is missing once, and does not try what needs it', async () => {
    answers = new Map();
    const found = await complaints([], { FORGE_TOKEN: '' });
    expect(found[0]).toMatchObject({ area: 'secret', status: 'failed', remedy: 'set FORGE_TOKEN' });
    expect(found.slice(1).map(({ area, status }) => `${area} ${status}`)).toEqual([
      'forge skipped',
      'repository skipped',
      'push skipped',
      'proposal skipped',
    ]);
  });

  it('tells a token that is no longer valid', async () => {
    answers = new Map([['/user', Response.json({ message: `Bad credentials ${TOKEN}` }, { status: 401 })]]);
    expect(await complaints()).toEqual([
      expect.objectContaining({
        area: 'forge',
        remedy: expect.stringContaining('renew forges.github.com.token'),
      }),
    ]);
  });

  it('tells that we may not push, and where a fork is missing', async () => {
    answers = new Map([['/repos/kubeflow/manifests', Response.json({ permissions: { push: false } })]]);
    expect(await complaints()).toEqual([
      expect.objectContaining({
        area: 'push',
        remedy: 'grant it write access, or set forges.github.com.head to an owner of forks',
      }),
    ]);
    await writeFile(path.join(folder, 'fork.yaml'), settings(', head: robot'));
    expect(await complaints(['--settings', 'fork.yaml'])).toEqual([
      expect.objectContaining({
        area: 'push',
        subject: 'github.com/robot/manifests',
        remedy: 'fork the repository to robot, or correct forges.github.com.head',
      }),
    ]);
  });

  it('tells that pull requests may not be opened, and asks without opening one', async () => {
    const words = 'GitHub Actions is not permitted to create or approve pull requests.';
    answers = new Map([
      ['/repos/kubeflow/manifests/pulls', Response.json({ message: words }, { status: 403 })],
    ]);
    expect(await complaints()).toEqual([
      expect.objectContaining({
        area: 'proposal',
        subject: 'github.com/kubeflow/manifests',
        remedy: expect.stringContaining('let GitHub Actions create pull requests'),
      }),
    ]);
  });

  it('tells branches that do not exist, a registry that is gone and a builder that is no program', async () => {
    answers = new Map();
    await writeFile(path.join(folder, 'branch.yaml'), config('gone'));
    const broken = settings()
      .replace(registry.url, 'http://127.0.0.1:9')
      .replace('[sh]', '[no-such-builder]');
    await writeFile(path.join(folder, 'broken.yaml'), broken);
    const found = await complaints(['--config', 'branch.yaml', '--settings', 'broken.yaml']);
    expect(found.map(({ area, subject }) => `${area} ${subject}`)).toEqual([
      'repository https://github.com/kubeflow/manifests',
      'registry registry.test',
      'builder no-such-builder',
    ]);
    expect(found[0]).toMatchObject({ detail: 'has no branch gone' });
    expect(found[2]?.remedy).toContain('builder setting');
  });

  it.each([
    ['a config that is none', ['--config', 'gitconfig']],
    ['a config that is missing', ['--config', 'nowhere.yaml']],
    ['settings that are missing', ['--settings', 'nowhere.yaml']],
  ])('ends with status 2 for %s', async (_, args) => {
    expect(await doctor(args)).toMatchObject({ status: 2, stdout: '' });
  });
});
