import { describe, expect, it } from '@jest/globals';
import { Fixture, fetchAll, git } from './fixture.ts';

describe('list and entry', () => {
  it('give what ls-tree gives, in its order', async () => {
    await using fixture = await Fixture.start();
    const files = {
      'a.b/x': '1',
      'a/x': '2',
      'a-b': '3',
      'run.sh': '4',
      'deep/er/and/deeper': '5',
      'odd "name"\n\ttab\\slash': '6',
      'Ünïcode/ß': '7',
    };
    const head = fixture.repository('repo', files);
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    const expected = git(fixture.path('repo'), ['ls-tree', '-r', '-z', head])
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => /^(\d+) \w+ (\w+)\t([^]*)$/.exec(line)!)
      .map(([, mode, oid, path]) => ({ mode, oid, path }));
    expect(await client.list(url, head, '')).toEqual(expected);
    expect(await client.list(url, head, 'deep/er')).toEqual([
      expected.find(({ path }) => path!.startsWith('deep')),
    ]);
    expect(await client.entry(url, head, 'run.sh')).toMatchObject({ mode: '100755', path: 'run.sh' });
    expect(await client.entry(url, head, 'deep/er')).toMatchObject({ mode: '040000', path: 'deep/er' });
    expect(await client.entry(url, head, 'Ünïcode/ß')).toMatchObject({ mode: '100644' });
    expect(await client.entry(url, head, 'run.sh/below')).toBeUndefined();
    expect(await client.entry(url, head, 'nothing')).toBeUndefined();
    expect(await client.list(url, head, 'run.sh')).toBeUndefined();
    expect(await client.list(url, head, 'nothing/here')).toBeUndefined();
  });

  it.each(['/etc', '../x', 'a/../b', 'a//b', './a', 'a/', '.git/config', 'a\0b'])(
    'refuse the path %j',
    async (path) => {
      await using fixture = await Fixture.start();
      const head = fixture.repository('repo');
      const client = fixture.client();
      await fetchAll(client, fixture.url('repo'));
      await expect(client.list(fixture.url('repo'), head, path)).rejects.toMatchObject({ fault: 'invalid' });
      await expect(client.entry(fixture.url('repo'), head, path)).rejects.toMatchObject({ fault: 'invalid' });
    },
  );

  it('bound a tree that unfolds without end', async () => {
    await using fixture = await Fixture.start();
    fixture.repository('bomb');
    let tree = fixture.rawTree('bomb', [['100644', 'f', fixture.blob('bomb', 'x')]]);
    const names = Array.from({ length: 10 }, (_, index) => `d${index}`);
    for (let depth = 0; depth < 10; depth++)
      tree = fixture.rawTree(
        'bomb',
        names.map((name) => ['40000', name, tree] as const),
      );
    const wide = fixture.commitTree('bomb', tree);
    let chain = fixture.rawTree('bomb', [['100644', 'f', fixture.blob('bomb', 'x')]]);
    for (let depth = 0; depth < 200; depth++) chain = fixture.rawTree('bomb', [['40000', 'd', chain]]);
    const deep = fixture.commitTree('bomb', chain, [], 'deep');
    const client = fixture.client();
    await fetchAll(client, fixture.url('bomb'));
    await expect(client.list(fixture.url('bomb'), wide, '')).rejects.toThrow('more than 500000 entries');
    await expect(client.list(fixture.url('bomb'), deep, '')).rejects.toThrow('more than 128 levels');
    expect(await client.entry(fixture.url('bomb'), wide, 'd1/d2')).toMatchObject({ mode: '040000' });
  });

  it.each(['..', '.', '.git', '.GIT', 'a/b', ''])('never give a hostile name: %j', async (name) => {
    await using fixture = await Fixture.start();
    fixture.repository('bad');
    const blob = fixture.blob('bad', 'x');
    const head = fixture.commitTree('bad', fixture.rawTree('bad', [['100644', name, blob]]));
    const client = fixture.client();
    // refused by git's own check of what it receives, or by ours
    await expect(
      fetchAll(client, fixture.url('bad')).then(() => client.list(fixture.url('bad'), head, '')),
    ).rejects.toMatchObject({ name: 'PortError' });
  });
});

