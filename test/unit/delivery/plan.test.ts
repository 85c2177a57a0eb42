import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Observed, PairFacts, Relation } from '../../../runtime/delivery/observed.ts';
import { plan } from '../../../runtime/delivery/plan.ts';
import { nextStatuses } from '../../../runtime/delivery/remember.ts';
import {
  build,
  desired,
  edited,
  facts,
  imageFacts,
  now,
  observed,
  options,
  pair,
  proposed,
  pushed,
  readyFacts,
  rejected,
  skippedFacts,
  stored,
  targetFacts,
  unitFacts,
  unitsIn,
  upToDateFacts,
} from '../../support/delivery-facts.ts';

const strategies = ['rolling', 'grouped', 'per-tag'] as const;
const stages = [() => ({}), pushed, proposed, () => edited, rejected];
const relations: Relation[] = ['same', 'behind', 'ahead', 'diverged', 'unresolved', 'unversioned'];

/** One pair in one of all its situations. */
function situation(kind: number, application: string, relation: Relation): PairFacts {
  const of = pair({ application });
  const targets = of.targets.map((one) => targetFacts(one, { relation }));
  switch (kind) {
    case 0:
      return skippedFacts({ application });
    case 1:
      return facts({ pair: of, targets });
    case 2:
      return readyFacts({ pair: of, targets });
    case 3:
      return facts({ pair: of, targets, image: imageFacts(of, { released: false }) });
    case 4:
      return readyFacts({ pair: of, targets, stored: stored({ hold: {} }) });
    case 5:
      return facts({ pair: of, targets, problem: { reason: 'no answer', retryable: true } });
    default:
      return upToDateFacts({ pair: of });
  }
}

const worlds = fc
  .record({
    pairs: fc.array(fc.tuple(fc.nat(6), fc.constantFrom(...relations)), { maxLength: 8 }),
    strategy: fc.constantFrom(...strategies),
    stages: fc.array(fc.nat(stages.length - 1), { minLength: 8, maxLength: 8 }),
    capacity: fc.integer({ min: -1, max: 9 }),
    running: fc.option(fc.nat(7)),
    limit: fc.option(fc.nat(3)),
  })
  .map(({ pairs, strategy, stages: chosen, capacity, running, limit }) => {
    const given = pairs.map(([kind, relation], index) => situation(kind, `app${index}`, relation));
    const of = desired(
      given.map((one) => one.pair),
      { strategy },
    );
    const units = unitsIn(given, of).map((unit, index) =>
      unitFacts(unit, stages[chosen[index] ?? 0]?.(unit) ?? {}),
    );
    const builds =
      running === null
        ? []
        : [build({ key: `key-gcr.io/p/app${running}`, labels: { app: `app${running}`, version: 'v1' } })];
    return {
      desired: of,
      observed: observed(given, { units, capacity, builds }),
      options: { ...options, ...(limit !== null && { openPullRequests: limit }) },
    };
  });

/** As another process would read it: equal, and nothing of it the same object. */
function copied({ pairs, ended, ...rest }: Observed): Observed {
  return JSON.parse(
    JSON.stringify({ ...rest, pairs: [...pairs], ended: [...ended] }),
    (field, value: unknown) =>
      field === 'pairs' || field === 'ended' ? new Map(value as [string, never][]) : value,
  ) as Observed;
}

describe('plan', () => {
  it('is plain JSON, equal for equal input, and names each effect once', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const first = plan(world.desired, world.observed, world.options, now);
        expect(JSON.parse(JSON.stringify(first))).toStrictEqual(first);
        const again = plan(structuredClone(world.desired), copied(world.observed), world.options, now);
        expect(again).toStrictEqual(first);
        const keys = first.actions.map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { why } of first.actions) expect(why).not.toBe('');
      }),
    );
  });

  it('does nothing for what is skipped, held or unreadable', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const result = plan(world.desired, world.observed, world.options, now);
        const still = result.items
          .filter(({ state }) => ['skipped', 'held', 'blocked'].includes(state))
          .map(({ application }) => application);
        for (const action of result.actions) {
          if (action.kind === 'build') expect(still).not.toContain(action.request.labels['app']);
          if (action.kind === 'push')
            for (const { edits } of action.branches)
              for (const { target } of edits)
                if (target.kind === 'kustomization')
                  expect(still).not.toContain(target.directory.split('/')[0]);
        }
      }),
    );
  });

  it('gives every pair a state and a reason, whatever the others are', () => {
    const kinds = [0, 1, 2, 3, 4, 5, 6].map((kind) => situation(kind, `app${kind}`, 'behind'));
    const units = unitsIn(kinds).map((unit) => unitFacts(unit));
    const together = plan(desired(kinds.map((one) => one.pair)), observed(kinds, { units }), options, now);
    expect(together.items.map(({ state }) => state)).toEqual([
      'skipped',
      'build',
      'update',
      'retag',
      'held',
      'blocked',
      'up-to-date',
    ]);
    for (const [index, one] of kinds.entries()) {
      const alone = unitsIn([one]).map((unit) => unitFacts(unit));
      const { items } = plan(desired([one.pair]), observed([one], { units: alone }), options, now);
      expect(items[0]?.state).toBe(together.items[index]?.state);
    }
  });

  it('shows each item as the command line prints it', () => {
    const web = readyFacts();
    const [unit] = unitsIn([web]);
    if (!unit) throw new Error('a unit');
    const units = [unitFacts(unit, proposed(unit))];
    expect(plan(desired([web.pair]), observed([web], { units }), options, now)).toStrictEqual({
      system: 'delivery',
      at: '2026-01-01T12:00:00.000Z',
      items: [
        {
          application: 'web',
          version: 'v1',
          state: 'proposed',
          reason: '#1 has it',
          source: {
            repository: 'https://github.com/o/web',
            branch: 'main',
            head: 'd'.repeat(40),
            commit: 'a'.repeat(40),
          },
          inputs: { hash: 'inputs', paths: ['Dockerfile'] },
          key: 'key-gcr.io/p/web',
          image: { name: 'gcr.io/p/web', tag: 'v1-gaaaaaaaaaaaa', digest: 'sha256:new' },
          targets: [
            {
              repository: 'https://github.com/o/manifests',
              branch: 'main',
              file: 'web/v1/kustomization.yaml',
              current: 'gcr.io/p/web:v1-gbbbbbbbbbbbb',
              relation: 'behind',
              upToDate: false,
            },
          ],
          pullRequests: [{ number: 1, url: 'https://github.com/o/manifests/pull/1' }],
        },
      ],
      actions: [],
    });
  });

  it('bears a thousand pairs', () => {
    const many = Array.from({ length: 1000 }, (_, index) => situation(index % 7, `app${index}`, 'behind'));
    for (const strategy of strategies) {
      const of = desired(
        many.map((one) => one.pair),
        { strategy },
      );
      const units = unitsIn(many, of).map((unit, index) =>
        unitFacts(unit, stages[index % stages.length]?.(unit) ?? {}),
      );
      const seen = observed(many, { units, capacity: 1000 });
      const result = plan(of, seen, options, now);
      expect(result.items).toHaveLength(1000);
      expect(nextStatuses(result, seen).size).toBe(1000);
    }
  });
});
