import type { RememberedPullRequest } from '../api/application-version.ts';
import type { ForgeRepository, Ports, PullRequest, RepositoryUrl } from '../ports/index.ts';
import { closedByUs, parseMarker, type Marker } from '../proposals/marker.ts';
import { forgeRepository } from '../source/repository.ts';
import type { Guards } from './guards.ts';
import { headRepository } from './observe-refs.ts';
import type { Ending, OwnPullRequest, Problem, StoredPair } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import type { Desired } from './pair.ts';
import { missing, read, type Read } from './read.ts';

export interface PullRequests {
  readonly open: readonly OwnPullRequest[];
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
  const lists = new Map<RepositoryUrl, Read<OwnPullRequest[]>>();
  await Promise.all(
    [...repositories].map(async (repository) => {
      lists.set(repository, await ownOpen(repository, ports, options, guards, signal));
    }),
  );
  const open = [...lists.values()].flatMap((list) => (list.ok ? list.value : []));
  const readable = new Set(
    [...lists].flatMap(([repository, list]) => (list.ok ? [repositoryName(repository)] : [])),
  );
  return {
    open,
    ended: await endedSince(stored, open, readable, ports, guards, signal),
    problem(repository) {
      const list = lists.get(repository);
      return list && !list.ok ? list.problem : undefined;
    },
  };
}

async function ownOpen(
  repository: RepositoryUrl,
  ports: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  guards: Guards,
  signal: AbortSignal,
): Promise<Read<OwnPullRequest[]>> {
  const forge = forgeRepository(repository);
  if (!forge) return missing(`${repository} is on no forge, so no pull request can be opened there`);
  return read(
    { guard: guards.http, name: forge.host },
    async (inner) => {
      const [account, open] = await Promise.all([
        ports.forge.account(forge.host, inner),
        ports.forge.openPullRequests(forge, inner),
      ]);
      const from = repositoryName(headRepository(repository, options)).slice(forge.host.length + 1);
      return open.flatMap((one) =>
        one.author.login === account.login && one.head.repository?.toLowerCase() === from.toLowerCase()
          ? own(repository, forge, one, options)
          : [],
      );
    },
    signal,
  );
}

function own(
  repository: RepositoryUrl,
  forge: ForgeRepository,
  one: PullRequest,
  options: DeliveryOptions,
): OwnPullRequest[] {
  const { number, url, title, body, base } = one;
  const marker = parseMarker(body) ?? markerOfBranch(one.head.branch, options);
  if (marker?.installation !== options.installation) return [];
  return [{ repository, forge, base, branch: one.head.branch, number, url, title, body, marker }];
}

/** A person has rewritten the body: the branch still says whose it is, and for no change in particular. */
function markerOfBranch(branch: string, { branchPrefix, installation }: DeliveryOptions): Marker | undefined {
  const [prefix, version, application, ...more] = branch.split('/');
  if (prefix !== branchPrefix || !version || !application || more.length > 0) return undefined;
  return { installation, version, applications: application === '_all' ? [] : [application], change: '' };
}

/** Asks once for each pull request that we remember as open and that is not in the list any more. */
async function endedSince(
  stored: ReadonlyMap<string, StoredPair>,
  open: readonly OwnPullRequest[],
  readable: ReadonlySet<string>,
  ports: Pick<Ports, 'forge'>,
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
          const state = await outcomeOf(repository, pullRequest, ports, inner);
          return { state, at: new Date(pullRequest.updatedAt).toISOString() };
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
  signal: AbortSignal,
): Promise<RememberedPullRequest['state']> {
  if (pullRequest.state === 'open') return 'open';
  if (pullRequest.state === 'merged') return 'merged';
  if (closedByUs(pullRequest.body)) return 'superseded';
  const closer = await ports.forge.closedBy(repository, pullRequest.number, signal);
  return closer?.bot ? 'closed' : 'rejected';
}

/** `host/owner/name`. */
export function repositoryName(repository: RepositoryUrl): string {
  const forge = forgeRepository(repository);
  return forge ? `${forge.host}/${forge.owner}/${forge.name}` : repository;
}

export function pullRequestKey(repository: string, number: number): string {
  return `${repository}#${number}`;
}
