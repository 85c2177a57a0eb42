import type { ForgeRepository, Ports, PullRequest, RepositoryUrl } from '../ports/index.ts';
import { closedByUs, markClosed, parseMarker } from '../proposals/marker.ts';
import { forgeRepository } from '../source/repository.ts';
import type { ClosePullRequestAction } from './actions.ts';
import { pairName, type Desired, type Pair } from './pair.ts';

/** Open pull requests of one repository that our account made. */
export interface OwnPullRequests {
  readonly repository: RepositoryUrl;
  readonly forge: ForgeRepository;
  readonly pullRequests: readonly PullRequest[];
}

/** Asks every repository that holds manifests once. What cannot be read throws: nothing is closed on half a view. */
export async function ownPullRequests(
  desired: Desired,
  { forge }: Pick<Ports, 'forge'>,
  signal: AbortSignal,
): Promise<OwnPullRequests[]> {
  const repositories = new Set(desired.pairs.flatMap(({ targets }) => targets.map(({ into }) => into.url)));
  const found = await Promise.all(
    [...repositories].map(async (repository) => {
      const place = forgeRepository(repository);
      if (!place) return [];
      const [account, open] = await Promise.all([
        forge.account(place.host, signal),
        forge.openPullRequests(place, signal),
      ]);
      const pullRequests = open.filter(({ author }) => author.login === account.login);
      return [{ repository, forge: place, pullRequests }];
    }),
  );
  return found.flat();
}

/**
 * Pure: closes each pull request whose every pair has a newer one into the same branch. Which pairs it is for says its
 * marker or, without one, its branch `update_<image>_<tag>`; one that says neither, or that another installation made,
 * is left alone.
 */
export function closeSuperseded(
  desired: Desired,
  { repository, forge, pullRequests }: OwnPullRequests,
  installation: string,
): ClosePullRequestAction[] {
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
    if (!Number.isFinite(last) || closedByUs(pullRequest.body)) return [];
    return [closing(forge, pullRequest, `superseded by #${last}`, repository)];
  });
}

function closing(
  repository: ForgeRepository,
  { number, body }: PullRequest,
  why: string,
  url: RepositoryUrl,
): ClosePullRequestAction {
  return {
    key: `close/${url}/${number}`,
    kind: 'close-pull-request',
    why: `#${number}: ${why}`,
    repository,
    number,
    body: markClosed(body, `${why}.`),
  };
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
