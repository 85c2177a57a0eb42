import { describe, expect, it } from '@jest/globals';
import {
  applicationVersionStatus,
  type ApplicationVersionStatus,
  type RememberedPullRequest,
} from '../../../runtime/api/application-version.ts';
import type { Observed, PairFacts } from '../../../runtime/delivery/observed.ts';
import { plan } from '../../../runtime/delivery/plan.ts';
import { nextStatuses, remember } from '../../../runtime/delivery/remember.ts';
import {
  at,
  build,
  desired,
  digests,
  facts,
  imageFacts,
  minute,
  now,
  markerOf,
  observed,
  options,
  pair,
  proposed,
  pullRequest,
  readyFacts,
  rejected,
  skippedFacts,
  stored,
  unitFacts,
  unitsIn,
  upToDateFacts,
} from '../../support/delivery-facts.ts';

function next(one: PairFacts, over: Partial<Observed> = {}, moment = now): ApplicationVersionStatus {
  const seen = observed([one], over);
  const result = plan(desired([one.pair]), seen, options, moment);
  const [status] = nextStatuses(result, seen).values();
  if (!status) throw new Error('no status');
  expect(applicationVersionStatus.parse(status)).toEqual(status);
  return status;
}

/** The same facts, with this status remembered. */
const after = (one: PairFacts, status: ApplicationVersionStatus): PairFacts => ({
  ...one,
  stored: stored(one.stored?.spec, { ...status }),
});
const web = readyFacts();
const [unit] = unitsIn([web]);
if (!unit) throw new Error('a unit');
const open: RememberedPullRequest = {
  repository: 'github.com/o/manifests',
  base: 'main',
  number: 1,
  url: 'https://github.com/o/manifests/pull/1',
  change: unit.change,
  state: 'open',
  at: at(-60),
};
const shown = { units: [unitFacts(unit, proposed(unit))] };

