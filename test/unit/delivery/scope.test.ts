import { describe, expect, it } from '@jest/globals';
import { pairName } from '../../../runtime/delivery/pair.ts';
import { lineage, scopeOf } from '../../../runtime/delivery/scope.ts';
import { desiredOf, pairOf } from './pairs.ts';

const parents = [{ application: 'base' }];
const pairs = ['main', 'v1'].flatMap((version) => [
  pairOf(version, 'root'),
  pairOf(version, 'base', { parents: [{ application: 'root' }] }),
  pairOf(version, 'server', { parents, ...(version === 'v1' && { image: 'gcr.io/kubeflow/server-lts' }) }),
  pairOf(version, 'hook', { image: 'gcr.io/kubeflow/server' }),
  pairOf(version, 'other'),
]);
const desired = desiredOf(pairs);
const find = (name: string) => pairs.find((pair) => pairName(pair) === name)!;
const scope = (name: string, of = desired) => scopeOf(of, find(name)).pairs.map(pairName);

describe('scopeOf', () => {
  it('has the ancestors, and whoever may share a build with any of them', () => {
    expect(scope('main-server')).toEqual([
      'main-root',
      'main-base',
      'main-server',
      'main-hook',
      'v1-root',
      'v1-base',
      'v1-hook',
    ]);
    expect(scope('main-other')).toEqual(['main-other', 'v1-other']);
  });

  it('has the whole version where one pull request carries it', () => {
    expect(scope('main-other', desiredOf(pairs, 'grouped'))).toEqual(
      expect.arrayContaining(['main-root', 'main-base', 'main-server', 'main-hook', 'main-other']),
    );
  });
});

describe('lineage', () => {
  it('has the pair and all that it is built on, of its own version', () => {
    expect(lineage(desired, find('v1-server'))).toEqual(new Set(['v1-server', 'v1-base', 'v1-root']));
    expect(lineage(desired, find('v1-hook'))).toEqual(new Set(['v1-hook']));
  });
});
