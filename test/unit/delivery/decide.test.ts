import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pairStates, type PairState } from '../../../runtime/api/application-version.ts';
import type { BuildMemory } from '../../../runtime/delivery/attempts.ts';
import { decide, type Circumstances } from '../../../runtime/delivery/decide.ts';
import type { PairFacts, Relation, UnitFacts } from '../../../runtime/delivery/observed.ts';
import {
  at,
  build,
  commits,
  edited,
  facts,
  imageFacts,
  minute,
  now,
  pair,
  proposed,
  pushed,
  readyFacts,
  rejected,
  skippedFacts,
  stored,
  target,
  targetFacts,
  unitFacts,
  unitsIn,
  upToDateFacts,
  without,
} from '../../support/delivery-facts.ts';

const world: Circumstances = { now, parentsOfOthers: new Set(), parents: new Map(), units: [] };
const memory: BuildMemory = { decision: 'retry-now', next: 1, cancelled: false };
const failure = {
  key: 'k',
  number: 1,
  build: 'b',
  startedAt: at(-5),
  outcome: 'permanent' as const,
  reason: 'BuildFailed',
  message: 'step 1\nno such file\n',
};

const ready = readyFacts();
const [unit] = unitsIn([ready]);
if (!unit) throw new Error('a ready pair has a unit');
const problem = { reason: 'no answer', retryable: true };
const ahead = (over: Partial<PairFacts> = {}) =>
  facts({ targets: pair().targets.map((one) => targetFacts(one, { relation: 'ahead' })), ...over });
const child = pair({ application: 'child', parents: [{ application: 'base' }] });
const base = pair({ application: 'base', targets: [] });
const withoutKey = without(facts({ pair: child }), 'key', 'image');

interface Row {
  readonly facts: PairFacts;
  readonly world?: Partial<Circumstances>;
  readonly state: PairState;
  readonly reason: string;
}