describe('commit and resolve', () => {
  it('read a commit', async () => {
    await using fixture = await Fixture.start();
    const first = fixture.repository('repo');
    const side = fixture.commit('repo', { s: '1' }, 'side', [first]);
    const tree = git(fixture.path('repo'), ['rev-parse', `${side}^{tree}`]);
    const merge = fixture.commitTree('repo', tree, [first, side], 'main', 'Grüße\n\nSlipway-Change: abc\n');
    const client = fixture.client();
    await fetchAll(client, fixture.url('repo'));
    expect(await client.commit(fixture.url('repo'), merge)).toEqual({
      oid: merge,
      tree,
      parents: [first, side],
      author: { name: 'Author', email: 'author@example.com' },
      committer: { name: 'Author', email: 'author@example.com' },
      committedAt: 1_700_000_180_000,
      message: 'Grüße\n\nSlipway-Change: abc\n',
    });
    expect(await client.resolve(fixture.url('repo'), merge.slice(0, 7))).toBe(merge);
    expect(await client.resolve(fixture.url('repo'), merge)).toBe(merge);
    expect(await client.resolve(fixture.url('repo'), tree.slice(0, 12))).toBeUndefined();
    expect(await client.resolve(fixture.url('repo'), merge.slice(0, 6))).toBeUndefined();
    expect(await client.resolve(fixture.url('repo'), 'HEAD~1 ^x')).toBeUndefined();
  });
});

describe('blobs', () => {
  it('come in one fetch, whatever is missing', async () => {
    await using fixture = await Fixture.start();
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`f${index}`, `content ${index}`]),
    );
    const head = fixture.repository('repo', { ...files, empty: '' });
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    const entries = (await client.list(url, head, ''))!;
    fixture.requests();
    const some = await client.blobs(
      url,
      entries.slice(0, 100).map(({ oid }) => oid),
    );
    expect(some.size).toBe(100);
    const all = await client.blobs(
      url,
      entries.map(({ oid }) => oid),
    );
    expect(entries.map(({ path, oid }) => [path, all.get(oid)?.toString()])).toEqual(
      entries.map(({ path }) => [path, path === 'empty' ? '' : files[path]]),
    );
    expect(fixture.requests('fetch').map(({ wants }) => wants.length)).toEqual([100, 201]);
    await client.blobs(
      url,
      entries.map(({ oid }) => oid),
    );
    expect(fixture.requests()).toEqual([]);
  });

  it('over the limit are refused, binary ones come whole', async () => {
    await using fixture = await Fixture.start();
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    fixture.repository('repo');
    const oid = git(fixture.path('repo'), ['hash-object', '-w', '--stdin'], bytes);
    const head = fixture.commitTree('repo', fixture.rawTree('repo', [['100644', 'data', oid]]));
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    expect((await client.blobs(url, [oid])).get(oid)?.equals(bytes)).toBe(true);
    await expect(client.blobs(url, [oid], { limit: 69_999 })).rejects.toMatchObject({ fault: 'invalid' });
    await expect(client.blobs(url, [head])).rejects.toMatchObject({ fault: 'invalid' });
    await expect(client.blobs(url, ['e'.repeat(40)])).rejects.toMatchObject({ fault: 'not-found' });
    expect(await client.blobs(url, [])).toEqual(new Map());
  });

  it('can be asked for by many at one time', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    const entries = (await client.list(url, head, ''))!;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        client.blobs(
          url,
          entries.map(({ oid }) => oid),
        ),
      ),
    );
    expect(new Set(answers.map((answer) => answer.size))).toEqual(new Set([2]));
    expect(fixture.requests('fetch')).toHaveLength(2);
  });
});
