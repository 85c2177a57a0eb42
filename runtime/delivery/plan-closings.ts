import { closedByUs, markClosed } from '../proposals/marker.ts';
import type { ClosePullRequestAction } from './actions.ts';
import type { Observed, OwnPullRequest, Unit, UnitFacts } from './observed.ts';
import { pairName } from './pair.ts';
import type { ProposalWorld } from './proposal-world.ts';

/** So many are closed as obsolete without a person's word, or a fifth of all, whichever is more. */
const fewObsolete = 3;

/** Superseded ones have a successor; obsolete ones just go, and many of them at once look like a misreading. */
export function planClosings(world: Pick<ProposalWorld, 'observed' | 'upToDate'>): {
  closings: ClosePullRequestAction[];
  notes: string[];
} {
  const unwanted = unwantedPullRequests(world);
  const obsolete = unwanted.filter((one) => one.obsolete);
  const limit = Math.max(fewObsolete, Math.floor(world.observed.pullRequests.length / 5));
  if (obsolete.length <= limit) return { closings: unwanted.map(({ action }) => action), notes: [] };
  return {
    closings: unwanted.filter((one) => !one.obsolete).map(({ action }) => action),
    notes: [
      `${obsolete.length} pull requests look obsolete (${obsolete.map(({ action }) => `#${action.number}`).join(', ')}), more than are closed without a person's word: close-superseded closes them`,
    ],
  };
}

/** All of them, however many: for a person who has said so. */
export function unwantedPullRequests(
  world: Pick<ProposalWorld, 'observed' | 'upToDate'>,
): { action: ClosePullRequestAction; obsolete: boolean }[] {
  return world.observed.pullRequests.flatMap((pullRequest) => closing(pullRequest, world) ?? []);
}

/**
 * A pull request that no unit wants: its pairs are up to date without it, or others carry them. What cannot be read,
 * waits or is unknown keeps its pull request, and so does a person's word: a commit on its branch, or its reopening.
 */
function closing(
  pullRequest: OwnPullRequest,
  { observed, upToDate }: Pick<ProposalWorld, 'observed' | 'upToDate'>,
): { action: ClosePullRequestAction; obsolete: boolean } | undefined {
  const { branch, base, body } = pullRequest;
  const isWanted = observed.units.some(({ unit }) => isOfUnit(pullRequest, unit));
  const isEdited = observed.branches.some((one) => one.branch === branch && one.change === undefined);
  if (isWanted || isEdited || closedByUs(body)) return undefined;
  const names = membersOf(pullRequest);
  const open = supersededBy(pullRequest, observed).filter(({ facts }) => facts.open);
  const carried = new Set(open.flatMap(({ unit }) => unit.members));
  if (names.length === 0 || !names.every((name) => upToDate.has(name) || carried.has(name))) return undefined;
  const successors = open.flatMap(({ facts }) => (facts.open ? [`#${facts.open.number}`] : []));
  const why =
    successors.length > 0 ? `superseded by ${successors.join(', ')}` : `${base} has this content already`;
  return {
    obsolete: successors.length === 0,
    action: closeAction(pullRequest, why),
  };
}

export function closeAction(
  { repository, forge, number, body }: Pick<OwnPullRequest, 'repository' | 'forge' | 'number' | 'body'>,
  why: string,
): ClosePullRequestAction {
  return {
    key: `close/${repository}/${number}`,
    kind: 'close-pull-request',
    why: `#${number}: ${why}`,
    repository: forge,
    number,
    body: markClosed(body, `${why}.`),
  };
}

/** The units that carry its pairs on other branches now. */
export function supersededBy(pullRequest: OwnPullRequest, { units }: Pick<Observed, 'units'>): UnitFacts[] {
  if (units.some(({ unit }) => isOfUnit(pullRequest, unit))) return [];
  const names = membersOf(pullRequest);
  return units.filter(
    ({ unit }) =>
      unit.repository === pullRequest.repository &&
      unit.base === pullRequest.base &&
      unit.members.some((name) => names.includes(name)),
  );
}

function isOfUnit({ repository, base, branch }: OwnPullRequest, unit: Unit): boolean {
  return unit.repository === repository && unit.base === base && unit.head.branch === branch;
}

function membersOf({ marker: { applications, version } }: OwnPullRequest): string[] {
  return applications.map((application) => pairName({ application, version }));
}
