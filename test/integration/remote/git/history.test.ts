import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fixture, fetchAll, git } from './fixture.ts';

const PATHSPECS = [
  ['a'],
  ['a/x', 'b'],
  ['.'],
  [''],
  [':(glob)a/*'],
  [':(glob)**/x'],
  [':(literal)b/x'],
  ['a', ':(exclude,glob)a/**/x'],
  ['.', ':(exclude)a'],
  [':(top,icase)A'],
  ['nothing'],
];

/** A history of random changes and merges on two branches. */
function grow(
  fixture: Fixture,
  name: string,
  steps: readonly (readonly [number, number, boolean])[],
): string {
  const files = ['a/x', 'a/y', 'b/x', 'c'];
  const tips = [fixture.repository(name, { 'a/x': '0', c: '0' })];
  tips.push(fixture.commit(name, { 'b/x': '0' }, 'side', [tips[0]!]));
  steps.forEach(([which, file, merge], index) => {
    const branch = which === 0 ? 'main' : 'side';
    const mine = tips[which]!;
    const parents = merge ? [mine, tips[1 - which]!] : [mine];
    // content repeats, so that reverts and merges that equal one parent occur
    tips[which] = fixture.commit(name, { [files[file]!]: String(index % 3) }, branch, parents);
  });
  return tips[0]!;
}

describe('lastChange', () => {
  it('is what git log says, in any history', async () => {
    await using fixture = await Fixture.start();
    const client = fixture.client();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(1), fc.nat(3), fc.boolean()), { minLength: 4, maxLength: 12 }),
        async (steps) => {
          const name = `history${count++}`;
          const head = grow(fixture, name, steps);
          await fetchAll(client, fixture.url(name));
          const expected = PATHSPECS.map((paths) =>
            git(fixture.path(name), [
              'log',
              '-n1',
              '--format=%H',
              head,
              '--',
              ...paths.map((path) => path || '.'),
            ]),
          );
          const found = await client.lastChange(
            fixture.url(name),
            PATHSPECS.map((paths) => ({ head, paths })),
          );
          expect(found.map((oid) => oid ?? '')).toEqual(expected);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('starts no process for a question that was answered before, even by another client', async () => {
    await using fixture = await Fixture.start();
    const first = fixture.repository('repo');
    const head = fixture.commit('repo', { x: '1' });
    const url = fixture.url('repo');
    const queries = [
      { head, paths: ['a.txt'] },
      { head, paths: ['a.txt'] },
      { head, paths: ['x'] },
      { head, paths: ['nothing'] },
    ];
    const client = fixture.client();
    await fetchAll(client, url);
    fixture.calls.length = 0;
    expect(await client.lastChange(url, queries)).toEqual([first, first, head, undefined]);
    expect(fixture.calls.filter((command) => command === 'rev-list')).toHaveLength(3);
    client.close();
    fixture.calls.length = 0;
    const again = fixture.client();
    expect(await again.lastChange(url, queries)).toEqual([first, first, head, undefined]);
    expect(await again.isAncestor(url, first, head)).toBe(true);
    expect(await again.isAncestor(url, first, head)).toBe(true);
    expect(fixture.calls).toEqual(['cat-file', 'merge-base']);
  });

  it('heeds no configuration of log', async () => {
    await using fixture = await Fixture.start();
    const first = fixture.repository('repo', { old: 'the same long content\n' });
    const head = fixture.commit('repo', { old: null, new: 'the same long content\n' });
    const environment = {
      PATH: process.env.PATH,
      ...fixture.configured('[log]\nfollow=true\nshowSignature=true\n'),
    };
    const client = fixture.client({ environment });
    await fetchAll(client, fixture.url('repo'));
    expect(
      await client.lastChange(fixture.url('repo'), [
        { head, paths: ['new'] },
        { head: first, paths: ['new'] },
      ]),
    ).toEqual([head, undefined]);
  });

  it('says which commit is missing, and refuses paths that git refuses', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    const ask = (query: { head: string; paths: string[] }) => client.lastChange(url, [query]);
    await expect(ask({ head: 'e'.repeat(40), paths: ['x'] })).rejects.toMatchObject({ fault: 'not-found' });
    await expect(ask({ head: '--all', paths: ['x'] })).rejects.toMatchObject({ fault: 'invalid' });
    await expect(ask({ head, paths: ['../x'] })).rejects.toMatchObject({ fault: 'invalid' });
    await expect(ask({ head, paths: [':(nonsense)x'] })).rejects.toMatchObject({ fault: 'invalid' });
    await expect(ask({ head, paths: ['a\0b'] })).rejects.toMatchObject({ fault: 'invalid' });
    expect(await ask({ head, paths: ['--all', '-n5'] })).toEqual([undefined]);
  });
});

describe('isAncestor and changedPaths', () => {
  it('know what comes from what', async () => {
    await using fixture = await Fixture.start();
    const first = fixture.repository('repo');
    const main = fixture.commit('repo', { 'dir/new\nline': '1', 'a.txt': null });
    const side = fixture.commit('repo', { x: '1' }, 'side', [first]);
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    expect(await client.isAncestor(url, first, main)).toBe(true);
    expect(await client.isAncestor(url, main, main)).toBe(true);
    expect(await client.isAncestor(url, main, first)).toBe(false);
    expect(await client.isAncestor(url, side, main)).toBe(false);
    await expect(client.isAncestor(url, first, 'e'.repeat(40))).rejects.toMatchObject({ fault: 'not-found' });
    expect(await client.changedPaths(url, first, main)).toEqual(['a.txt', 'dir/new\nline']);
    expect(await client.changedPaths(url, main, main)).toEqual([]);
    await expect(client.changedPaths(url, first, 'e'.repeat(40))).rejects.toMatchObject({
      fault: 'not-found',
    });
  });
});
