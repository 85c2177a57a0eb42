import { describe, expect, it } from '@jest/globals';
import { keyTag, pinnedCommit, releaseTag, withKeySuffix } from '../../../runtime/source/tags.ts';

const commit = 'd3377cbdc0ffee00d3377cbdc0ffee00d3377cbd';
const key = 'abcdef0123456789'.repeat(4);

describe('tags', () => {
  it('are made of key and commit', () => {
    expect(keyTag(key)).toBe('k-abcdef0123456789abcdef0123456789abcdef01');
    expect(releaseTag('v1.1.0', commit)).toBe('v1.1.0-gd3377cbdc0ff');
    expect(withKeySuffix('v1.1.0-gd3377cbdc0ff', key)).toBe('v1.1.0-gd3377cbdc0ff-kabcdef01');
  });

  it('have room for commit and key in 128 characters', () => {
    const longest = 'v'.repeat(104);
    expect(withKeySuffix(releaseTag(longest, commit), key)).toHaveLength(128);
    expect(() => releaseTag(`${longest}v`, commit)).toThrow('use at most 104');
    expect(() => releaseTag('-v', commit)).toThrow('gives no image tag');
    expect(() => releaseTag('', commit)).toThrow('gives no image tag');
  });

  it.each([
    ['v1.1.0-gd3377cbd', { prefix: 'v1.1.0', abbreviation: 'd3377cbd' }],
    ['vmaster-g0123456', { prefix: 'vmaster', abbreviation: '0123456' }],
    [`v1-g${commit}`, { prefix: 'v1', abbreviation: commit }],
    ['v1-gd3377cbdc0ff-kabcdef01', { prefix: 'v1', abbreviation: 'd3377cbdc0ff' }],
    ['a-g1234567-g7654321', { prefix: 'a-g1234567', abbreviation: '7654321' }],
    ['v1.1.0', undefined],
    ['v1-g123456', undefined],
    ['v1-gD3377CBD', undefined],
    ['v1-gd3377cbd-dirty', undefined],
    ['v1-gd3377cbd-kabc', undefined],
    [`v1-g${commit}0`, undefined],
    ['latest', undefined],
  ])('%s pins %j', (tag, pinned) => {
    expect(pinnedCommit(tag)).toEqual(pinned);
  });

  it('pins what it releases', () => {
    const abbreviation = commit.slice(0, 12);
    expect(pinnedCommit(releaseTag('v1', commit))?.abbreviation).toBe(abbreviation);
    expect(pinnedCommit(withKeySuffix(releaseTag('v1', commit), key))?.abbreviation).toBe(abbreviation);
  });
});
