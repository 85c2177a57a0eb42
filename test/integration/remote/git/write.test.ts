import { mkdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { CommitRequest } from '../../../../runtime/ports/git.ts';
import type { GitFailure, GitRequest } from '../../../support/git-http.ts';
import { Fixture, fetchAll, git, withTool } from './fixture.ts';

const AUTHOR = { name: 'Robot Ünï', email: 'robot@example.com' };

function request(
  parent: string,
  files: Record<string, string | null>,
  more: Partial<CommitRequest> = {},
): CommitRequest {
  return {
    parent,
    changes: Object.entries(files).map(([path, text]) => ({
      path,
      content: text === null ? null : Buffer.from(text),
    })),
    message: 'Move to v1\n\nSlipway-Change: abc\n',
    author: AUTHOR,
    at: 1_700_000_000_999,
    ...more,
  };
}

describe('createCommit', () => {
  it('changes only what is asked, without asking the remote', async () => {
    await using fixture = await Fixture.start();
    const files = { 'a.txt': 'one\n', 'run.sh': '#!/bin/sh\n', 'dir/b': '2', 'dir/sub/c': '3', other: '4' };
    const parent = fixture.repository('repo', files);
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    const before = (await client.list(url, parent, ''))!;
    fixture.requests();
    const asked = request(parent, {
      'run.sh': 'new\n',
      'dir/sub/c': null,
      'brand/new/file': '',
      'a.txt': '\0\r\n',
    });
    const oid = await client.createCommit(url, asked);
    const after = (await client.list(url, oid, ''))!;
    expect(after.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
      '100644 a.txt',
      '100644 brand/new/file',
      '100644 dir/b',
      '100644 other',
      '100755 run.sh',
    ]);
    const kept = (path: string) =>
      [before, after].map((entries) => entries.find((entry) => entry.path === path)?.oid);
    expect(kept('other')[0]).toBe(kept('other')[1]);
    expect(fixture.requests()).toEqual([]);
    expect(await client.commit(url, oid)).toMatchObject({
      parents: [parent],
      author: AUTHOR,
      committedAt: 1_700_000_000_000,
      message: 'Move to v1\n\nSlipway-Change: abc\n',
    });
    const blob = after.find(({ path }) => path === 'a.txt')!.oid;
    expect((await client.blobs(url, [blob])).get(blob)).toEqual(Buffer.from('\0\r\n'));
    expect(fixture.requests()).toEqual([]);
  });

  it('gives the same id for the same request, and the same tree for no change', async () => {
    await using fixture = await Fixture.start();
    const parent = fixture.repository('repo');
    const url = fixture.url('repo');
    const client = fixture.client();
    const elsewhere = fixture.client({ directory: join(fixture.folder, 'elsewhere') });
    await fetchAll(client, url);
    await fetchAll(elsewhere, url);
    const asked = request(parent, { 'a.txt': 'two\n' });
    expect(await client.createCommit(url, asked)).toBe(await elsewhere.createCommit(url, asked));
    expect(await client.createCommit(url, { ...asked, at: 0 })).not.toBe(
      await client.createCommit(url, asked),
    );
    const same = await client.createCommit(url, request(parent, { 'a.txt': 'one\n', absent: null }));
    expect((await client.commit(url, same)).tree).toBe((await client.commit(url, parent)).tree);
  });

  it('lets a file give way to a folder', async () => {
    await using fixture = await Fixture.start();
    const parent = fixture.repository('repo');
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    const oid = await client.createCommit(url, request(parent, { 'a.txt/below': 'x', 'a.txt': null }));
    expect((await client.list(url, oid, ''))?.map(({ path }) => path)).toEqual(['a.txt/below', 'dir/b.txt']);
  });

  it.each([
    [{ link: 'x' }, 'symbolic link'],
    [{ 'link/below': 'x' }, 'symbolic link'],
    [{ 'module/below': 'x' }, 'submodule'],
    [{ dir: 'x' }, 'directory'],
    [{ dir: null }, 'directory'],
    [{ 'file/below': 'x' }, 'a file'],
    [{ '../x': 'x' }, 'not a path'],
    [{ 'a/.git/hooks/x': 'x' }, 'not a path'],
    [{ '/x': 'x' }, 'not a path'],
    [{ new: 'x', 'new/below': 'x' }, 'below a file'],
  ])('refuses %j', async (files, reason) => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    const blob = fixture.blob('repo', 'dir');
    const sub = fixture.rawTree('repo', [['100644', 'x', blob]]);
    const tree = fixture.rawTree('repo', [
      ['40000', 'dir', sub],
      ['100644', 'file', blob],
      ['120000', 'link', blob],
      ['160000', 'module', 'e'.repeat(40)],
    ]);
    const parent = fixture.commitTree('repo', tree);
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    await expect(client.createCommit(fixture.url('repo'), request(parent, files))).rejects.toMatchObject({
      fault: 'invalid',
      message: expect.stringContaining(reason),
    });
  });

  withTool('ssh-keygen', 'openssh-client')(
    'signs with an ssh key, and says what to do when it cannot',
    async () => {
      await using fixture = await Fixture.start();
      const parent = fixture.repository('repo');
      const client = fixture.client();
      const url = fixture.url('repo');
      await fetchAll(client, url);
      const key = join(fixture.folder, 'key');
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'robot', '-f', key]);
      const oid = await client.createCommit(
        url,
        request(parent, { x: '1' }, { sign: { format: 'ssh', key } }),
      );
      await client.push(url, url, [{ ref: 'refs/heads/signed', to: oid, expected: null }]);
      const allowed = fixture.write('allowed', `robot@example.com ${readFileSync(`${key}.pub`, 'utf8')}`);
      git(fixture.path('repo'), ['-c', `gpg.ssh.allowedSignersFile=${allowed}`, 'verify-commit', oid]);
      await expect(
        client.createCommit(
          url,
          request(parent, { x: '1' }, { sign: { format: 'ssh', key: `${key}.absent` } }),
        ),
      ).rejects.toMatchObject({ fault: 'invalid', remedy: expect.stringContaining('signing key') });
    },
  );
});

