import type { Oid, Ports, RepositoryUrl } from '../ports/index.ts';
import { headBranchPatterns } from '../proposals/branch.ts';
import { forgeRepository } from '../source/repository.ts';
import type { OwnBranch, Problem } from './observed.ts';
import { ownBranches } from './own-branches.ts';
import type { DeliveryOptions } from './options.ts';
import type { Desired, FollowedBranch } from './pair.ts';
import { hostOf, missing, read, type Read } from './read.ts';
import type { Guards } from './guards.ts';

/** Where every followed branch stands, and which branches of ours there are. */
export interface Refs {
  head(followed: FollowedBranch): Read<Oid>;
  readonly branches: readonly OwnBranch[];
  /** Of a repository that could not be read. */
  problem(repository: RepositoryUrl): Problem | undefined;
}

/** One `ls-remote` per repository, then one fetch where something is new. */
export async function observeRefs(
  desired: Desired,
  ports: Pick<Ports, 'git'>,
  options: DeliveryOptions,
  guards: Guards,
  signal: AbortSignal,
): Promise<Refs> {
  const wanted = wantedPatterns(desired, options);
  const found = new Map<RepositoryUrl, Read<RepositoryRefs>>();
  await Promise.all(
    [...wanted].map(async ([repository, patterns]) => {
      const host = { guard: guards.git, name: hostOf(repository) };
      const refs = await read(
        host,
        async (inner) => {
          const heads = await ports.git.refs(repository, [...patterns], inner);
          await ports.git.fetch(repository, heads, inner);
          return { heads, own: await ownBranches(repository, heads, options.branchPrefix, ports, inner) };
        },
        signal,
      );
      found.set(repository, refs);
    }),
  );
  return refsView(found);
}

interface RepositoryRefs {
  readonly heads: ReadonlyMap<string, Oid>;
  readonly own: readonly OwnBranch[];
}

function refsView(found: ReadonlyMap<RepositoryUrl, Read<RepositoryRefs>>): Refs {
  return {
    head({ url, branch }) {
      const refs = found.get(url);
      if (!refs) return missing(`${url} was not read`);
      if (!refs.ok) return refs;
      const oid = refs.value.heads.get(`refs/heads/${branch}`);
      return oid ? { ok: true, value: oid } : missing(`${url} has no branch ${branch}`);
    },
    branches: [...found.values()].flatMap((refs) => (refs.ok ? refs.value.own : [])),
    problem(repository) {
      const refs = found.get(repository);
      return refs && !refs.ok ? refs.problem : undefined;
    },
  };
}

function wantedPatterns(desired: Desired, options: DeliveryOptions): Map<RepositoryUrl, Set<string>> {
  const wanted = new Map<RepositoryUrl, Set<string>>();
  const want = (repository: RepositoryUrl, patterns: readonly string[]) => {
    const known = wanted.get(repository) ?? new Set();
    for (const pattern of patterns) known.add(pattern);
    wanted.set(repository, known);
  };
  const ours = headBranchPatterns(desired.pullRequests.strategy, options.branchPrefix);
  for (const pair of desired.pairs) {
    if (!pair.source) continue;
    want(pair.source.url, [`refs/heads/${pair.source.branch}`]);
    for (const { into } of pair.targets) {
      want(into.url, [`refs/heads/${into.branch}`]);
      want(headRepository(into.url, options), ours);
    }
  }
  return wanted;
}

/** The repository that holds our branches: the fork when one is configured for the host, by its owner or in full. */
export function headRepository(repository: RepositoryUrl, options: DeliveryOptions): RepositoryUrl {
  const forge = forgeRepository(repository);
  const head = forge && options.headOwner(forge.host);
  if (!forge || head === undefined) return repository;
  const fork = head.includes('/') ? head : `${head}/${forge.name}`;
  const upstream = `${forge.owner}/${forge.name}`;
  if (fork.toLowerCase() === upstream.toLowerCase()) return repository;
  return repository.slice(0, repository.length - upstream.length) + fork;
}
