import { expect, it } from '@jest/globals';
import { parsePorcelain } from '../../../../runtime/remote/git/push.ts';

it('parsePorcelain reads what happened to each ref', () => {
  const a = 'a'.repeat(40);
  const output = [
    'To https://example.com/repo',
    ` \t${a}:refs/heads/forward\tb..a`,
    `+\t${a}:refs/heads/forced\tb...a (forced update)`,
    `*\t${a}:refs/heads/new\t[new branch]`,
    '-\t:refs/heads/deleted\t[deleted]',
    `=\t${a}:refs/heads/same\t[up to date]`,
    `!\t${a}:refs/heads/lease\t[rejected] (stale info)`,
    `!\t${a}:refs/heads/raced\t[remote rejected] (cannot lock ref 'refs/heads/raced': is at c but expected b)`,
    `!\t${a}:refs/heads/protected\t[remote rejected] (protected branch hook declined)`,
    '!\t(delete):refs/heads/kept\t[remote rejected] (deletion prohibited)',
    'Done',
    '',
  ].join('\n');
  const results = [...parsePorcelain(output, 'Protected!').values()];
  expect(results.map(({ ref, status }) => `${ref.slice('refs/heads/'.length)} ${status}`)).toEqual([
    'forward updated',
    'forced updated',
    'new updated',
    'deleted updated',
    'same unchanged',
    'lease stale',
    'raced stale',
    'protected rejected',
    'kept rejected',
  ]);
  expect(results.at(-2)?.message).toBe('[remote rejected] (protected branch hook declined): Protected!');
});
