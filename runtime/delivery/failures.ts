import type { ForgeRepository, PortError } from '../ports/index.ts';
import type { DeliveryAction, DeliveryItem, PushAction } from './actions.ts';
import type { Observed, UnitFacts } from './observed.ts';
import { pairName } from './pair.ts';
import { PushError } from './push.ts';
import { problemOf } from './read.ts';

/** How an action ended, by what is kept in mind of it: a push succeeds or fails branch by branch. */
export function endingsOf(
  action: DeliveryAction,
  error: PortError | undefined,
): ReadonlyMap<string, string | undefined> {
  const reason = error && problemOf(error).reason;
  if (action.kind !== 'push') return new Map([[action.key, reason]]);
  return new Map(
    action.branches.map(({ branch }) => {
      const problem = error instanceof PushError ? error.branches.get(branch) : error;
      return [branchKey(action, branch), problem && problemOf(problem).reason];
    }),
  );
}

/** Not the key of the push, which is another one as soon as other branches go with it. */
function branchKey({ target }: PushAction, branch: string): string {
  return `push/${target} ${branch}`;
}

/** Says of every item whose next action has failed before, why: a state alone does not tell what is in the way. */
export function withFailures(
  items: readonly DeliveryItem[],
  actions: readonly DeliveryAction[],
  { failures, units }: Observed,
): DeliveryItem[] {
  const found = new Map<string, string>();
  const attribute = (key: string, pairs: () => readonly string[]) => {
    const failure = failures?.get(key);
    if (failure !== undefined) for (const name of pairs()) found.set(name, failure);
  };
  for (const action of actions) {
    if (action.kind !== 'push') attribute(action.key, () => pairsOf(action, items, units));
    else
      for (const { branch } of action.branches)
        attribute(branchKey(action, branch), () => pairsOnBranch(action, branch, units));
  }
  return items.map((item) => {
    const failure = found.get(pairName(item));
    return failure === undefined ? item : { ...item, reason: `${item.reason}; last tried: ${failure}` };
  });
}

/** Names of the pairs that one branch of a push is for. */
function pairsOnBranch(
  { target }: PushAction,
  branch: string,
  units: readonly UnitFacts[],
): readonly string[] {
  return units
    .filter(({ unit: { head } }) => head.repository === target && head.branch === branch)
    .flatMap(({ unit }) => unit.members);
}

/** Names of the pairs that an action is for. */
function pairsOf(
  action: Exclude<DeliveryAction, PushAction>,
  items: readonly DeliveryItem[],
  units: readonly UnitFacts[],
): readonly string[] {
  const members = (fits: (unit: UnitFacts) => boolean) =>
    units.filter(fits).flatMap(({ unit }) => unit.members);
  switch (action.kind) {
    case 'build':
      return action.pairs;
    case 'retag':
      return items
        .filter(({ image }) => image.name === action.image && image.tag === action.tag)
        .map((item) => pairName(item));
    case 'open-pull-request':
      return members(
        ({ unit: { forge, head, base } }) =>
          sameRepository(forge, action.repository) &&
          head.branch === action.head.branch &&
          base === action.base,
      );
    case 'describe-pull-request':
      return members(
        ({ unit, pullRequest }) =>
          pullRequest?.number === action.number && sameRepository(unit.forge, action.repository),
      );
    case 'close-pull-request':
    case 'prune-build':
      return [];
  }
}

function sameRepository(one: ForgeRepository, other: ForgeRepository): boolean {
  return one.host === other.host && one.owner === other.owner && one.name === other.name;
}
