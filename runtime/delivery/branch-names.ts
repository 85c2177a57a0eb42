import { headBranch } from '../proposals/branch.ts';
import type { DeliveryOptions } from './options.ts';
import type { BranchHolders } from './ownership.ts';
import type { Desired, Pair, Target } from './pair.ts';

/** Names the head branch of a pair's change into one base branch; the tag is that of its image. */
export type BranchName = (pair: Pair, into: Target['into'], tag: string) => string;

/**
 * Names that depend on the config alone, so that a branch keeps its name whatever becomes of others. What would share
 * one by chance is told apart: applications or versions with one image, and several bases in one repository.
 */
export function branchNames(desired: Desired, options: Pick<DeliveryOptions, 'branchPrefix'>): BranchName {
  const { strategy } = desired.pullRequests;
  const applications = collect(desired.pairs, (pair) => [[pair.image, pair.application]]);
  const versions = collect(desired.pairs, (pair) => [[`${pair.image}:${pair.tag}`, pair.version]]);
  const holderOf = ({ version, application }: Pair) =>
    strategy === 'grouped' ? version : `${version}/${application}`;
  const bases = collect(desired.pairs, (pair) =>
    pair.targets.map(({ into }) => [`${holderOf(pair)} ${into.url}`, into.branch]),
  );
  return (pair, into, tag) =>
    headBranch({
      strategy,
      prefix: options.branchPrefix,
      version: pair.version,
      application: pair.application,
      image: pair.image,
      tag,
      apart: [
        ...(strategy === 'per-tag'
          ? [
              ...(isShared(applications, pair.image) ? [pair.application] : []),
              ...(isShared(versions, `${pair.image}:${pair.tag}`) ? [pair.version] : []),
            ]
          : []),
        ...(isShared(bases, `${holderOf(pair)} ${into.url}`) ? [into.branch] : []),
      ],
    });
}

/** Whose each branch is, by `<repository> <base> <branch>`. None `per-tag`: those names go with the tags. */
export function branchHolders(
  desired: Desired,
  options: Pick<DeliveryOptions, 'branchPrefix'>,
): BranchHolders {
  if (desired.pullRequests.strategy === 'per-tag') return new Map();
  const nameBranch = branchNames(desired, options);
  const holders = desired.pairs.flatMap((pair) =>
    pair.targets.map(({ into }) => ({
      pair,
      branch: `${into.url} ${into.branch} ${nameBranch(pair, into, '')}`,
    })),
  );
  return new Map(
    [...Map.groupBy(holders, ({ branch }) => branch)].map(([branch, of]) => [
      branch,
      {
        version: of[0]?.pair.version ?? '',
        applications: [...new Set(of.map(({ pair }) => pair.application))],
      },
    ]),
  );
}

type Users = ReadonlyMap<string, ReadonlySet<string>>;

function collect(pairs: readonly Pair[], usesOf: (pair: Pair) => (readonly [string, string])[]): Users {
  const users = new Map<string, Set<string>>();
  for (const [what, user] of pairs.flatMap(usesOf)) users.set(what, (users.get(what) ?? new Set()).add(user));
  return users;
}

function isShared(users: Users, what: string): boolean {
  return (users.get(what)?.size ?? 0) > 1;
}
