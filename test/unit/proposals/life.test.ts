import { describe, expect, it } from '@jest/globals';
import { nextStep, type ProposalFacts, type ProposalStep } from '../../../runtime/proposals/life.ts';

const wanted = { change: 'new' };
type Branch = keyof typeof branches;
type Open = keyof typeof opens;
type Last = keyof typeof lasts;

const branches = {
  none: undefined,
  ours: { head: 'c', change: 'new', stale: false },
  stale: { head: 'c', change: 'new', stale: true },
  older: { head: 'c', change: 'old', stale: false },
  edited: { head: 'c', stale: false },
  'edited and merged': { head: 'c', stale: false, served: true },
} satisfies Record<string, ProposalFacts['branch']>;
const opens = {
  none: undefined,
  current: { number: 2, current: true },
  outdated: { number: 2, current: false },
} satisfies Record<string, ProposalFacts['open']>;
const lasts = {
  none: undefined,
  'this rejected': { number: 1, change: 'new', outcome: 'rejected' },
  'this merged': { number: 1, change: 'new', outcome: 'merged' },
  'this refused': { number: 1, change: 'new', outcome: 'refused' },
  'this dismissed': { number: 1, change: 'new', outcome: 'dismissed' },
  'another rejected': { number: 1, change: 'old', outcome: 'rejected' },
  'another merged': { number: 1, change: 'old', outcome: 'merged' },
} satisfies Record<string, ProposalFacts['last']>;

/** Every row that differs from its branch's plain course. */
function expected(branch: Branch, open: Open, last: Last): ProposalStep {
  if (open === 'none') {
    if (['this rejected', 'this merged', 'this refused'].includes(last)) return 'rejected';
    if (branch === 'edited') return 'hand-edited';
    return branch === 'ours' ? 'open' : 'push';
  }
  if (branch.startsWith('edited')) return 'hand-edited';
  if (branch !== 'ours') return 'push';
  return open === 'current' ? 'none' : 'describe';
}

function factsOf(branch: Branch, open: Open, last: Last): ProposalFacts {
  return {
    ...(branches[branch] && { branch: branches[branch] }),
    ...(opens[open] && { open: opens[open] }),
    ...(lasts[last] && { last: lasts[last] }),
  };
}

const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];

describe('nextStep', () => {
  it.each(
    keys(branches).flatMap((branch) =>
      keys(opens).flatMap((open) => keys(lasts).map((last) => [branch, open, last] as const)),
    ),
  )('branch %s, open %s, last %s', (branch, open, last) => {
    expect(nextStep(wanted, factsOf(branch, open, last))).toBe(expected(branch, open, last));
  });

  it.each([
    ['nothing yet', {}, 'push'],
    ['pushed', { branch: branches.ours }, 'open'],
    ['opened', { branch: branches.ours, open: opens.current }, 'none'],
    ['the source moves on', { branch: branches.older, open: opens.outdated }, 'push'],
    ['pushed again', { branch: branches.ours, open: opens.outdated }, 'describe'],
    ['a person commits', { branch: branches.edited, open: opens.current }, 'hand-edited'],
    ['a person closes', { branch: branches.ours, last: lasts['this rejected'] }, 'rejected'],
    ['then the source moves on', { branch: branches.older, last: lasts['another rejected'] }, 'push'],
    ['a bot closes', { branch: branches.ours, last: lasts['this dismissed'] }, 'open'],
    ['merged, then reverted', { last: lasts['this merged'] }, 'rejected'],
    [
      'merged with a commit of a person',
      { branch: branches['edited and merged'], last: lasts['another merged'] },
      'push',
    ],
    [
      'a person commits after the merge',
      { branch: branches.edited, last: lasts['another merged'] },
      'hand-edited',
    ],
  ] satisfies [string, ProposalFacts, ProposalStep][])('in life: %s', (_, facts, step) => {
    expect(nextStep(wanted, facts)).toBe(step);
  });
});
