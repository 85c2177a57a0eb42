import { describe, expect, it } from '@jest/globals';
import { replaceReferences, selectPaths } from '../../../runtime/manifests/references.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const count = (text: string, from = 'gcr.io/a/b:v1') => replaceReferences(text, from, 'NEW').count;

describe('replaceReferences', () => {
  it.each([
    'gcr.io/a/b:v1',
    'image: gcr.io/a/b:v1\r\n',
    '"image":"gcr.io/a/b:v1"',
    "['gcr.io/a/b:v1',]",
    'docker://gcr.io/a/b:v1',
    'We use gcr.io/a/b:v1.',
    '? gcr.io/a/b:v1: x',
    '--image=gcr.io/a/b:v1',
    'gcr.io/a/b:v1#x',
  ])('finds it in %j', (text) => {
    expect(count(text)).toBe(1);
  });

  it.each([
    'gcr.io/a/b:v1.2',
    'gcr.io/a/b:v10',
    'gcr.io/a/b:v1-rc',
    'gcr.io/a/b:v1_x',
    `gcr.io/a/b:v1@${DIGEST}`,
    'eu.gcr.io/a/b:v1',
    'mirror/gcr.io/a/b:v1',
    'xgcr.io/a/b:v1',
    'gcrxio/a/b:v1',
    'gcr.io/a/b',
  ])('does not find it in %j', (text) => {
    expect(count(text)).toBe(0);
  });

  it('takes digests, alone and after a tag', () => {
    expect(count(`x: a@${DIGEST}\n`, `a@${DIGEST}`)).toBe(1);
    expect(count(`x: a@${DIGEST}0\n`, `a@${DIGEST}`)).toBe(0);
    expect(count(`x: a:v1@${DIGEST}\n`, `a:v1@${DIGEST}`)).toBe(1);
    expect(count(`x: a:v1@${DIGEST}\n`, `a@${DIGEST}`)).toBe(0);
  });

  it('replaces every one, and takes the new one as it stands', () => {
    expect(replaceReferences('a:v1 a:v1,a:v2', 'a:v1', '$&:v3')).toEqual({
      text: '$&:v3 $&:v3,a:v2',
      count: 2,
    });
  });

  it('refuses a bare name', () => {
    expect(() => replaceReferences('a', 'localhost:5000/a', 'b')).toThrow('without tag and digest');
  });
});

it('selects paths by globs', () => {
  const paths = ['tests/a/kustomize_test.go', 'tests/.x/b.go', 'docs/a.md', 'a.md'];
  expect(selectPaths(paths, ['tests/**'])).toEqual(paths.slice(0, 2));
  expect(selectPaths(paths, ['**/*.md', '!docs/**'])).toEqual(['a.md']);
  expect(selectPaths(paths, [])).toEqual([]);
});
