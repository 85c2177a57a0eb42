import { describe, expect, it } from '@jest/globals';
import { headBranch, headBranchPatterns } from '../../../runtime/proposals/branch.ts';

const of = { prefix: 'slipway', version: 'v1', application: 'web', image: 'gcr.io/p/web', tag: 'v1-gabc' };

describe('headBranch', () => {
  it.each([
    ['rolling', [], 'slipway/v1/web'],
    ['grouped', [], 'slipway/v1/_all'],
    ['per-tag', [], 'update_web_v1-gabc'],
    ['per-tag', ['web', 'v1'], 'update_web_v1-gabc-web-v1'],
    ['rolling', ['release-1'], 'slipway/v1/web-release-1'],
  ] as const)('%s %j', (strategy, apart, branch) => {
    expect(headBranch({ ...of, strategy, apart })).toBe(branch);
    const pattern = (one: string) => one.replace('refs/heads/', '').replace('*', '');
    const patterns = headBranchPatterns(strategy, 'slipway').map(pattern);
    expect(patterns.some((one) => branch.startsWith(one))).toBe(true);
  });
});