const rows: Record<string, Row> = {
  'an unlisted repository': { facts: skippedFacts(), state: 'skipped', reason: 'not listed' },
  'a hold without end': {
    facts: facts({ stored: stored({ hold: { reason: 'release week' } }) }),
    state: 'held',
    reason: 'held until it is released: release week',
  },
  'a hold that lasts': {
    facts: facts({ stored: stored({ hold: { until: at(1) } }) }),
    state: 'held',
    reason: `held until ${at(1)}`,
  },
  'a hold that has run out': {
    facts: facts({ stored: stored({ hold: { until: at(0) } }) }),
    state: 'build',
    reason: 'have no image yet',
  },
  'something unreadable': { facts: facts({ problem }), state: 'blocked', reason: 'no answer' },
  'no access': {
    facts: facts({ problem: { reason: 'denied', retryable: false, unreadable: true } }),
    state: 'blocked',
    reason: 'denied',
  },
  'an unreadable forge': {
    facts: ready,
    world: { units: [unitFacts(unit, {}, { problem })] },
    state: 'blocked',
    reason: 'no answer',
  },
  'a deployed commit that is newer': { facts: ahead(), state: 'blocked', reason: 'accept it to go back' },
  'one that a person accepts': {
    facts: ahead({ stored: stored({ accept: commits.new.slice(0, 7) }) }),
    state: 'build',
    reason: 'have no image yet',
  },
  'another one accepted': {
    facts: ahead({ stored: stored({ accept: commits.old }) }),
    state: 'blocked',
    reason: 'accept it',
  },
  'too short a commit accepted': {
    facts: ahead({ stored: stored({ accept: commits.new.slice(0, 6) }) }),
    state: 'blocked',
    reason: 'accept it',
  },
  'a rejection': {
    facts: ready,
    world: { units: [unitFacts(unit, rejected(unit))] },
    state: 'rejected',
    reason: '#7 with this change was closed;',
  },
  'a revert of what was merged': {
    facts: ready,
    world: { units: [unitFacts(unit, rejected(unit, 'merged'))] },
    state: 'rejected',
    reason: '#7 with this change was merged and taken back;',
  },
  'our build': {
    facts: facts(),
    world: { running: build() },
    state: 'building',
    reason: 'cd-web-v1-key-1 is running',
  },
  'the build of another pair with the same inputs': {
    facts: facts(),
    world: { running: build({ labels: { app: 'other', version: 'v1' } }) },
    state: 'building',
    reason: 'built together with others by cd-web-v1-key-1',
  },
  'a run of a person': {
    facts: facts(),
    world: { running: build({ owned: false, name: 'by-hand' }) },
    state: 'building',
    reason: "somebody's run by-hand is building it",
  },
  'a failure that waits': {
    facts: facts(),
    world: { memory: { ...memory, decision: { waitUntil: now + minute }, lastFailure: failure } },
    state: 'failed',
    reason: 'tried again at 2026-01-01T12:01:00Z. BuildFailed: no such file',
  },
  'a failure that stays': {
    facts: facts(),
    world: { memory: { ...memory, decision: { stopped: 'failed 4 times' }, lastFailure: failure } },
    state: 'failed',
    reason: 'failed 4 times. BuildFailed: no such file',
  },
  'a cancelled build': {
    facts: facts(),
    world: { memory: { ...memory, cancelled: true } },
    state: 'failed',
    reason: 'a person may say retry',
  },
  'no image': {
    facts: facts(),
    world: { memory },
    state: 'build',
    reason: 'aaaaaaaaaaaa and have no image yet',
  },
  'no image while the forge is down': {
    facts: facts(),
    world: { memory, units: [] },
    state: 'build',
    reason: 'have no image yet',
  },
  'a failure whose time has come': {
    facts: facts(),
    world: { memory: { ...memory, lastFailure: failure } },
    state: 'build',
    reason: 'tried again after BuildFailed: no such file',
  },
  'a parent that is being built': {
    facts: withoutKey,
    world: { parents: new Map([['base', { state: 'building', reason: 'x' }]]) },
    state: 'build',
    reason: 'waits for the image of base',
  },
  'a parent that has failed': {
    facts: withoutKey,
    world: { parents: new Map([['base', { state: 'failed', reason: 'failed 4 times' }]]) },
    state: 'build',
    reason: 'waits for the image of base (failed: failed 4 times)',
  },
  'an image without its release tag': {
    facts: facts({ image: imageFacts(pair(), { released: false }) }),
    state: 'retag',
    reason: 'gcr.io/p/web:k-1 has these inputs; it gets the tag v1-gaaaaaaaaaaaa',
  },
  'an open pull request': {
    facts: ready,
    world: { units: [unitFacts(unit, proposed(unit))] },
    state: 'proposed',
    reason: '#1 has it',
  },
  'a pull request with commits of a person': {
    facts: ready,
    world: { units: [unitFacts(unit, { ...edited, open: { number: 1, current: true } })] },
    state: 'proposed',
    reason: '#1 has commits of a person and is left alone',
  },
  'a branch with commits of a person and no pull request': {
    facts: ready,
    world: { units: [unitFacts(unit, edited)] },
    state: 'blocked',
    reason: 'delete the branch',
  },
  'a bot that closes every time': {
    facts: ready,
    world: { units: [unitFacts(unit, { last: { number: 7, change: unit.change, outcome: 'refused' } })] },
    state: 'rejected',
    reason: '#7 with this change was closed by a bot, as the one before it was',
  },
  'nothing pushed': {
    facts: ready,
    world: { units: [unitFacts(unit)] },
    state: 'update',
    reason: 'is ready to be',
  },
  'a pushed branch': {
    facts: ready,
    world: { units: [unitFacts(unit, pushed(unit))] },
    state: 'update',
    reason: 'is ready to be proposed',
  },
  'an open pull request of an older change': {
    facts: ready,
    world: { units: [unitFacts(unit, { open: { number: 1, current: false } })] },
    state: 'update',
    reason: '#1 moves on to v1-gaaaaaaaaaaaa',
  },
  'a hold that ran out between observing and planning': { facts: ready, state: 'update', reason: 'is ready' },
  'a target on no forge': {
    facts: readyFacts({
      pair: pair({ targets: [target({ into: { name: 'm', url: 'file:///srv/m', branch: 'main' } })] }),
    }),
    state: 'blocked',
    reason: 'file:///srv/m is on no forge',
  },
  'the same content': { facts: upToDateFacts(), state: 'up-to-date', reason: 'whose inputs are the same' },
  'a base image that is not built': { facts: facts({ pair: base }), state: 'build', reason: 'have no image' },
  'a base image without its tag': {
    facts: facts({ pair: base, image: imageFacts(base, { released: false }) }),
    state: 'retag',
    reason: 'gets the tag',
  },
  'a base image that is built': {
    facts: readyFacts({ pair: base }),
    state: 'up-to-date',
    reason: 'is built',
  },
  'the same content, needed as a parent': {
    facts: upToDateFacts(),
    world: { parentsOfOthers: new Set(['v1/web']) },
    state: 'build',
    reason: 'have no image yet',
  },
};

const editedOpen = { ...edited, open: { number: 2, current: true } };

