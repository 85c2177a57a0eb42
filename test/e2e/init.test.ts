import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { git } from '../support/forge.ts';

const main = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));
const original = fileURLToPath(new URL('../fixtures/delivery/applications.yaml', import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-init-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function slipway(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { cwd: folder, encoding: 'utf8' },
      (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
  });
}

const read = (file: string) => readFile(path.join(folder, file), 'utf8');

it('writes a config and settings, and overwrites only when told to', async () => {
  expect(await slipway('init')).toMatchObject({ status: 0, stderr: '' });
  expect((await readdir(folder)).sort()).toEqual(['delivery.yaml', 'slipway.yaml']);
  const validated = await slipway('delivery', 'validate');
  expect(validated).toMatchObject({ status: 2 });
  expect(validated.stderr).toContain('versions: has no entry');
  await writeFile(path.join(folder, 'delivery.yaml'), 'mine\n');
  const again = await slipway('init');
  expect(again.status).toBe(2);
  expect(again.stderr).toBe(
    ['delivery.yaml', 'slipway.yaml']
      .map((file) => `${file}: exists already; --force overwrites it, --dry-run only shows\n`)
      .join(''),
  );
  expect(await read('delivery.yaml')).toBe('mine\n');
  expect((await slipway('init', '--force')).status).toBe(0);
  expect(await read('delivery.yaml')).toContain('kind: Delivery');
});

it('converts an original applications.yaml to a valid config', async () => {
  expect((await slipway('init', 'release', '--from', original)).status).toBe(0);
  expect(await read('release/slipway.yaml')).toContain(
    '\nforges:\n  github.com: { token: { env: GITHUB_TOKEN } }\n',
  );
  const validated = await slipway('delivery', 'validate', '--config', 'release/delivery.yaml');
  expect(validated).toMatchObject({ status: 0, stderr: '' });
});

it('reads the kustomizations of a checkout', async () => {
  const checkout = path.join(folder, 'manifests');
  await mkdir(path.join(checkout, 'apps/web/base'), { recursive: true });
  await mkdir(path.join(checkout, 'apps/broken'), { recursive: true });
  await git(checkout, 'init', '--quiet', '--initial-branch=v1.1-branch');
  await git(checkout, 'remote', 'add', 'origin', 'https://robot:secret@github.com/kubeflow/manifests.git');
  const images = 'images:\n- name: gcr.io/project/web\n  newTag: v1.1.0-g0123456789ab\n';
  await writeFile(path.join(checkout, 'apps/web/base/kustomization.yaml'), images);
  await writeFile(path.join(checkout, '.git/kustomization.yaml'), images);
  await writeFile(path.join(checkout, 'apps/broken/Kustomization'), 'images: [\n');
  const shown = await slipway('init', '--from', 'manifests/apps', '--dry-run');
  expect(shown.status).toBe(0);
  expect(shown.stderr).toContain('apps/broken/Kustomization');
  expect(shown.stdout).toContain(`versions:
  v1.1-branch:
    tag: v1.1.0
    repositories:
      manifests:
        url: https://github.com/kubeflow/manifests
        branch: v1.1-branch
`);
  expect(shown.stdout).toContain('- kustomization: apps/web/base\n');
  expect(shown.stdout).not.toContain('secret');
  expect(await readdir(folder)).toEqual(['manifests']);
});

it.each([
  ['nowhere', 'nowhere: does not exist'],
  ['.', '.: no kustomization below it has an images: entry'],
])('refuses --from %s', async (from, why) => {
  const ended = await slipway('init', '--from', from);
  expect(ended).toMatchObject({ status: 2, stdout: '' });
  expect(ended.stderr).toContain(why);
  expect(await readdir(folder)).toEqual([]);
});
