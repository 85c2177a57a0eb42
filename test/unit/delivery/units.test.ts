import { describe, expect, it } from '@jest/globals';
import type { PairFacts } from '../../../runtime/delivery/observed.ts';
import type { DeliveryOptions } from '../../../runtime/delivery/options.ts';
import type { Desired } from '../../../runtime/delivery/pair.ts';
import { unitsOf } from '../../../runtime/delivery/units.ts';
import { groupChangeId } from '../../../runtime/proposals/change.ts';
import {
  byName,
  commits,
  desired,
  facts,
  imageFacts,
  manifests,
  now,
  options,
  pair,
  readyFacts,
  stored,
  target,
  targetFacts,
  unitsIn,
} from '../../support/delivery-facts.ts';

type Strategy = Desired['pullRequests']['strategy'];

const other = { name: 'other', url: 'https://github.com/o/other', branch: 'main' };
const release = { ...manifests, name: 'release', branch: 'release-1' };
const units = (
  pairs: readonly PairFacts[],
  strategy: Strategy = 'rolling',
  over: Partial<DeliveryOptions> = {},
) =>
  unitsIn(
    pairs,
    desired(
      pairs.map((one) => one.pair),
      { strategy },
    ),
    { ...options, ...over },
  );
const branches = (pairs: readonly PairFacts[], strategy: Strategy) =>
  units(pairs, strategy).map(({ base, head }) => `${base} ${head.branch}`);