describe('decide', () => {
  it.each(Object.entries(rows))('%s', (_, { facts: given, world: here, state, reason }) => {
    const decision = decide(given, { ...world, ...here });
    expect(decision).toMatchObject({ state, reason: expect.stringContaining(reason) });
    if (given.problem) expect(decision.unreadable).toBe(true);
  });

  it('knows every state', () => {
    expect(new Set(Object.values(rows).map(({ state }) => state))).toEqual(new Set(pairStates));
  });

  it.each([
    ['one moves on, one is edited', [{ open: { number: 1, current: false } }, editedOpen], 'update'],
    ['one is proposed, one is edited', [proposed(unit), editedOpen], 'proposed'],
    ['one is proposed, one is edited and closed', [proposed(unit), edited], 'blocked'],
    ['one is open, one is rejected', [proposed(unit), rejected(unit)], 'rejected'],
    ['one is open, one is not', [proposed(unit), {}], 'update'],
  ] as const)('with two pull requests: %s', (_, [a, b], state) => {
    expect(decide(ready, { ...world, units: [unitFacts(unit, a), unitFacts(unit, b)] }).state).toBe(state);
  });

  it('takes the first state that holds', () => {
    // Each gives the facts of one more state, the last in the order first.
    type Given = [PairFacts, Circumstances];
    const layers: [PairState, (given: Given) => Given][] = [
      [
        'update',
        ([one, here]) => [
          { ...one, image: imageFacts(pair()) },
          { ...here, units: [unitFacts(unit)] },
        ],
      ],
      ['proposed', ([one, here]) => [one, { ...here, units: [unitFacts(unit, proposed(unit))] }]],
      ['retag', ([one, here]) => [{ ...one, image: imageFacts(pair(), { released: false }) }, here]],
      ['build', ([one, here]) => [without(one, 'image'), { ...here, memory }]],
      ['failed', ([one, here]) => [one, { ...here, memory: { ...memory, cancelled: true } }]],
      ['building', ([one, here]) => [one, { ...here, running: build() }]],
      ['rejected', ([one, here]) => [one, { ...here, units: [unitFacts(unit, rejected(unit))] }]],
      ['blocked', ([one, here]) => [{ ...one, problem }, here]],
      ['held', ([one, here]) => [{ ...one, stored: stored({ hold: {} }) }, here]],
      ['skipped', ([one, here]) => [{ ...one, pair: skippedFacts().pair }, here]],
    ];
    let given: Given = [facts(), world];
    const seen = layers.map(([, add]) => {
      given = add(given);
      return decide(...given).state;
    });
    expect(seen).toEqual(layers.map(([state]) => state));
    expect(seen.toReversed()).toEqual(pairStates.filter((state) => state !== 'up-to-date'));
  });

  it('has an answer for any facts, never below one whose condition holds', () => {
    const unitIn = fc.constantFrom<UnitFacts>(
      ...[{}, pushed(unit), proposed(unit), edited, rejected(unit)].map((one) => unitFacts(unit, one)),
      unitFacts(unit, {}, { problem }),
    );
    const relation = fc.constantFrom<Relation>(
      'same',
      'behind',
      'ahead',
      'diverged',
      'unresolved',
      'unversioned',
    );
    const random = fc.record({
      skipped: fc.boolean(),
      held: fc.boolean(),
      unreadable: fc.boolean(),
      relation,
      image: fc.constantFrom('none', 'unbuilt', 'untagged', 'ready'),
      hasKey: fc.boolean(),
      isBase: fc.boolean(),
      isParent: fc.boolean(),
      units: fc.array(unitIn, { maxLength: 2 }),
      running: fc.option(fc.constantFrom(build(), build({ owned: false })), { nil: undefined }),
      memory: fc.option(
        fc.constantFrom<BuildMemory>(
          memory,
          { ...memory, cancelled: true },
          { ...memory, decision: { waitUntil: now } },
        ),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(random, (one) => {
        const of = one.skipped ? skippedFacts().pair : one.isBase ? base : pair();
        const { key, image, ...rest } = facts({
          pair: of,
          targets: of.targets.map((place) => targetFacts(place, { relation: one.relation })),
        });
        const images = {
          none: undefined,
          unbuilt: image,
          untagged: imageFacts(of, { released: false }),
          ready: imageFacts(of),
        };
        const chosen = images[one.image];
        const decision = decide(
          {
            ...rest,
            ...(one.hasKey && key && { key }),
            ...(chosen && { image: chosen }),
            ...(one.unreadable && { problem }),
            ...(one.held && { stored: stored({ hold: {} }) }),
          },
          {
            ...world,
            parentsOfOthers: new Set(one.isParent ? ['v1/web'] : []),
            units: one.units,
            ...(one.running && { running: one.running }),
            ...(one.memory && { memory: one.memory }),
          },
        );
        const holding: [PairState, boolean][] = [
          ['skipped', one.skipped],
          ['held', one.held],
          ['blocked', one.unreadable || one.units.some((each) => each.problem)],
          ['rejected', one.units.some(({ facts: { last } }) => last)],
          ['building', one.running !== undefined],
        ];
        for (const [state, holds] of holding)
          if (holds)
            expect(pairStates.indexOf(decision.state)).toBeLessThanOrEqual(pairStates.indexOf(state));
        expect(decision.reason).not.toBe('');
      }),
    );
  });
});
