import { markClosed } from '../proposals/marker.ts';
import type { ClosePullRequestAction } from './actions.ts';
import type { OwnPullRequest } from './observed.ts';
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
 * A pull request that no unit wants: its pairs are up to date without it, or another one carries them. What cannot be
 * read, waits or is unknown keeps its pull request.
 */
function closing(
  pullRequest: OwnPullRequest,
  world: Pick<ProposalWorld, 'observed' | 'upToDate'>,
): { action: ClosePullRequestAction; obsolete: boolean } | undefined {
  const { marker, repository, branch, base } = pullRequest;
  const names = marker.applications.map((application) => pairName({ application, version: marker.version }));
  const units = world.observed.units.filter(
    ({ unit }) =>
      unit.repository === repository &&
      unit.base === base &&
      unit.members.some((name) => names.includes(name)),
  );
  if (units.some(({ unit }) => unit.head.branch === branch)) return undefined;
  const successor = units.find(({ facts }) => facts.open)?.pullRequest;
  const obsolete = names.length > 0 && names.every((name) => world.upToDate.has(name));
  if (!obsolete && !successor) return undefined;
  const why = successor ? `superseded by #${successor.number}.` : `${base} has this content already.`;
  return {
    obsolete: !successor,
    action: {
      key: `close/${repository}/${pullRequest.number}`,
      kind: 'close-pull-request',
      why: `#${pullRequest.number}: ${why.replace(/\.$/, '')}`,
      repository: pullRequest.forge,
      number: pullRequest.number,
      body: markClosed(pullRequest.body, why),
    },
  };
}
