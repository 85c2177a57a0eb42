import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Fixture, fetchAll, git } from './fixture.ts';

describe('refs', () => {
  it('asks once and gives only what the patterns name', async () => {
    await using fixture = await Fixture.start();
    const main = fixture.repository('repo');
    const other = fixture.commit('repo', { c: '3' }, 'slipway/v1/app', [main]);
    git(fixture.path('repo'), ['update-ref', 'refs/deep/refs/heads/main', main]);
    git(fixture.path('repo'), ['tag', '-a', '-m', 'x', 'v1', main]);
    const client = fixture.client();
    expect(await client.refs(fixture.url('repo'), ['refs/heads/main', 'refs/heads/slipway/*'])).toEqual(
      new Map([
        ['refs/heads/main', main],
        ['refs/heads/slipway/v1/app', other],
      ]),
    );
    expect(fixture.requests('ls-refs')).toHaveLength(1);
    expect(fixture.calls.filter((command) => command === 'ls-remote')).toHaveLength(1);
    expect([...(await client.refs(fixture.url('repo'), ['refs/*'])).keys()]).toEqual([
      'refs/deep/refs/heads/main',
      'refs/heads/main',
      'refs/heads/slipway/v1/app',
      'refs/tags/v1',
    ]);
  });

  it('gives an empty map for an empty repository and fails for a missing one', async () => {
    await using fixture = await Fixture.start();
    git(fixture.folder, ['init', '-q', '--bare', fixture.path('empty')]);
    const client = fixture.client();
    expect(await client.refs(fixture.url('empty'), ['refs/heads/*'])).toEqual(new Map());
    await expect(client.refs(fixture.url('nothing'), ['refs/heads/*'])).rejects.toMatchObject({
      name: 'PortError',
      fault: 'not-found',
    });
  });

  it.each([
    '--upload-pack=touch x',
    'main',
    'refs/heads/a b',
    'refs/heads/../x',
    'refs/heads/*/x',
    'refs/heads/x\n',
  ])('refuses the pattern %j', async (pattern) => {
    await using fixture = await Fixture.start();
    await expect(fixture.client().refs(fixture.url('repo'), [pattern])).rejects.toMatchObject({
      fault: 'invalid',
    });
    expect(fixture.calls).toEqual([]);
  });
});

