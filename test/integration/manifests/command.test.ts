import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { UsageError } from '../../../runtime/commands/errors.ts';
import { manifestsCommand } from '../../../runtime/commands/manifests.ts';

const KUSTOMIZATION = '# ours\nimages:\n- name: a\n  newTag: v1 # pinned\n';

let folder: string;
let out: string;
let err: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-manifests-'));
  out = '';
  err = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

async function slipway(...args: string[]): Promise<void> {
  const root = new Command('slipway').exitOverride();
  root.addCommand(manifestsCommand());
  for (const group of root.commands) for (const verb of group.commands) verb.exitOverride();
  await root.parseAsync(['manifests', ...args], { from: 'user' });
}

async function problems(...args: string[]): Promise<string[]> {
  try {
    await slipway(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  throw new Error('nothing was refused');
}

const path = (name: string) => join(folder, name);
const put = (name: string, text: string | Uint8Array) => writeFile(path(name), text);
const get = (name: string) => readFile(path(name), 'utf8');

describe('set-image', () => {
  it('changes the file in place, keeps its mode, leaves nothing behind, says what it did', async () => {
    await put('kustomization.yaml', KUSTOMIZATION);
    await chmod(path('kustomization.yaml'), 0o640);
    await slipway('set-image', 'a=b:v2', '--dir', folder);
    expect(await get('kustomization.yaml')).toBe(
      '# ours\nimages:\n- name: a\n  newName: b\n  newTag: v2 # pinned\n',
    );
    expect((await stat(path('kustomization.yaml'))).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['kustomization.yaml']);
    expect(out).toContain(':5: images[0].newTag: v1 → v2\n');
  });

  it('writes nothing when all is as wanted', async () => {
    await put('Kustomization', KUSTOMIZATION);
    const before = await stat(path('Kustomization'), { bigint: true });
    await slipway('set-image', 'a:v1', '--dir', folder);
    expect(out).toContain('already up to date');
    const after = await stat(path('Kustomization'), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  });

  it('prints the difference with --dry-run, and writes nothing', async () => {
    await put('kustomization.yml', KUSTOMIZATION);
    await slipway('set-image', 'a:v2', '--dir', folder, '--dry-run');
    expect(out).toContain('\n-  newTag: v1 # pinned\n+  newTag: v2 # pinned\n');
    expect(await get('kustomization.yml')).toBe(KUSTOMIZATION);
  });

  it('answers in JSON', async () => {
    await put('kustomization.yaml', KUSTOMIZATION);
    await slipway('set-image', 'a:v2', '--dir', folder, '-o', 'json');
    expect(JSON.parse(out)).toEqual({
      file: path('kustomization.yaml'),
      changed: true,
      dryRun: false,
      changes: [{ path: 'images[0].newTag', before: 'v1', after: 'v2', line: 4 }],
    });
  });

  it('keeps a byte order mark', async () => {
    await put('kustomization.yaml', `\uFEFF${KUSTOMIZATION}`);
    await slipway('set-image', 'a:v2', '--dir', folder);
    expect(await get('kustomization.yaml')).toBe(`\uFEFF${KUSTOMIZATION.replace('v1', 'v2')}`);
  });

  it('warns of an entry that was probably meant', async () => {
    await put('kustomization.yaml', 'images:\n- name: a\n  newName: b\n  newTag: v1\n');
    await slipway('set-image', 'b:v2', '--dir', folder);
    expect(err).toContain('`b` is the newName of the entry `a`');
  });

  it('tells every wrong argument at once', async () => {
    const found = await problems(
      'set-image',
      'a',
      'b=C:v1',
      'c=d:v 1',
      'e@sha256:1',
      '=f:v1',
      '--dir',
      folder,
    );
    expect(found).toHaveLength(5);
    expect(found[0]).toBe('a: says no new image; write NAME=NEW[:TAG][@DIGEST], NAME:TAG or NAME@DIGEST');
  });

  it('follows a link in the folder and writes through it', async () => {
    await put('real.yaml', KUSTOMIZATION);
    await symlink('real.yaml', path('kustomization.yaml'));
    await slipway('set-image', 'a:v2', '--dir', folder);
    expect(await get('real.yaml')).toContain('newTag: v2');
    expect((await readdir(folder)).sort()).toEqual(['kustomization.yaml', 'real.yaml']);
  });

  it('refuses what is no kustomization that it may write, each in its own words', async () => {
    const set = (name: string) => problems('set-image', 'a:v2', '--dir', path(name));
    await put('file', '');
    for (const name of ['none', 'two', 'inner', 'link', 'loop', 'bytes', 'bad']) await mkdir(path(name));
    for (const name of ['kustomization.yaml', 'Kustomization']) await put(`two/${name}`, '');
    await mkdir(path('inner/kustomization.yaml'));
    await put('outside.yaml', KUSTOMIZATION);
    await symlink('../outside.yaml', path('link/kustomization.yaml'));
    await symlink('kustomization.yaml', path('loop/kustomization.yaml'));
    await put('bytes/kustomization.yaml', Buffer.from([0x61, 0xff]));
    await put('bad/kustomization.yaml', 'images:\n  - name: a\n - name: b\n');
    expect((await set('gone'))[0]).toMatch(/gone: does not exist$/);
    expect((await set('file'))[0]).toMatch(/file: is not a folder/);
    expect((await set('none'))[0]).toMatch(
      /none: holds no kustomization.yaml, kustomization.yml, Kustomization; /,
    );
    expect((await set('two'))[0]).toMatch(
      /two: holds kustomization.yaml and Kustomization, and kustomize accepts one/,
    );
    expect((await set('inner'))[0]).toMatch(/inner\/kustomization.yaml: is a folder/);
    expect((await set('link'))[0]).toMatch(/is a link to .*outside.yaml, outside of its folder/);
    expect((await set('loop'))[0]).toMatch(/leads back to itself/);
    expect((await set('bytes'))[0]).toMatch(/is not UTF-8 text/);
    expect((await set('bad'))[0]).toMatch(/bad\/kustomization.yaml:3:1: not valid YAML/);
    expect(await get('outside.yaml')).toBe(KUSTOMIZATION);
  });
});

describe('set-env and set', () => {
  const DEPLOYMENT =
    'kind: Deployment\nspec:\n  replicas: 1\n  containers:\n  - name: c\n    env: [{name: A, value: "1"}]\n';

  it('sets environment values', async () => {
    await put('d.yaml', DEPLOYMENT);
    await slipway('set-env', 'A=x=y', 'B=', '--file', path('d.yaml'), '--container', 'c');
    expect(await get('d.yaml')).toBe(DEPLOYMENT.replace('"1"}', '"x=y"}, {name: B, value: ""}'));
    expect(await problems('set-env', 'A', '=b', '--file', path('d.yaml'))).toHaveLength(2);
    expect((await problems('set-env', 'A=1', '--file', path('d.yaml'), '--kind', 'Job'))[0]).toContain(
      'd.yaml: A: no container',
    );
  });

  it('sets values by path, typed as the old ones', async () => {
    await put('d.yaml', DEPLOYMENT);
    await slipway(
      'set',
      'spec.replicas=3',
      'spec.containers[name=c].env[0].value=2',
      '--file',
      path('d.yaml'),
    );
    expect(await get('d.yaml')).toBe(DEPLOYMENT.replace('replicas: 1', 'replicas: 3').replace('"1"', '"2"'));
    expect((await problems('set', 'spec.containers[name=z].image=x', '--file', path('d.yaml')))[0]).toContain(
      'no such place',
    );
  });

  it('writes all or nothing', async () => {
    await put('d.yaml', DEPLOYMENT);
    await problems('set', 'spec.replicas=3', 'spec.containers=3', '--file', path('d.yaml'));
    expect(await get('d.yaml')).toBe(DEPLOYMENT);
  });
});
