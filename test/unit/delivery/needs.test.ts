import { describe, expect, it } from '@jest/globals';
import {
  isReady,
  isUpToDate,
  needsImage,
  outdatedTargets,
  parentsOf,
} from '../../../runtime/delivery/needs.ts';
import type { ImageReference, PairFacts, Relation } from '../../../runtime/delivery/observed.ts';
import type { Target } from '../../../runtime/delivery/pair.ts';
import {
  at,
  digests,
  facts,
  imageFacts,
  manifests,
  now,
  pair,
  readyFacts,
  skippedFacts,
  stored,
  target,
  targetFacts,
  upToDateFacts,
} from '../../support/delivery-facts.ts';

const name = 'gcr.io/p/web';
const tag = 'v1-gaaaaaaaaaaaa';
const web = pair();
const child = pair({ parents: [{ application: 'base' }] });
const place = (value: 'tag' | 'digest' | 'name'): Target => ({
  kind: 'path',
  into: manifests,
  file: 'values.yaml',
  path: 'image',
  value,
  also: [],
});
const built = (key: string) => stored({}, { built: [{ key, name, digest: digests.old, tags: [] }] });

interface Row {
  readonly facts?: Partial<PairFacts>;
  readonly at?: Target;
  readonly current: ImageReference;
  readonly relation?: Relation;
  readonly expected: boolean;
}

const rows: Record<string, Row> = {
  'the digest': { current: { name, digest: digests.new }, expected: true },
  'the digest under another name': { current: { name: 'other', digest: digests.new }, expected: false },
  'the digest alone': { at: place('digest'), current: { name: '', digest: digests.new }, expected: true },
  'another digest alone': {
    at: place('digest'),
    current: { name: '', digest: digests.old },
    expected: false,
  },
  'a tag of the same content': { current: { name, tag: 'v1-gbbb' }, relation: 'same', expected: true },
  'a tag of the same content under another name': {
    current: { name: 'other', tag: 'v1-gbbb' },
    relation: 'same',
    expected: false,
  },
  'another digest of the same content': {
    current: { name, tag, digest: digests.old },
    relation: 'same',
    expected: true,
  },
  'the same content, built by us from this key': {
    facts: { stored: built(`key-${name}`) },
    current: { name, tag, digest: digests.old },
    relation: 'same',
    expected: true,
  },
  'the same content, built by us from another key: build arguments': {
    facts: { stored: built('another') },
    current: { name, tag, digest: digests.old },
    relation: 'same',
    expected: false,
  },
  'the same content on another parent': {
    facts: { pair: child },
    current: { name, tag: 'v1-gbbb' },
    relation: 'same',
    expected: false,
  },
  'the same content on a parent, pinned to another digest': {
    facts: { pair: child },
    current: { name, tag, digest: digests.old },
    relation: 'same',
    expected: false,
  },
  'the release tag, which a parent is part of': {
    facts: { pair: child },
    current: { name, tag },
    relation: 'same',
    expected: true,
  },
  'the release tag under another name': {
    facts: { pair: child },
    current: { name: 'other', tag },
    relation: 'same',
    expected: false,
  },
  'the release tag before it is there': {
    facts: { pair: child, image: imageFacts(child, { released: false }) },
    current: { name, tag },
    relation: 'same',
    expected: false,
  },
  'the name alone': { at: place('name'), current: { name }, relation: 'unversioned', expected: true },
  'another name alone': {
    at: place('name'),
    current: { name: 'other' },
    relation: 'unversioned',
    expected: false,
  },
  'a tag alone': { at: place('tag'), current: { name: '', tag }, relation: 'same', expected: true },
  ...Object.fromEntries(
    (['behind', 'ahead', 'diverged', 'unresolved', 'unversioned'] as const).map((relation) => [
      relation,
      { current: { name, tag: 'v1-gbbb' }, relation, expected: false },
    ]),
  ),
};

describe('isUpToDate', () => {
  it.each(Object.entries(rows))(
    '%s',
    (_, { facts: over, at: where = target(), current, relation, expected }) => {
      const given = readyFacts(over);
      expect(isUpToDate(given, targetFacts(where, { current, relation: relation ?? 'behind' }))).toBe(
        expected,
      );
    },
  );
});

describe('a pair with several places', () => {
  it('is moved where it is outdated alone', () => {
    const [old, current] = [target({ directory: 'a' }), target({ directory: 'b' })];
    const given = readyFacts({
      targets: [targetFacts(old), targetFacts(current, { relation: 'same' })],
    });
    expect(outdatedTargets(given).map((one) => one.target)).toEqual([old]);
    expect(isReady(given, now)).toBe(true);
  });
});

describe('isReady', () => {
  it.each<[string, PairFacts, boolean]>([
    ['image and outdated place', readyFacts(), true],
    ['no image', facts(), false],
    ['no release tag', facts({ image: imageFacts(web, { released: false }) }), false],
    ['nothing outdated', { ...upToDateFacts(), image: imageFacts(web) }, false],
    ['held', readyFacts({ stored: stored({ hold: {} }) }), false],
    ['held before', readyFacts({ stored: stored({ hold: { until: at(-1) } }) }), true],
    ['unreadable', readyFacts({ problem: { reason: 'x', retryable: true } }), false],
    ['going back', readyFacts({ targets: [targetFacts(target(), { relation: 'ahead' })] }), false],
    ['skipped', { ...readyFacts(), pair: skippedFacts().pair }, false],
  ])('%s', (_, given, expected) => expect(isReady(given, now)).toBe(expected));
});

describe('needsImage', () => {
  const none = new Set<string>();
  it.each<[string, PairFacts, ReadonlySet<string>, boolean]>([
    ['outdated', facts(), none, true],
    ['up to date', upToDateFacts(), none, false],
    ['up to date, but a parent', upToDateFacts(), new Set(['v1/web']), true],
    ['a parent that is built', { ...upToDateFacts(), image: imageFacts(web) }, new Set(['v1/web']), false],
    ['no targets', facts({ pair: pair({ targets: [] }) }), none, true],
    ['no targets, built', readyFacts({ pair: pair({ targets: [] }) }), none, false],
  ])('%s', (_, given, parents, expected) => expect(needsImage(given, parents)).toBe(expected));

  it('counts no parents of skipped pairs', () => {
    const skipped = {
      ...skippedFacts(),
      pair: { ...skippedFacts().pair, parents: [{ application: 'base' }] },
    };
    expect(parentsOf([skipped])).toEqual(new Set());
    expect(parentsOf([facts({ pair: child })])).toEqual(new Set(['v1/base']));
  });
});
