import type { PushAction } from './actions.ts';
import { branchNames } from './branch-names.ts';
import type { ProposalWorld } from './proposal-world.ts';

/**
 * Branches of ours whose pull request is gone and whose pairs are as they should be. They leave with the next push.
 * One with a commit of a person stays, and so do those of `per-tag`: their names do not say which installation made them.
 */
export function servedBranches(
  repository: string,
  world: Pick<ProposalWorld, 'desired' | 'observed' | 'options' | 'upToDate'>,
): PushAction['deletions'] {
  const { desired, observed, options, upToDate } = world;
  if (desired.pullRequests.strategy === 'per-tag') return [];
  const nameBranch = branchNames(desired, options);
  const namesOf = (isServed: boolean) =>
    [...observed.pairs].flatMap(([name, { pair }]) =>
      upToDate.has(name) === isServed ? pair.targets.map(({ into }) => nameBranch(pair, into, '')) : [],
    );
  const needed = new Set([...namesOf(false), ...observed.pullRequests.map(({ branch }) => branch)]);
  const served = new Set(namesOf(true));
  return observed.branches.flatMap(({ repository: of, branch, head, change }) =>
    of === repository && change !== undefined && served.has(branch) && !needed.has(branch)
      ? [{ branch, expected: head }]
      : [],
  );
}