describe('nextStatuses', () => {
  it.each<[string, PairFacts, Partial<Observed>]>([
    ['skipped', skippedFacts(), {}],
    ['unreadable', facts({ problem: { reason: 'no answer', retryable: true } }), {}],
    ['built', { ...upToDateFacts(), image: imageFacts(pair()) }, {}],
    ['proposed', web, shown],
    [
      'rejected',
      web,
      { units: [unitFacts(unit, rejected(unit), { remembered: { ...open, state: 'rejected' } })] },
    ],
    ['building', facts(), { builds: [build()] }],
  ])('says the same of the same, whenever it is asked: %s', (_, one, over) => {
    const first = next(one, over);
    expect(next(after(one, first), over, now + minute)).toEqual(first);
  });

  it('dates a state from when it began', () => {
    const first = next(facts());
    expect(first).toMatchObject({ state: 'build', since: at(0) });
    const building = next(after(facts(), first), { builds: [build()] }, now + minute);
    expect(building).toMatchObject({ state: 'building', since: at(1) });
    expect(next(after(facts(), building), { builds: [build()] }, now + 2 * minute).since).toBe(at(1));
  });

  it('keeps what it knew of a pair that cannot be read', () => {
    const before = next(after(web, next(web, shown)), shown);
    const unreadable = {
      pair: web.pair,
      problem: { reason: 'x', retryable: true },
      targets: [],
      parents: [],
    };
    expect(next(after(unreadable, before))).toMatchObject({
      state: 'blocked',
      built: before.built,
      pullRequests: before.pullRequests,
    });
  });

  describe('attempts', () => {
    it('are announced before they start, under the pair that leads the build', () => {
      const pairs = ['a', 'b'].map((application) =>
        facts({ pair: pair({ application, image: 'gcr.io/p/shared' }), key: 'k' }),
      );
      const seen = observed(pairs);
      const statuses = nextStatuses(plan(desired(pairs.map((one) => one.pair)), seen, options, now), seen);
      expect(statuses.get('v1-a')?.attempts).toEqual([
        { key: 'k', number: 1, build: 'cd-a-v1-k-1', startedAt: at(0), outcome: 'started' },
      ]);
      expect(statuses.get('v1-b')?.attempts).toBeUndefined();
    });

    it('are ended by what the builder shows', () => {
      const first = next(facts());
      const failed = build({
        name: first.attempts?.[0]?.build ?? '',
        phase: 'failed',
        failure: { kind: 'permanent', reason: 'BuildFailed', message: 'no such file' },
        finishedAt: now,
      });
      expect(next(after(facts(), first), { builds: [failed] })).toMatchObject({
        state: 'failed',
        attempts: [{ number: 1, outcome: 'permanent', finishedAt: at(0), message: 'no such file' }],
      });
    });
  });

  describe('built images', () => {
    const of = pair();
    const built = (image: PairFacts['image'], before?: ApplicationVersionStatus['built']) =>
      next(facts({ pair: of, ...(image && { image }), stored: stored({}, before ? { built: before } : {}) }))
        .built;
    const entry = {
      key: 'key-gcr.io/p/web',
      name: of.image,
      digest: digests.new,
      tags: ['v1-gaaaaaaaaaaaa'],
    };

    it('are remembered with the tags seen on them', () => {
      expect(built(facts().image)).toBeUndefined();
      expect(built(imageFacts(of, { released: false }))).toEqual([{ ...entry, tags: [] }]);
      expect(built(imageFacts(of), [{ ...entry, tags: ['older'] }])).toEqual([
        { ...entry, tags: ['older', ...entry.tags] },
      ]);
      expect(built(imageFacts(of), [{ ...entry, digest: digests.old }])).toMatchObject([
        { digest: digests.new },
      ]);
    });

    it('are ten at most, the newest last', () => {
      const before = Array.from({ length: 10 }, (_, index) => ({ ...entry, key: String(index) }));
      expect(built(imageFacts(of), before)).toEqual([...before.slice(1), entry]);
    });
  });

  describe('pull requests', () => {
    const pullRequests = (one: PairFacts, over: Partial<Observed>, before: RememberedPullRequest[] = []) =>
      next({ ...one, stored: stored({}, { pullRequests: before }) }, over).pullRequests;
    const ended = (state: RememberedPullRequest['state']) => ({
      ended: new Map([['github.com/o/manifests#1', { state, at: at(-1) }]]),
    });

    it('are remembered as they are seen, from when they were first', () => {
      expect(pullRequests(web, shown)).toEqual([{ ...open, at: at(0) }]);
      expect(pullRequests(web, shown, [open])).toEqual([open]);
      expect(pullRequests(web, shown, [{ ...open, number: 0, state: 'merged' }])).toEqual([
        { ...open, at: at(0) },
      ]);
    });

    it('are of the change on their branch, whatever their body says', () => {
      const rewritten = {
        ...shown.units[0],
        facts: { ...proposed(unit), open: { number: 1, current: false } },
      };
      const body = pullRequest(unit, { marker: markerOf(unit, '') });
      expect(pullRequests(web, { units: [{ unit, ...rewritten, pullRequest: body }] })).toEqual([
        { ...open, at: at(0) },
      ]);
    });

    it.each(['merged', 'rejected', 'superseded', 'closed'] as const)(
      'keep their end, %s, when no unit is left to tell of it',
      (state) => {
        expect(pullRequests(upToDateFacts(), ended(state), [open])).toMatchObject([
          { ...open, state, at: at(-1) },
        ]);
      },
    );

    it('count how often bots have closed the same change', () => {
      expect(pullRequests(upToDateFacts(), ended('closed'), [{ ...open, dismissals: 1 }])).toMatchObject([
        { state: 'closed', dismissals: 2 },
      ]);
      const before: RememberedPullRequest = { ...open, number: 0, state: 'closed', dismissals: 1 };
      expect(pullRequests(web, shown, [before])).toEqual([{ ...open, at: at(0), dismissals: 1 }]);
      expect(pullRequests(web, shown, [{ ...before, change: 'older' }])).toEqual([{ ...open, at: at(0) }]);
    });

    it('of other places stay as they are', () => {
      const other = { ...open, base: 'release', number: 9, state: 'merged' as const };
      expect(pullRequests(web, shown, [other, open])).toEqual([other, open]);
      expect(pullRequests(upToDateFacts(), {}, [other, open])).toEqual([other, open]);
    });
  });
});

describe('remember', () => {
  it('writes what differs, by the version that was read, and nothing else', async () => {
    const written: string[] = [];
    const objects = {
      create: (_: unknown, { metadata }: { metadata: { name: string; labels?: object } }) => {
        written.push(`create ${metadata.name} ${JSON.stringify(metadata.labels)}`);
      },
      updateStatus: (_: unknown, { metadata }: { metadata: { name: string; resourceVersion: string } }) => {
        written.push(`update ${metadata.name} at ${metadata.resourceVersion}`);
      },
    };
    const fresh = facts({ pair: pair({ application: 'fresh' }) });
    const same = skippedFacts({ application: 'same' });
    const changed = { ...web, stored: stored() };
    const settled = after(same, next(same));
    const seen = observed([fresh, changed, settled], shown);
    const result = plan(desired([fresh.pair, web.pair, same.pair]), seen, options, now);
    await remember(result, seen, { objects } as never, 'prod', new AbortController().signal);
    expect(written.toSorted()).toEqual([
      'create v1-fresh {"slipway.dev/owner":"prod"}',
      'update v1-web at 1',
    ]);
  });
});
