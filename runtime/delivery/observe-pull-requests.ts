import type { RememberedPullRequest } from '../api/application-version.ts';
import type { ForgeRepository, Ports, PullRequest, RepositoryUrl } from '../ports/index.ts';
import { closedByUs } from '../proposals/marker.ts';
import { forgeRepository } from '../source/repository.ts';
import { branchHolders } from './branch-names.ts';
import type { Guards } from './guards.ts';
import type { Ending, OwnPullRequest, Problem, StoredPair } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import {
  isSameLogin,
  markerOf,
  openFromHead,
  otherOwner,
  takenBranch,
  type BranchHolders,
  type OpenPullRequests,
} from './ownership.ts';
import type { Desired } from './pair.ts';
import { missing, read, type Read } from './read.ts';

/** An open one from a branch of ours that is not ours: it takes the place of ours. */
export interface ForeignPullRequest {
  readonly repository: RepositoryUrl;
  readonly base: string;
  readonly branch: string;
  /** Whose it is and what to do. */
  readonly reason: string;
}

export interface PullRequests {
  readonly open: readonly OwnPullRequest[];
  readonly foreign: readonly ForeignPullRequest[];
  /** What became of remembered ones that are no longer open, by `<host/owner/name>#<number>`. */
  readonly ended: ReadonlyMap<string, Ending>;
  problem(repository: RepositoryUrl): Problem | undefined;
}

/**
 * Read before the branches: what is merged in between then looks open and up to date, never merged and absent.
 * One list per repository.
 */
export async function observePullRequests(
  desired: Desired,
  stored: ReadonlyMap<string, StoredPair>,
  ports: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  guards: Guards,
  signal: AbortSignal,
): Promise<PullRequests> {
  const repositories = new Set(
    desired.pairs.flatMap((pair) => (pair.source ? pair.targets.map(({ into }) => into.url) : [])),
  );
  const holders = branchHolders(desired, options);
  const lists = new Map<RepositoryUrl, Read<Sorted>>();
  await Promise.all(
    [...repositories].map(async (repository) => {
      lists.set(repository, await sortedOpen(repository, holders, ports, options, guards, signal));
    }),
  );
  const readLists = [...lists.values()].flatMap((list) => (list.ok ? [list.value] : []));
  const open = readLists.flatMap(({ own }) => own);
  const readable = new Set(
    [...lists].flatMap(([repository, list]) => (list.ok ? [repositoryName(repository)] : [])),
  );
  return {
    open,
    foreign: readLists.flatMap(({ foreign }) => foreign),
    ended: await endedSince(stored, open, readable, ports, options, guards, signal),
    problem(repository) {
      const list = lists.get(repository);
      return list && !list.ok ? list.problem : undefined;
    },
  };
}

interface Sorted {
  readonly own: readonly OwnPullRequest[];
  readonly foreign: readonly ForeignPullRequest[];
}

async function sortedOpen(
  repository: RepositoryUrl,
  holders: BranchHolders,
  ports: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  guards: Guards,
  signal: AbortSignal,
): Promise<Read<Sorted>> {
  const forge = forgeRepository(repository);
  if (!forge) return missing(`${repository} is on no forge, so no pull request can be opened there`);
  return read(
    { guard: guards.http, name: forge.host },
    async (inner) => sorted(await openFromHead(repository, forge, ports, options, inner), holders, options),
    signal,
  );
}

/** Pure: ours, and what others have open from our branches. */
function sorted(
  { repository, forge, account, fromHead }: OpenPullRequests,
  holders: BranchHolders,
  options: DeliveryOptions,
): Sorted {
  const own: OwnPullRequest[] = [];
  const foreign: ForeignPullRequest[] = [];
  for (const one of fromHead) {
    const { number, url, title, body, base, head } = one;
    const marker = markerOf(one, options, holders.get(`${repository} ${base} ${head.branch}`));
    const owner = otherOwner(one, account, options, marker);
    if (owner !== undefined)
      foreign.push({ repository, base, branch: head.branch, reason: takenBranch(one, owner) });
    else if (marker)
      own.push({ repository, forge, base, branch: head.branch, number, url, title, body, marker });
  }
  return { own, foreign };
}

/** Asks once for each pull request that we remember as open and that is not in the list any more. */
async function endedSince(
  stored: ReadonlyMap<string, StoredPair>,
  open: readonly OwnPullRequest[],
  readable: ReadonlySet<string>,
  ports: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  guards: Guards,
  signal: AbortSignal,
): Promise<Map<string, Ending>> {
  const stillOpen = new Set(open.map((one) => pullRequestKey(repositoryName(one.repository), one.number)));
  const vanished = new Map<string, RememberedPullRequest>();
  for (const pair of stored.values())
    for (const one of pair.status?.pullRequests ?? []) {
      const key = pullRequestKey(one.repository, one.number);
      if (one.state === 'open' && readable.has(one.repository) && !stillOpen.has(key)) vanished.set(key, one);
    }
  const ended = new Map<string, Ending>();
  await Promise.all(
    [...vanished].map(async ([key, one]) => {
      const repository = forgeRepository(`https://${one.repository}`);
      if (!repository) return;
      const outcome = await read(
        { guard: guards.http, name: repository.host },
        async (inner) => {
          const pullRequest = await ports.forge.pullRequest(repository, one.number, inner);
          const state = await outcomeOf(repository, pullRequest, ports, options, inner);
          return { state, at: endOf(pullRequest), head: pullRequest.head.commit };
        },
        signal,
      );
      if (outcome.ok) ended.set(key, outcome.value);
    }),
  );
  return ended;
}

/** What a pull request's end means: only a person's closing is a rejection. */
export async function outcomeOf(
  repository: ForgeRepository,
  pullRequest: PullRequest,
  ports: Pick<Ports, 'forge'>,
  { bots = [] }: Pick<DeliveryOptions, 'bots'>,
  signal: AbortSignal,
): Promise<RememberedPullRequest['state']> {
  if (pullRequest.state === 'open') return 'open';
  if (pullRequest.state === 'merged') return 'merged';
  if (closedByUs(pullRequest.body)) return 'superseded';
  const closer = await ports.forge.closedBy(repository, pullRequest.number, signal);
  const isBot = closer && (closer.bot || bots.some((one) => isSameLogin(one, closer.login)));
  return isBot ? 'closed' : 'rejected';
}

/** When it ended; a comment after that is no end. */
export function endOf({ endedAt, updatedAt }: PullRequest): string {
  return new Date(endedAt ?? updatedAt).toISOString();
}

/** `host/owner/name`. */
export function repositoryName(repository: RepositoryUrl): string {
  const forge = forgeRepository(repository);
  return forge ? `${forge.host}/${forge.owner}/${forge.name}` : repository;
}

export function pullRequestKey(repository: string, number: number): string {
  return `${repository}#${number}`;
}