describe('fetch', () => {
  it('brings commits and trees without blobs, once', async () => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    const head = fixture.commit('repo', { 'a.txt': 'changed\n' });
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    expect((await client.list(fixture.url('repo'), head, ''))?.map(({ path }) => path)).toEqual([
      'a.txt',
      'dir/b.txt',
    ]);
    expect(fixture.requests('fetch')).toHaveLength(1);

    await fetchAll(client, fixture.url('repo'));
    expect(fixture.requests()).toMatchObject([{ command: 'info/refs' }, { command: 'ls-refs' }]);
    expect(fixture.calls.filter((command) => command === 'fetch')).toHaveLength(1);
  });

  it('never asks the remote for an object that is missing', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    const blob = (await client.entry(fixture.url('repo'), head, 'a.txt'))?.oid ?? '';
    fixture.requests();
    const [folder = ''] = readdirSync(fixture.mirrors).filter((name) => name.endsWith('.git'));
    const mirror = join(fixture.mirrors, folder);
    expect(git(mirror, ['cat-file', '--batch-check'], `${blob}\n`)).toBe(`${blob} missing`);
    await expect(client.commit(fixture.url('repo'), 'e'.repeat(40))).rejects.toMatchObject({
      fault: 'not-found',
    });
    expect(await client.lastChange(fixture.url('repo'), [{ head, paths: ['dir'] }])).toEqual([head]);
    expect(await client.resolve(fixture.url('repo'), 'eeeeeeee')).toBeUndefined();
    expect(fixture.requests()).toEqual([]);
    expect(readFileSync(join(mirror, 'config'), 'utf8')).not.toMatch(/promisor|remote/);
  });

  it('finds by id a commit whose branch moved since its refs were read', async () => {
    await using fixture = await Fixture.start();
    const first = fixture.repository('repo');
    const client = fixture.client();
    const refs = await client.refs(fixture.url('repo'), ['refs/heads/*']);
    const unrelated = fixture.commit('repo', { z: 'other' }, 'main', []);
    await client.fetch(fixture.url('repo'), refs);
    expect((await client.commit(fixture.url('repo'), first)).oid).toBe(first);
    expect((await client.commit(fixture.url('repo'), unrelated)).parents).toEqual([]);
  });

  it('says conflict when the commit is gone', async () => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    const client = fixture.client();
    const refs = new Map([
      ['refs/heads/main', 'e'.repeat(40)],
      ['refs/heads/gone', 'd'.repeat(40)],
    ]);
    await expect(client.fetch(fixture.url('repo'), refs)).rejects.toMatchObject({ fault: 'conflict' });
  });

  it('survives branches that turn from file to folder, and a repository made anew', async () => {
    await using fixture = await Fixture.start();
    const first = fixture.repository('repo');
    fixture.commit('repo', { x: '1' }, 'topic', [first]);
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    git(fixture.path('repo'), ['update-ref', '-d', 'refs/heads/topic']);
    const below = fixture.commit('repo', { x: '2' }, 'topic/one', [first]);
    await fetchAll(client, fixture.url('repo'));
    expect((await client.commit(fixture.url('repo'), below)).parents).toEqual([first]);

    rmSync(fixture.path('repo'), { recursive: true });
    const anew = fixture.repository('repo', { 'new.txt': 'new' });
    expect(await fetchAll(client, fixture.url('repo'))).toBe(anew);
    expect((await client.list(fixture.url('repo'), anew, ''))?.map(({ path }) => path)).toEqual(['new.txt']);
    expect((await client.commit(fixture.url('repo'), first)).oid).toBe(first);
  });

  it.each([
    ['packs cut short', (mirror: string) => eachPack(mirror, (file) => truncateSync(file, 20))],
    ['objects removed', (mirror: string) => rmSync(join(mirror, 'objects'), { recursive: true })],
    ['HEAD overwritten', (mirror: string) => writeFileSync(join(mirror, 'HEAD'), 'nonsense')],
    ['the folder removed', (mirror: string) => rmSync(mirror, { recursive: true })],
  ])('makes a damaged mirror anew: %s', async (_, damage) => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    const before = fixture.client();
    await fetchAll(before, fixture.url('repo'));
    before.close();
    const [folder = ''] = readdirSync(fixture.mirrors).filter((name) => name.endsWith('.git'));
    damage(join(fixture.mirrors, folder));

    const head = fixture.commit('repo', { 'a.txt': 'again' });
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    expect((await client.list(fixture.url('repo'), head, ''))?.map(({ path }) => path)).toEqual([
      'a.txt',
      'dir/b.txt',
    ]);
  });

  it('lets several clients share the folder', async () => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    const head = fixture.commit('repo', { x: '1' });
    const clients = [1, 2, 3, 4].map(() => fixture.client());
    const tips = await Promise.all(clients.map((client) => fetchAll(client, fixture.url('repo'))));
    expect(new Set(tips)).toEqual(new Set([head]));
    const lists = await Promise.all(clients.map((client) => client.list(fixture.url('repo'), head, 'dir')));
    expect(lists.map((list) => list?.length)).toEqual([1, 1, 1, 1]);
    expect(readdirSync(fixture.mirrors).sort()).toEqual(
      ['127.0.0.1', 'askpass'].map((start) => expect.stringMatching(`^${start}`)),
    );
  });

  it('fetches once for callers that ask at one time', async () => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    const client = fixture.client();
    const refs = await client.refs(fixture.url('repo'), ['refs/heads/*']);
    await Promise.all([1, 2, 3].map(() => client.fetch(fixture.url('repo'), refs)));
    expect(fixture.requests('fetch')).toHaveLength(1);
  });

  it('packs the mirror after many fetches, and keeps commits that are on no ref', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    const made = await client.createCommit(fixture.url('repo'), {
      parent: head,
      changes: [{ path: 'a.txt', content: Buffer.from('made') }],
      message: 'Made',
      author: { name: 'A', email: 'a@example.com' },
      at: 0,
    });
    for (let count = 0; count < 52; count++) {
      fixture.commit('repo', { [`f${count}`]: String(count) });
      await fetchAll(client, fixture.url('repo'));
    }
    const [folder = ''] = readdirSync(fixture.mirrors).filter((name) => name.endsWith('.git'));
    const packs = readdirSync(join(fixture.mirrors, folder, 'objects', 'pack')).filter((name) =>
      name.endsWith('.pack'),
    );
    expect(packs.length).toBeLessThan(20);
    expect((await client.list(fixture.url('repo'), made, ''))?.length).toBe(2);
    expect(
      await client.blobs(fixture.url('repo'), [git(fixture.folder, ['hash-object', '--stdin'], 'made')]),
    ).toEqual(new Map([[expect.any(String), Buffer.from('made')]]));
    expect((await client.list(fixture.url('repo'), fixture.tip('repo'), ''))?.length).toBe(54);
  });

  it('reads repositories whose ids are sha256', async () => {
    await using fixture = await Fixture.start();
    const folder = fixture.path('long');
    git(fixture.folder, ['init', '-q', '--bare', '-b', 'main', '--object-format=sha256', folder]);
    const blob = git(folder, ['hash-object', '-w', '--stdin'], 'content');
    const tree = git(folder, ['mktree'], `100644 blob ${blob}\tfile\n`);
    const head = fixture.commitTree('long', tree);
    expect(head).toHaveLength(64);
    const client = fixture.client();
    expect(await fetchAll(client, fixture.url('long'))).toBe(head);
    expect(await client.list(fixture.url('long'), head, '')).toEqual([
      { mode: '100644', oid: blob, path: 'file' },
    ]);
    expect((await client.blobs(fixture.url('long'), [blob])).get(blob)?.toString()).toBe('content');
    expect(await client.resolve(fixture.url('long'), head.slice(0, 12))).toBe(head);
  });

  it('works with a server that knows neither filters nor ids', async () => {
    await using fixture = await Fixture.start({
      config: { 'uploadpack.allowFilter': 'false' },
      oldProtocol: true,
    });
    const head = fixture.repository('repo');
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    const entry = await client.entry(fixture.url('repo'), head, 'a.txt');
    expect((await client.blobs(fixture.url('repo'), [entry!.oid])).get(entry!.oid)?.toString()).toBe('one\n');
  });
});

function eachPack(mirror: string, change: (file: string) => void): void {
  const folder = join(mirror, 'objects', 'pack');
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.pack'))) {
    rmSync(join(folder, `${name}.copy`), { force: true });
    change(forceWritable(join(folder, name)));
  }
}

function forceWritable(file: string): string {
  const content = readFileSync(file);
  rmSync(file);
  writeFileSync(file, content);
  return file;
}
