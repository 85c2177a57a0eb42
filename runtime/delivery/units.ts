import type { Oid, RepositoryUrl } from '../ports/index.ts';
import { changeId, groupChangeId } from '../proposals/change.ts';
import { forgeRepository } from '../source/repository.ts';
import { branchNames, type BranchName } from './branch-names.ts';
import { isReady, outdatedTargets } from './needs.ts';
import { headRepository } from './observe-refs.ts';
import type { PairFacts, Unit } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { pairName, type Desired, type Target } from './pair.ts';

/** Pure: which pull requests there should be. A pair whose places lie in two repositories is in two of them. */
export function unitsOf(
  desired: Desired,
  pairs: ReadonlyMap<string, PairFacts>,
  baseHead: (target: Target) => Oid | undefined,
  options: DeliveryOptions,
  now: number,
): Unit[] {
  const nameBranch = branchNames(desired, options);
  const members = [...pairs.values()].filter((facts) => isReady(facts, now));
  const parts = members.flatMap((facts) => partsOf(facts, desired, nameBranch));
  return [...Map.groupBy(parts, (part) => `${part.base.url} ${part.base.branch} ${part.branch}`)].flatMap(
    ([id, group]) => {
      const [first] = group;
      const head = first && baseHead(first.target);
      const forge = first && forgeRepository(first.base.url);
      if (!first || !head || !forge) return [];
      const changes = group.map(({ change }) => change);
      const headUrl = headRepository(first.base.url, options);
      return [
        {
          id,
          repository: first.base.url,
          forge,
          base: first.base.branch,
          baseHead: head,
          head: {
            repository: headUrl,
            owner: forgeRepository(headUrl)?.owner ?? forge.owner,
            branch: first.branch,
          },
          members: group.map(({ facts }) => pairName(facts.pair)),
          change: changes.length === 1 && first.alone ? first.change : groupChangeId(changes),
        },
      ];
    },
  );
}

interface Part {
  readonly facts: PairFacts;
  readonly base: { readonly url: RepositoryUrl; readonly branch: string };
  readonly target: Target;
  readonly branch: string;
  readonly change: string;
  /** The branch is this pair's alone. */
  readonly alone: boolean;
}

/** One part for each repository and branch that has an outdated place of the pair. */
function partsOf(facts: PairFacts, { pullRequests: { strategy } }: Desired, nameBranch: BranchName): Part[] {
  const { pair, image, key } = facts;
  if (!image || key === undefined) return [];
  const outdated = new Set(outdatedTargets(facts).map(({ target }) => baseOf(target)));
  return [...Map.groupBy(pair.targets, baseOf)].flatMap(([base, targets]) => {
    const [first] = targets;
    if (!first || !outdated.has(base)) return [];
    return [
      {
        facts,
        base: { url: first.into.url, branch: first.into.branch },
        target: first,
        branch: nameBranch(pair, first.into, image.releaseTag),
        change: changeId({ targets: targets.map(place), key }),
        alone: strategy !== 'grouped',
      },
    ];
  });
}

function baseOf({ into }: Target): string {
  return `${into.url} ${into.branch}`;
}

/** A target as the change knows it: where, not what it is called in the config. */
function place({ into, ...target }: Target): unknown {
  return { ...target, repository: into.url, branch: into.branch };
}

export function membersOf(unit: Unit, pairs: ReadonlyMap<string, PairFacts>): PairFacts[] {
  return unit.members.flatMap((name) => pairs.get(name) ?? []);
}
