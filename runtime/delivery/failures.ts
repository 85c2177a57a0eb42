import type { ForgeRepository } from '../ports/index.ts';
import type { DeliveryAction, DeliveryItem } from './actions.ts';
import type { Observed, UnitFacts } from './observed.ts';
import { pairName } from './pair.ts';

/** Says of every item whose next action has failed before, why: a state alone does not tell what is in the way. */
export function withFailures(
  items: readonly DeliveryItem[],
  actions: readonly DeliveryAction[],
  observed: Observed,
): DeliveryItem[] {
  const found = new Map<string, string>();
  for (const action of actions) {
    const failure = observed.failures?.get(action.key);
    if (failure === undefined) continue;
    for (const name of pairsOf(action, items, observed.units)) found.set(name, failure);
  }
  return items.map((item) => {
    const failure = found.get(pairName(item));
    return failure === undefined ? item : { ...item, reason: `${item.reason}; last tried: ${failure}` };
  });
}

/** Names of the pairs that an action is for. */
function pairsOf(
  action: DeliveryAction,
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
    case 'push':
      return members(
        ({ unit }) =>
          unit.head.repository === action.target &&
          action.branches.some(({ branch }) => branch === unit.head.branch),
      );
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
