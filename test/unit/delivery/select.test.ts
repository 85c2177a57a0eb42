import { describe, expect, it } from '@jest/globals';
import { pairPath, selectPair, selectPairs } from '../../../runtime/delivery/select.ts';
import { pairOf } from './pairs.ts';

const pairs = [
  pairOf('v1-0', 'kfam'),
  pairOf('v1-0', 'kfam-v3'),
  pairOf('master', 'kfam'),
  pairOf('master', 'dash'),
];
const chosen = (...patterns: string[]) => selectPairs(pairs, patterns).pairs.map(pairPath);

describe('selectPairs', () => {
  it.each([
    [['v1-0/kfam'], ['v1-0/kfam']],
    [['v1-0/*'], ['v1-0/kfam', 'v1-0/kfam-v3']],
    [['*/kfam'], ['v1-0/kfam', 'master/kfam']],
    [['kfam'], ['v1-0/kfam', 'master/kfam']],
    [['kfam*'], ['v1-0/kfam', 'v1-0/kfam-v3', 'master/kfam']],
    [['master'], ['master/kfam', 'master/dash']],
    [['{master,v1-0}/kfam'], ['v1-0/kfam', 'master/kfam']],
    [
      ['master/dash', 'v1-0/kfam', 'v1-0/*'],
      ['v1-0/kfam', 'v1-0/kfam-v3', 'master/dash'],
    ],
    [[], []],
  ])('%j are %j, each once and in the order of the config', (patterns, expected) => {
    expect(chosen(...patterns)).toEqual(expected);
  });

  it('says of each pattern that selects nothing what was likely meant', () => {
    expect(selectPairs(pairs, ['v1-0/kfan', 'masterr', 'v1-0/kfam', '!v1-0/kfam']).problems).toEqual([
      'the config has no v1-0/kfan; did you mean `v1-0/kfam`?',
      'the config has no masterr; did you mean `master`?',
      expect.stringContaining('the config has no !v1-0/kfam'),
    ]);
  });

  it('knows a lone star as every pair', () => expect(chosen('*')).toHaveLength(4));
});

describe('selectPair', () => {
  it.each([
    [['kfam', 'v1-0'] as const],
    [['v1-0', 'kfam'] as const],
    [['v1-0/kfam'] as const],
    [['kfam/v1-0'] as const],
  ])('takes %j', (words) => expect(selectPair(pairs, words)).toBe(pairs[0]));

  it('takes an application alone where it is in one version only', () => {
    expect(selectPair(pairs, ['dash'])).toBe(pairs[3]);
    expect(selectPair(pairs, ['kfam'])).toBe('kfam is in v1-0 and master; name one');
    expect(selectPair([...pairs, pairOf('v1-1', 'kfam')], ['kfam'])).toBe(
      'kfam is in v1-0, master and v1-1; name one',
    );
    expect(selectPair(pairs, ['dahs'])).toBe('the config has no dahs; did you mean `dash`?');
  });

  it('takes no glob, and names the nearest pair', () => {
    expect(selectPair(pairs, ['v1-0/*'])).toContain('the config has no v1-0/*');
    expect(selectPair(pairs, ['dahs', 'master'])).toBe(
      'the config has no master/dahs; did you mean `master/dash`?',
    );
  });
});
