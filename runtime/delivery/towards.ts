import type { DeliveryAction, DeliveryPlan, PushAction } from './actions.ts';
import type { ForgeRepository } from '../ports/index.ts';
import type { Observed } from './observed.ts';
import { pairName, type Desired, type Pair } from './pair.ts';
import { lineage } from './scope.ts';

/** What a person wants done: the image alone, or the pull request alone. */
export type Goal = 'image' | 'pull-request';

/** The plan with the actions that lead one pair to the goal, and no other. Pure. */
export function towards(
  goal: Goal,
  pair: Pair,
  plan: DeliveryPlan,
  desired: Desired,
  observed: Observed,
): DeliveryPlan {
  const names = goal === 'image' ? lineage(desired, pair) : new Set([pairName(pair)]);
  const actions = plan.actions.flatMap((action) =>
    goal === 'image'
      ? isForImage(action, names, observed)
        ? [action]
        : []
      : forPullRequest(action, pairName(pair), observed),
  );
  return { ...plan, actions };
}

function isForImage(action: DeliveryAction, names: ReadonlySet<string>, observed: Observed): boolean {
  if (action.kind === 'build') return action.pairs.some((name) => names.has(name));
  if (action.kind !== 'retag') return false;
  return [...names].some((name) => {
    const image = observed.pairs.get(name)?.image;
    return image?.name === action.image && image.releaseTag === action.tag;
  });
}

function forPullRequest(action: DeliveryAction, name: string, observed: Observed): DeliveryAction[] {
  switch (action.kind) {
    case 'build':
    case 'prune-build':
      return [];
    case 'retag':
      return isForImage(action, new Set([name]), observed) ? [action] : [];
    case 'push':
      return ownBranches(action, name, observed);
    case 'open-pull-request': {
      const { repository, head, base } = action;
      return isOpenedFor(name, repository, head.branch, base, observed) ? [action] : [];
    }
    case 'describe-pull-request':
    case 'close-pull-request':
      return isPullRequestOf(name, action.number, action.repository, observed) ? [action] : [];
  }
}

function ownBranches(action: PushAction, name: string, observed: Observed): PushAction[] {
  const branches = action.branches.filter(({ branch }) =>
    observed.units.some(
      ({ unit }) =>
        unit.members.includes(name) &&
        unit.repository === action.repository &&
        unit.head.repository === action.target &&
        unit.head.branch === branch,
    ),
  );
  if (branches.length === 0) return [];
  const key = `${action.key}/${name}`;
  const why = `branch ${branches.map(({ branch }) => branch).join(', ')} of ${action.target} to carry its new image`;
  return [{ ...action, key, why, branches, deletions: [] }];
}

function isOpenedFor(
  name: string,
  repository: ForgeRepository,
  branch: string,
  base: string,
  observed: Observed,
): boolean {
  return observed.units.some(
    ({ unit }) =>
      unit.members.includes(name) &&
      isSame(unit.forge, repository) &&
      unit.head.branch === branch &&
      unit.base === base,
  );
}

function isPullRequestOf(
  name: string,
  number: number,
  repository: ForgeRepository,
  observed: Observed,
): boolean {
  return observed.pullRequests.some(
    ({ marker, forge, ...one }) =>
      one.number === number &&
      isSame(forge, repository) &&
      marker.applications.some((application) => pairName({ application, version: marker.version }) === name),
  );
}

function isSame(a: ForgeRepository, b: ForgeRepository): boolean {
  return a.host === b.host && a.owner === b.owner && a.name === b.name;
}
