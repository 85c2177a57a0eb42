import type { PushAction } from './actions.ts';
import { branchNames } from './branch-names.ts';
import type { ProposalWorld } from './proposal-world.ts';

/**
 * Branches of ours whose pull request is gone and whose pairs are as they should be. They leave with the next push.
 * One with a commit of a person or of another installation stays, and so does one that any pull request is open from.
 * Those of `per-tag` stay: which pairs they were for their names do not say.
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
  const needed = new Set([
    ...namesOf(false),
    ...observed.pullRequests.map(({ branch }) => branch),
    ...(observed.taken ?? []),
  ]);
  const served = new Set(namesOf(true));
  return observed.branches.flatMap(({ repository: of, branch, head, change, installation }) =>
    of === repository &&
    change !== undefined &&
    installation === options.installation &&
    served.has(branch) &&
    !needed.has(branch)
      ? [{ branch, expected: head }]
      : [],
  );
}