/** A repository, a client that has fetched it, and a commit to push. */
async function prepared(fixture: Fixture) {
  const parent = fixture.repository('repo');
  const url = fixture.url('repo');
  const client = fixture.client();
  await fetchAll(client, url);
  const oid = await client.createCommit(url, request(parent, { 'dir/b.txt': 'new' }));
  fixture.requests();
  return { parent, url, client, oid };
}

describe('push', () => {
  it('makes, moves and deletes refs in one push that holds only what is new', async () => {
    await using fixture = await Fixture.start();
    const { parent, url, client, oid } = await prepared(fixture);
    expect(
      await client.push(url, url, [
        { ref: 'refs/heads/one', to: oid, expected: null },
        { ref: 'refs/heads/main', to: oid, expected: parent },
      ]),
    ).toEqual([
      { ref: 'refs/heads/one', status: 'updated' },
      { ref: 'refs/heads/main', status: 'updated' },
    ]);
    const [, sent] = fixture.requests();
    expect(sent).toMatchObject({ service: 'receive-pack', command: 'pack' });
    expect(sent!.bytes).toBeLessThan(1500);
    expect([fixture.tip('repo'), fixture.tip('repo', 'one')]).toEqual([oid, oid]);

    expect(
      await client.push(url, url, [
        { ref: 'refs/heads/one', to: null, expected: oid },
        { ref: 'refs/heads/main', to: parent, expected: oid },
      ]),
    ).toMatchObject([{ status: 'updated' }, { status: 'updated' }]);
    expect([fixture.tip('repo'), fixture.tip('repo', 'one')]).toEqual([parent, '']);
    expect(fixture.calls.filter((command) => command === 'push')).toHaveLength(2);
    expect(await client.push(url, url, [])).toEqual([]);
  });

  it('never overwrites what it did not expect, and one failure does not stop the others', async () => {
    await using fixture = await Fixture.start();
    const { parent, url, client, oid } = await prepared(fixture);
    const foreign = fixture.commit('repo', { foreign: '1' }, 'taken', [parent]);
    expect(
      await client.push(url, url, [
        { ref: 'refs/heads/taken', to: oid, expected: null },
        { ref: 'refs/heads/free', to: oid, expected: null },
        { ref: 'refs/heads/main', to: oid, expected: 'e'.repeat(40) },
        { ref: 'refs/heads/absent', to: oid, expected: parent },
      ]),
    ).toMatchObject([
      { ref: 'refs/heads/taken', status: 'stale', message: expect.stringContaining('stale info') },
      { ref: 'refs/heads/free', status: 'updated' },
      { ref: 'refs/heads/main', status: 'stale' },
      { ref: 'refs/heads/absent', status: 'stale' },
    ]);
    expect([fixture.tip('repo', 'taken'), fixture.tip('repo', 'free'), fixture.tip('repo')]).toEqual([
      foreign,
      oid,
      parent,
    ]);
  });

  it('says what the remote said when it refuses', async () => {
    await using fixture = await Fixture.start();
    const { url, client, oid } = await prepared(fixture);
    const hook = fixture.write(
      'served/repo/hooks/update',
      '#!/bin/sh\n[ "$1" = refs/heads/bad ] && echo "Branch \u001b[31mbad\u001b[0m is protected" && exit 1\nexit 0\n',
      0o755,
    );
    expect(hook).toContain('hooks');
    const [bad, good] = await client.push(url, url, [
      { ref: 'refs/heads/bad', to: oid, expected: null },
      { ref: 'refs/heads/good', to: oid, expected: null },
    ]);
    expect(good).toEqual({ ref: 'refs/heads/good', status: 'updated' });
    expect(bad).toMatchObject({
      status: 'rejected',
      message: expect.stringMatching(/hook declined.*is protected/),
    });
    expect(bad!.message).not.toContain('\u001b');
  });

  it('finds its own work after an answer was lost', async () => {
    let failing: (seen: GitRequest) => GitFailure | undefined = () => undefined;
    await using fixture = await Fixture.start({ fail: (seen) => failing(seen) });
    const { parent, url, client, oid } = await prepared(fixture);
    await client.push(url, url, [{ ref: 'refs/heads/old', to: parent, expected: null }]);
    const updates = [
      { ref: 'refs/heads/made', to: oid, expected: null },
      { ref: 'refs/heads/main', to: oid, expected: parent },
      { ref: 'refs/heads/old', to: null, expected: parent },
    ];
    failing = ({ command }) => (command === 'pack' ? 'drop-answer' : undefined);
    await expect(client.push(url, url, updates)).rejects.toMatchObject({ fault: 'transient' });
    failing = () => undefined;
    expect(fixture.calls.filter((command) => command === 'push')).toHaveLength(2);
    expect(await client.push(url, url, updates)).toEqual(
      updates.map(({ ref }) => ({ ref, status: 'unchanged' })),
    );
    expect([fixture.tip('repo', 'made'), fixture.tip('repo', 'old')]).toEqual([oid, '']);
  });

  it('loses against a push at the same moment', async () => {
    let race: () => void = () => undefined;
    await using fixture = await Fixture.start({
      before: ({ command }) => (command === 'pack' ? race() : undefined),
    });
    const { parent, url, client, oid } = await prepared(fixture);
    let foreign = '';
    race = () => {
      foreign = fixture.commit('repo', { foreign: '1' }, 'main', [parent]);
    };
    expect(
      await client.push(url, url, [{ ref: 'refs/heads/main', to: oid, expected: parent }]),
    ).toMatchObject([{ status: 'stale' }]);
    expect(fixture.tip('repo')).toBe(foreign);
  });

  it('works when the only branch has moved since the fetch', async () => {
    await using fixture = await Fixture.start();
    const { url, client, oid } = await prepared(fixture);
    fixture.commit('repo', { moved: '1' });
    expect(await client.push(url, url, [{ ref: 'refs/heads/new', to: oid, expected: null }])).toMatchObject([
      { status: 'updated' },
    ]);
    expect(fixture.tip('repo', 'new')).toBe(oid);
    git(fixture.path('repo'), ['fsck', '--strict']);
  });

  it('reaches a fork that lags behind, or is empty', async () => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    mkdirSync(fixture.path('fork'));
    git(fixture.folder, ['clone', '-q', '--bare', fixture.path('repo'), fixture.path('fork')]);
    git(fixture.folder, ['init', '-q', '--bare', fixture.path('bare')]);
    fixture.commit('fork', { own: 'of the fork' });
    let head = '';
    for (let count = 0; count < 5; count++) head = fixture.commit('repo', { [`f${count}`]: `${count}` });
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    const oid = await client.createCommit(url, request(head, { 'dir/b.txt': 'new' }));
    fixture.requests();
    for (const fork of ['fork', 'bare']) {
      expect(
        await client.push(url, fixture.url(fork), [{ ref: 'refs/heads/proposal', to: oid, expected: null }]),
      ).toEqual([{ ref: 'refs/heads/proposal', status: 'updated' }]);
      git(fixture.path(fork), ['fsck', '--strict']);
    }
    // one for the commits of the fork, and one for all blobs that each target lacks
    expect(fixture.requests('fetch').map(({ repository, wants }) => [repository, wants.length])).toEqual([
      ['fork', 1],
      ['repo', 5],
      ['repo', 2],
    ]);
  });

  it.each(['--force', 'refs/heads/x y', 'main', 'refs/heads/x:refs/heads/y', 'refs/heads/*'])(
    'refuses the ref %j',
    async (ref) => {
      await using fixture = await Fixture.start();
      const { url, client, oid } = await prepared(fixture);
      await expect(client.push(url, url, [{ ref, to: oid, expected: null }])).rejects.toMatchObject({
        fault: 'invalid',
      });
      expect(fixture.requests()).toEqual([]);
    },
  );
});