describe('unitsOf', () => {
  it('makes one for a ready pair', () => {
    const [unit] = units([readyFacts()]);
    expect(unit).toEqual({
      id: 'https://github.com/o/manifests main slipway/v1/web',
      repository: manifests.url,
      forge: { host: 'github.com', owner: 'o', name: 'manifests' },
      base: 'main',
      baseHead: commits.base,
      head: { repository: manifests.url, owner: 'o', branch: 'slipway/v1/web' },
      members: ['v1-web'],
      change: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each([
    ['one that is to be built: an outage of the forge stops no build', facts()],
    ['one to be tagged', facts({ image: imageFacts(pair(), { released: false }) })],
    ['a held one', readyFacts({ stored: stored({ hold: {} }) })],
    ['one that cannot be read', readyFacts({ problem: { reason: 'x', retryable: true } })],
    [
      'one on no forge',
      readyFacts({ pair: pair({ targets: [target({ into: { ...other, url: 'file:///srv/m' } })] }) }),
    ],
  ])('makes none for %s', (_, given) => expect(units([given])).toEqual([]));

  it('makes none where the base branch is not known', () => {
    const given = readyFacts();
    expect(unitsOf(desired([given.pair]), byName([given]), () => undefined, options, now)).toEqual([]);
  });

  it('makes one for each repository that has an outdated place', () => {
    const targets = [
      target({ into: manifests }),
      target({ into: other }),
      target({ into: other, directory: 'b' }),
    ];
    const two = pair({ targets });
    const both = units([readyFacts({ pair: two })]);
    expect(both.map(({ repository, members }) => [repository, members])).toEqual([
      [manifests.url, ['v1-web']],
      [other.url, ['v1-web']],
    ]);
    expect(both[0]?.change).not.toBe(both[1]?.change);

    const [first, second, third] = targets;
    if (!first || !second || !third) throw new Error('three targets');
    const some = [
      targetFacts(first, { relation: 'same' }),
      targetFacts(second),
      targetFacts(third, { relation: 'same' }),
    ];
    const rest = units([readyFacts({ pair: two, targets: some })]);
    // What is outdated decides whether there is one, never what the change is: it stays the one that was rejected.
    expect(rest).toEqual([both[1]]);
  });

  it('looks for branches in the fork of a configured owner', () => {
    const forked = { headOwner: (host: string) => (host === 'github.com' ? 'bot' : undefined) };
    const [unit] = units([readyFacts()], 'rolling', forked);
    expect(unit?.repository).toBe(manifests.url);
    expect(unit?.head).toEqual({
      repository: 'https://github.com/bot/manifests',
      owner: 'bot',
      branch: 'slipway/v1/web',
    });
    const [own] = units([readyFacts()], 'rolling', { headOwner: () => 'o' });
    expect(own?.head).toEqual({ repository: manifests.url, owner: 'o', branch: 'slipway/v1/web' });
  });

  it('looks for branches in a fork of another name, and knows the repository itself in any case', () => {
    const [renamed] = units([readyFacts()], 'rolling', { headOwner: () => 'bot/our-manifests' });
    expect(renamed?.head).toMatchObject({ repository: 'https://github.com/bot/our-manifests', owner: 'bot' });
    const [own] = units([readyFacts()], 'rolling', { headOwner: () => 'O' });
    expect(own?.head.repository).toBe(manifests.url);
  });

  it('groups the pairs of a version', () => {
    const [a, b, c] = [
      readyFacts({ pair: pair({ application: 'a' }) }),
      readyFacts({ pair: pair({ application: 'b' }) }),
      readyFacts({ pair: pair({ application: 'c', version: 'v2' }) }),
    ];
    const [v1, v2] = units([a, b, c], 'grouped');
    expect([v1, v2].map((unit) => [unit?.head.branch, unit?.members])).toEqual([
      ['slipway/v1/_all', ['v1-a', 'v1-b']],
      ['slipway/v2/_all', ['v2-c']],
    ]);
    const alone = [a, b].map((one) => units([one])[0]?.change ?? '');
    expect(v1?.change).toBe(groupChangeId(alone));
    // One that becomes ready later makes another change.
    expect(units([a], 'grouped')[0]?.change).not.toBe(v1?.change);
  });
});

describe('the change of a unit', () => {
  const change = (over: Partial<PairFacts> = {}, strategy: Strategy = 'rolling') =>
    units([readyFacts(over)], strategy)[0]?.change;

  it('depends on targets and key, on nothing else', () => {
    const renamed = pair({
      targets: [target({ directory: 'web/v1', into: { ...manifests, name: 'renamed' } })],
    });
    const elsewhere = pair({ targets: [target({ directory: 'elsewhere' })] });
    const places = pair().targets.map((one) =>
      targetFacts(one, { relation: 'diverged', current: { name: 'x' } }),
    );
    expect(change({ targets: places })).toBe(change());
    expect(change({ pair: renamed })).toBe(change());
    expect(change({}, 'per-tag')).toBe(change());
    expect(change({ key: 'another' })).not.toBe(change());
    expect(change({ pair: elsewhere })).not.toBe(change());
  });
});

describe('the branch of a unit', () => {
  const web = (over = {}) => readyFacts({ pair: pair(over) });
  const shared = { image: 'gcr.io/p/shared' };
  const both = [target({ into: manifests }), target({ into: release })];

  it.each<[string, PairFacts[], Strategy, string[]]>([
    ['rolling', [web()], 'rolling', ['main slipway/v1/web']],
    ['per tag', [web()], 'per-tag', ['main update_web_v1-gaaaaaaaaaaaa']],
    [
      'per tag, an image of two applications',
      [web({ ...shared, application: 'a' }), web({ ...shared, application: 'b' })],
      'per-tag',
      ['main update_shared_v1-gaaaaaaaaaaaa-a', 'main update_shared_v1-gaaaaaaaaaaaa-b'],
    ],
    [
      'per tag, versions with one tag',
      [web({ tag: 'next' }), web({ tag: 'next', version: 'v2' })],
      'per-tag',
      ['main update_web_next-gaaaaaaaaaaaa-v1', 'main update_web_next-gaaaaaaaaaaaa-v2'],
    ],
    [
      'rolling, two base branches',
      [web({ targets: both })],
      'rolling',
      ['main slipway/v1/web-main', 'release-1 slipway/v1/web-release-1'],
    ],
    [
      'grouped, two base branches',
      [web({ application: 'a', targets: [both[0]] }), web({ application: 'b', targets: [both[1]] })],
      'grouped',
      ['main slipway/v1/_all-main', 'release-1 slipway/v1/_all-release-1'],
    ],
  ])('%s', (_, pairs, strategy, expected) => expect(branches(pairs, strategy)).toEqual(expected));

  it('keeps its name when the others are done', () => {
    const [a, b] = ['a', 'b'].map((application) => pair({ ...shared, application }));
    if (!a || !b) throw new Error('two pairs');
    const given = desired([a, b], { strategy: 'per-tag' });
    const [alone] = unitsIn([readyFacts({ pair: a }), facts({ pair: b })], given);
    expect(alone?.head.branch).toBe('update_shared_v1-gaaaaaaaaaaaa-a');
  });
});
