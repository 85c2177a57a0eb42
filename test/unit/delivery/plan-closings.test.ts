import { describe, expect, it } from '@jest/globals';
import type { Observed, OwnPullRequest, PairFacts } from '../../../runtime/delivery/observed.ts';
import { planClosings } from '../../../runtime/delivery/plan-closings.ts';
import { closedByUs, markClosed } from '../../../runtime/proposals/marker.ts';
import {
  commits,
  desired,
  facts,
  observed,
  pair,
  proposed,
  pullRequest,
  pushed,
  readyFacts,
  unitFacts,
  unitsIn,
} from '../../support/delivery-facts.ts';

const web = readyFacts();
const [unit] = unitsIn([web], desired([web.pair], { strategy: 'per-tag' }));
if (!unit) throw new Error('a unit');
const of = (applications: string[]) => ({ installation: 'prod', version: 'v1', applications, change: 'old' });
const old = (over: Partial<OwnPullRequest> = {}) =>
  pullRequest(unit, { number: 1, branch: 'update_web_v1-gbbbbbbbbbbbb', marker: of(['web']), ...over });
const current = unitFacts(unit, proposed(unit, 2));

interface Row {
  readonly over?: Partial<Observed>;
  readonly upToDate?: readonly string[];
  readonly pullRequest?: OwnPullRequest;
  readonly why?: string;
}

const rows: Record<string, Row> = {
  'superseded once the new one is open': { over: { units: [current] }, why: 'superseded by #2' },
  'kept until the new one is open': { over: { units: [unitFacts(unit, pushed(unit))] } },
  'kept as the wanted one': { pullRequest: old({ branch: unit.head.branch }), over: { units: [current] } },
  'obsolete when the content is there': { upToDate: ['v1-web'], why: 'main has this content already' },
  'kept while its pair is in any other state': {},
  'kept where one of its pairs is neither': {
    pullRequest: old({ marker: of(['web', 'api']) }),
    over: { units: [current] },
  },
  'superseded when the rest is up to date': {
    pullRequest: old({ marker: of(['web', 'api']) }),
    over: { units: [current] },
    upToDate: ['v1-api'],
    why: 'superseded by #2',
  },
  'kept when it is about nothing': { pullRequest: old({ marker: of([]) }) },
  'kept on another base': { pullRequest: old({ base: 'release' }), over: { units: [current] } },
  'kept in another repository': {
    pullRequest: old({ repository: 'https://github.com/o/other' }),
    over: { units: [current] },
  },
  'kept with a commit of a person': {
    over: { branches: [{ repository: unit.head.repository, branch: old().branch, head: commits.head }] },
    upToDate: ['v1-web'],
  },
  'kept when a person opened it again': {
    pullRequest: old({ body: markClosed(old().body, 'superseded by #2.') }),
    upToDate: ['v1-web'],
  },
};

describe('planClosings', () => {
  it.each(Object.entries(rows))('%s', (_, { over = {}, upToDate = [], pullRequest: one = old(), why }) => {
    const world = {
      observed: observed([web], { ...over, pullRequests: [one] }),
      upToDate: new Set(upToDate),
    };
    const { closings, notes } = planClosings(world);
    expect(notes).toEqual([]);
    expect(closings.map((action) => action.why)).toEqual(why === undefined ? [] : [`#1: ${why}`]);
    for (const { number, body } of closings) {
      expect(number).toBe(1);
      expect(closedByUs(body)).toBe(true);
      expect(body).toContain(`**Closed by Slipway:** ${why ?? ''}.`);
    }
  });

  it('supersedes by a group, and a group by all of its own', () => {
    const pairs: PairFacts[] = ['a', 'b'].map((application) => readyFacts({ pair: pair({ application }) }));
    const config = pairs.map((one) => one.pair);
    const [group] = unitsIn(pairs, desired(config, { strategy: 'grouped' }));
    const [a, b] = unitsIn(pairs, desired(config));
    if (!group || !a || !b) throw new Error('units');
    const why = (units: Observed['units'], one: OwnPullRequest) =>
      planClosings({
        observed: observed(pairs, { units, pullRequests: [one] }),
        upToDate: new Set(),
      }).closings.map((action) => action.why);
    expect(why([unitFacts(group, proposed(group, 2))], pullRequest(a))).toEqual(['#1: superseded by #2']);
    expect(why([unitFacts(a, proposed(a, 2)), unitFacts(b)], pullRequest(group))).toEqual([]);
    expect(why([unitFacts(a, proposed(a, 2)), unitFacts(b, proposed(b, 3))], pullRequest(group))).toEqual([
      '#1: superseded by #2, #3',
    ]);
  });

  it.each([
    [3, 3, 3],
    [4, 4, 0],
    [4, 19, 0],
    [4, 20, 4],
    [5, 20, 0],
  ])('closes %i obsolete ones of %i: %i', (obsolete, all, expected) => {
    const pullRequests = Array.from({ length: all }, (_, index) =>
      old({ number: index + 1, marker: of([index < obsolete ? 'web' : 'api']) }),
    );
    const { closings, notes } = planClosings({
      observed: observed([facts()], { pullRequests }),
      upToDate: new Set(['v1-web']),
    });
    expect(closings).toHaveLength(expected);
    expect(notes).toHaveLength(expected === 0 ? 1 : 0);
  });
});
