import { describe, expect, it } from '@jest/globals';
import { newestBuild } from '../../../runtime/delivery/newest-build.ts';
import type { StoredPair } from '../../../runtime/delivery/observed.ts';
import type { Build } from '../../../runtime/ports/index.ts';

function build(name: string, app: string, key: string, startedAt?: number): Build {
  const labels = { app, version: 'main' };
  return { name, key, labels, owned: true, phase: 'failed', ...(startedAt !== undefined && { startedAt }) };
}

const pair = { application: 'hook', version: 'main' };
const stored: StoredPair = {
  apiVersion: 'v',
  kind: 'k',
  metadata: { name: 'main-hook', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: '' },
  spec: pair,
  status: { state: 'failed', reason: '', since: '', key: 'k2' },
};

describe('newestBuild', () => {
  it('is the one that started last', () => {
    const builds = [build('b', 'hook', 'k1', 2), build('a', 'hook', 'k1', 1), build('c', 'other', 'k1', 3)];
    expect(newestBuild(builds, pair, undefined)?.name).toBe('b');
    expect(newestBuild(builds, { ...pair, version: 'v1' }, undefined)).toBeUndefined();
  });

  it('may be named after another pair of the same inputs', () => {
    const builds = [build('a', 'hook', 'k1', 1), build('b', 'controller', 'k2', 2)];
    expect(newestBuild(builds, pair, stored)?.name).toBe('b');
  });
});
