import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { call, git, openForge } from '../../../support/forge.ts';
import type { ForgeFixture } from '../../../support/forge.ts';

const pulls = '/repos/kubeflow/manifests/pulls';
let forge: ForgeFixture;
let folder: string;
beforeEach(async () => {
  forge = await openForge();
  folder = path.dirname(forge.root);
});
afterEach(() => forge.dispose());

const address = (user = '') => `http://${user}${forge.host}/kubeflow/manifests`;
const pull = async (number: number) => (await call(forge, 'GET', `${pulls}/${number}`)).body;
const open = (head: string, as = 'ann', base = 'main') =>
  call(forge, 'POST', pulls, { as, body: { title: `Merge ${head}`, head, base } });

describe('git clients', () => {
  it('clone in part, fetch what is missing, push, and push with a lease', async () => {
    await forge.push('main', 'big.txt', 'x'.repeat(100_000));
    const settings = await readFile(path.join(forge.root, 'kubeflow/manifests.git/config'), 'utf8');
    await git(folder, 'clone', '--quiet', '--bare', '--filter=blob:none', `${address()}.git`, 'mirror');
    const mirror = path.join(folder, 'mirror');
    const missing = await git(mirror, 'rev-list', '--objects', '--all', '--missing=print');
    expect(missing.split('\n').filter((line) => line.startsWith('?'))).toHaveLength(2);
    const blob = await git(mirror, 'rev-parse', 'main:big.txt');
    await git(mirror, 'fetch', '--quiet', 'origin', blob);
    expect(await git(mirror, 'cat-file', '-s', blob)).toBe('100000');
    const old = await git(mirror, 'rev-parse', 'main');
    const next = await git(mirror, 'commit-tree', 'main^{tree}', '-p', 'main', '-m', 'Next');
    const push = (lease: string) =>
      git(
        mirror,
        'push',
        '--quiet',
        `--force-with-lease=main:${lease}`,
        address('x:token@'),
        `${next}:refs/heads/main`,
      );
    await expect(push('0'.repeat(40))).rejects.toThrow('stale info');
    await push(old);
    expect(await git(folder, 'ls-remote', address(), 'refs/heads/main')).toContain(next);
    expect(await readFile(path.join(forge.root, 'kubeflow/manifests.git/config'), 'utf8')).toBe(settings);
  });

  it('read without a token and push only with one', async () => {
    const push = git(forge.work, 'push', address(), 'main:other');
    await expect(push).rejects.toThrow(/could not read Username/);
    await git(forge.work, 'push', '--quiet', address('any-token@'), 'main:other');
    await expect(git(forge.work, 'push', address('x:ghs_unknown@'), 'main:third')).rejects.toThrow();
    await expect(git(forge.work, 'push', address('x:t@'), 'main:refs/pull/9/head')).rejects.toThrow(
      /hidden ref/,
    );
  });

  it('are served side by side', async () => {
    const clones = Array.from({ length: 6 }, (_, index) => `clone-${index}`);
    await Promise.all(clones.map((clone) => git(folder, 'clone', '--quiet', address(), clone)));
    await Promise.all(
      clones.map((clone) =>
        git(path.join(folder, clone), 'push', '--quiet', address('x:t@'), `main:${clone}`),
      ),
    );
    expect((await git(folder, 'ls-remote', address(), 'refs/heads/clone-*')).split('\n')).toHaveLength(6);
  });

  it('may send compressed bodies', async () => {
    const want = await git(forge.work, 'rev-parse', 'main');
    const packet = (line: string) => (line.length + 5).toString(16).padStart(4, '0') + line + '\n';
    const body = `${packet(`want ${want} ofs-delta`)}0000${packet('done')}`;
    const response = await fetch(`${address()}/git-upload-pack`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip' },
      body: gzipSync(body),
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('PACK');
  });

  it('never leave the root, by name or by link', async () => {
    await git(folder, 'clone', '--quiet', '--bare', forge.work, 'outside.git');
    await symlink(path.join(folder, 'outside.git'), path.join(forge.root, 'kubeflow', 'link.git'));
    await symlink(folder, path.join(forge.root, 'up'));
    await mkdir(path.join(forge.root, 'kubeflow', 'empty.git'));
    for (const name of [
      'kubeflow/link',
      'up/outside',
      'kubeflow/empty',
      'kubeflow/..%2f..%2foutside',
      '..%2f/outside',
      'none/none',
    ])
      expect([name, (await fetch(`${forge.url}/${name}/info/refs?service=git-upload-pack`)).status]).toEqual([
        name,
        404,
      ]);
    expect((await call(forge, 'GET', '/repos/kubeflow/link')).status).toBe(404);
    expect((await call(forge, 'GET', '/repos/kubeflow/%2e%2e')).status).toBe(404);
  });
});

describe('a pull request follows its branches', () => {
  it('whose head moves', async () => {
    await forge.push('one', 'one.txt', '1\n');
    await open('one');
    const commit = await forge.push('one', 'one.txt', '2\n');
    expect(await pull(1)).toMatchObject({ state: 'open', head: { sha: commit }, commits: 2 });
    expect(await git(folder, 'ls-remote', address(), 'refs/pull/1/head')).toContain(commit);
  });

  it('whose head is deleted: closed by who did it, and not to be opened again before it is back', async () => {
    const commit = await forge.push('one', 'one.txt', '1\n');
    await open('one', 'bob');
    await git(forge.work, 'push', '--quiet', 'origin', ':one');
    expect(await pull(1)).toMatchObject({ state: 'closed', merged: false, head: { sha: commit } });
    expect((await call(forge, 'GET', '/repos/kubeflow/manifests/issues/1')).body).toMatchObject({
      closed_by: { login: 'ann' },
    });
    const reopen = () => call(forge, 'PATCH', `${pulls}/1`, { as: 'ann', body: { state: 'open' } });
    expect((await reopen()).status).toBe(422);
    await git(forge.work, 'push', '--quiet', 'origin', 'one');
    expect(await reopen()).toMatchObject({ status: 200, body: { state: 'open' } });
  });

  it('whose commits are pushed to the base: merged by who did it', async () => {
    const commit = await forge.push('one', 'one.txt', '1\n');
    await open('one', 'bob');
    await git(forge.work, 'push', '--quiet', 'origin', 'one:main');
    expect(await pull(1)).toMatchObject({
      merged: true,
      merged_by: { login: 'ann' },
      merge_commit_sha: commit,
    });
  });

  it('whose head goes back to the base: closed, not merged', async () => {
    await forge.push('one', 'one.txt', '1\n');
    await open('one');
    await git(forge.work, 'push', '--quiet', '--force', 'origin', 'main:one');
    expect(await pull(1)).toMatchObject({ state: 'closed', merged: false });
  });

  it('from a fork, where nothing but a push tells', async () => {
    await call(forge, 'POST', '/repos/kubeflow/manifests/forks', { as: 'bob', body: {} });
    await forge.push('local', 'one.txt', '1\n');
    const fork = `http://x:as-bob@${forge.host}/bob/manifests`;
    await git(forge.work, 'push', '--quiet', fork, 'local:one');
    expect((await open('bob:one', 'bob')).status).toBe(201);
    await git(forge.work, 'push', '--quiet', fork, ':one');
    expect((await call(forge, 'GET', '/repos/kubeflow/manifests/issues/1')).body).toMatchObject({
      closed_by: { login: 'bob' },
    });
  });
});

describe('merging', () => {
  it('makes the commit that the method asks for', async () => {
    await forge.push('one', 'one.txt', '1\n');
    await forge.push('two', 'two.txt', '2\n');
    await open('one');
    await open('two');
    const merge = (number: number, body: unknown) =>
      call(forge, 'PUT', `${pulls}/${number}/merge`, { as: 'bob', body });
    expect((await merge(1, {})).status).toBe(200);
    expect((await merge(2, { merge_method: 'squash', commit_title: 'Two' })).status).toBe(200);
    const bare = path.join(forge.root, 'kubeflow/manifests.git');
    const log = await git(bare, 'log', '--first-parent', '--format=%an|%s|%p', 'main');
    const [squash, merged] = log.split('\n');
    expect(squash).toMatch(/^bob\|Two\|[0-9a-f]+$/);
    expect(merged).toMatch(/^bob\|Merge pull request #1 from kubeflow\/one\|[0-9a-f]+ [0-9a-f]+$/);
    expect((await git(bare, 'ls-tree', '--name-only', 'main')).split('\n')).toEqual([
      'README.md',
      'one.txt',
      'two.txt',
    ]);
  });

  it('refuses conflicts and drafts', async () => {
    await forge.push('one', 'same.txt', '1\n');
    await forge.push('two', 'same.txt', '2\n');
    await open('one');
    await open('two');
    const draft = { title: 'Draft', head: 'one', base: 'two', draft: true };
    await call(forge, 'POST', pulls, { as: 'ann', body: draft });
    const merge = async (number: number) =>
      (await call(forge, 'PUT', `${pulls}/${number}/merge`, { as: 'ann' })).status;
    expect(await merge(1)).toBe(200);
    expect(await pull(2)).toMatchObject({ mergeable: false, mergeable_state: 'dirty' });
    expect(await merge(2)).toBe(405);
    expect(await merge(3)).toBe(405);
  });
});

describe('git clients that go away', () => {
  it('at any moment of the answer are no defect', async () => {
    const { startForge } = await import('../../../../runtime/standins/forge/server.ts');
    const lines: string[] = [];
    const second = await startForge({ root: forge.root, log: (line) => void lines.push(line) });
    const leaveAfter = (milliseconds: number) =>
      new Promise<void>((resolve) => {
        const socket = connect(second.port, '127.0.0.1', () => {
          socket.write(
            'GET /kubeflow/manifests/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: forge\r\n\r\n',
          );
          setTimeout(() => socket.destroy(), milliseconds);
        }).once('close', () => resolve());
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => leaveAfter(3 * index)));
    await second.close();
    expect(lines).toEqual([]);
  });
});

describe('state and pages', () => {
  it('survive a restart', async () => {
    await forge.push('one', 'one.txt', '1\n');
    await open('one');
    const { startForge } = await import('../../../../runtime/standins/forge/server.ts');
    const second = await startForge({ root: forge.root });
    expect((await call(second, 'GET', `${pulls}/1`)).body).toMatchObject({ title: 'Merge one' });
    await second.close();
  });

  it('show a pull request, with every word of it as text', async () => {
    await forge.push('one', 'one.txt', '<script>alert(1)</script>\n');
    const body = { title: '<b>bold</b>', body: '<img src=x onerror=alert(2)>', head: 'one', base: 'main' };
    await call(forge, 'POST', pulls, { as: 'ann', body });
    const response = await fetch(`${forge.url}/kubeflow/manifests/pull/1`);
    const text = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).toContain('+&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).not.toMatch(/<b>bold|<img|<script/);
    for (const route of ['/', '/kubeflow/manifests', '/kubeflow/manifests/pulls'])
      expect([route, (await fetch(forge.url + route)).status]).toEqual([route, 200]);
    expect((await fetch(`${forge.url}/kubeflow/manifests/pull/9`)).status).toBe(404);
    for (const form of ['diff', 'patch']) {
      const plain = await fetch(`${forge.url}/kubeflow/manifests/pull/1.${form}`);
      expect(plain.headers.get('content-type')).toContain('text/plain');
      expect(await plain.text()).toContain('+<script>alert(1)</script>');
    }
  });
});
