import type { ForgeRepository, Ports, PullRequest, RepositoryUrl } from '../ports/index.ts';
import { closedByUs, parseMarker } from '../proposals/marker.ts';
import { forgeRepository } from '../source/repository.ts';
import type { ClosePullRequestAction } from './actions.ts';
import type { OwnBranch } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { isOf, openFromHead } from './ownership.ts';
import { pairName, type Desired, type Pair } from './pair.ts';
import { closeAction } from './plan-closings.ts';

/** Open pull requests that our account made from the repository of our branches. */
export interface OwnPullRequests {
  readonly repository: RepositoryUrl;
  readonly forge: ForgeRepository;
  readonly pullRequests: readonly PullRequest[];
}

/** Asks every repository that holds manifests once. What cannot be read throws: nothing is closed on half a view. */
export async function ownPullRequests(
  desired: Desired,
  ports: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<OwnPullRequests[]> {
  const repositories = new Set(desired.pairs.flatMap(({ targets }) => targets.map(({ into }) => into.url)));
  const found = await Promise.all(
    [...repositories].map(async (repository) => {
      const forge = forgeRepository(repository);
      if (!forge) return [];
      const { account, fromHead } = await openFromHead(repository, forge, ports, options, signal);
      return [{ repository, forge, pullRequests: fromHead.filter((one) => isOf(account, one)) }];
    }),
  );
  return found.flat();
}

/**
 * Pure: closes each pull request whose every pair has a newer one into the same branch. Which pairs it is for says its
 * marker or, without one, its branch `update_<image>_<tag>`; one that says neither, or that another installation made,
 * is left alone, and so is one of ours whose branch has a commit of a person.
 */
export function closeSuperseded(
  desired: Desired,
  { repository, forge, pullRequests }: OwnPullRequests,
  installation: string,
  branches: readonly OwnBranch[],
): ClosePullRequestAction[] {
  const edited = new Set(branches.filter(({ change }) => change === undefined).map(({ branch }) => branch));
  const subjects = pullRequests.flatMap((pullRequest) => {
    const pairs = pairsOf(pullRequest, desired, repository, installation);
    return pairs.size > 0 ? [{ pullRequest, pairs }] : [];
  });
  return subjects.flatMap(({ pullRequest, pairs }) => {
    const newer = subjects.filter(
      (one) => one.pullRequest.base === pullRequest.base && one.pullRequest.number > pullRequest.number,
    );
    const successors = [...pairs].map((name) => newer.findLast((one) => one.pairs.has(name)));
    const last = Math.max(...successors.map((one) => one?.pullRequest.number ?? Infinity));
    const { number, body, head } = pullRequest;
    // The original's commits say nothing of who made them.
    const isEdited = parseMarker(body) !== undefined && edited.has(head.branch);
    if (!Number.isFinite(last) || closedByUs(body) || isEdited) return [];
    return [closeAction({ repository, forge, number, body }, `superseded by #${last}`)];
  });
}

function pairsOf(
  { body, head, base }: PullRequest,
  desired: Desired,
  repository: RepositoryUrl,
  installation: string,
): Set<string> {
  const marker = parseMarker(body);
  if (marker) {
    const names = marker.applications.map((application) =>
      pairName({ application, version: marker.version }),
    );
    return new Set(marker.installation === installation ? names : []);
  }
  const here = desired.pairs.filter(({ targets }) =>
    targets.some(({ into }) => into.url === repository && into.branch === base),
  );
  return new Set(here.filter((pair) => isBranchFor(head.branch, pair)).map(pairName));
}

/** `update_<image>_<version's tag>-…`, as the original names its branches. An image's name may hold `_` itself. */
function isBranchFor(branch: string, { image, tag }: Pair): boolean {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return branch.startsWith(`update_${name}_${tag}-`);
}
