import { joinReference } from '../manifests/image-reference.ts';
import type { DeliveryItem, DeliveryPlan } from './actions.ts';
import { updateAttempts } from './attempts.ts';
import { decide, type Decision } from './decide.ts';
import { isUpToDate, parentsOf } from './needs.ts';
import { withFailures } from './failures.ts';
import type { Observed, PairFacts, UnitFacts } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { pairName, type Desired } from './pair.ts';
import {
  buildGroups,
  foreignRun,
  planBuilds,
  pruneBuilds,
  retagAction,
  type BuildGroup,
} from './plan-builds.ts';
import { planProposals } from './plan-proposals.ts';

/** Pure: a state and a reason for every pair, and what the next round does. */
export function plan(
  desired: Desired,
  observed: Observed,
  options: DeliveryOptions,
  now: number,
): DeliveryPlan {
  const attempts = updateAttempts(observed);
  const groups = buildGroups(observed, attempts, now);
  const parentsOfOthers = parentsOf(observed.pairs.values());
  const decisions = new Map<string, Decision>();
  for (const [name, facts] of observed.pairs) {
    const group = groups.get(name);
    const running = group?.running ?? foreignRun(observed, facts);
    decisions.set(
      name,
      decide(facts, {
        now,
        parentsOfOthers,
        parents: parentDecisions(facts, decisions),
        units: unitsWith(name, observed),
        ...(running && { running }),
        ...(group && { memory: group.memory }),
      }),
    );
  }
  const inState = (...states: readonly string[]) =>
    [...observed.pairs].filter(([name]) => states.includes(decisions.get(name)?.state ?? ''));
  const builds = planBuilds(dueBuilds(inState('build'), groups), observed, options);
  const proposals = planProposals({
    desired,
    observed,
    options,
    now,
    coming: comingImages(observed, decisions),
    upToDate: new Set(inState('up-to-date').map(([name]) => name)),
  });
  const waiting = new Map([...builds.waiting, ...proposals.waiting]);
  const retags = inState('retag').flatMap(([, facts]) => retagAction(facts));
  const items = [...observed.pairs].map(([name, facts]) =>
    item(facts, decisions.get(name), waiting.get(name), observed, groups.get(name)),
  );
  const actions = [
    ...builds.actions,
    ...new Map(retags.map((action) => [action.key, action])).values(),
    ...proposals.actions,
    ...pruneBuilds(observed, options),
  ];
  return {
    system: 'delivery',
    at: new Date(now).toISOString(),
    items: withFailures(items, actions, observed),
    actions,
    ...(proposals.notes.length > 0 && { notes: proposals.notes }),
  };
}

/**
 * Pairs whose image comes by what is under way or starts now, parents before children. One whose parent has failed or
 * is held, or that no builder is there for, is not coming: nobody should wait for it.
 */
function comingImages(observed: Observed, decisions: ReadonlyMap<string, Decision>): ReadonlySet<string> {
  const coming = new Set<string>();
  for (const [name, { pair, parents }] of observed.pairs) {
    const state = decisions.get(name)?.state;
    const canBuild =
      observed.builderProblem === undefined &&
      parents.every(
        ({ reference, application }) =>
          reference !== undefined || coming.has(pairName({ application, version: pair.version })),
      );
    if (state === 'building' || state === 'retag' || (state === 'build' && canBuild)) coming.add(name);
  }
  return coming;
}

/** What was decided of the pairs that one builds on, by application. */
function parentDecisions(
  { pair }: PairFacts,
  decisions: ReadonlyMap<string, Decision>,
): ReadonlyMap<string, Decision> {
  return new Map(
    pair.parents.flatMap(({ application }): [string, Decision][] => {
      const decision = decisions.get(pairName({ application, version: pair.version }));
      return decision ? [[application, decision]] : [];
    }),
  );
}

/**
 * Groups with a member that wants its image built now, that one first; those that wait for a parent have no key and no
 * group.
 */
function dueBuilds(
  pairs: readonly [string, PairFacts][],
  groups: ReadonlyMap<string, BuildGroup>,
): BuildGroup[] {
  const due = new Map<BuildGroup, BuildGroup>();
  for (const [name, facts] of pairs) {
    const group = groups.get(name);
    if (!group || group.running || due.has(group)) continue;
    due.set(group, { ...group, members: [facts, ...group.members.filter((one) => one !== facts)] });
  }
  return [...due.values()];
}

function unitsWith(name: string, observed: Observed): UnitFacts[] {
  return observed.units.filter(({ unit }) => unit.members.includes(name));
}

function item(
  facts: PairFacts,
  decision: Decision | undefined,
  waiting: string | undefined,
  observed: Observed,
  group: BuildGroup | undefined,
): DeliveryItem {
  const { pair, source, image, key, targets } = facts;
  const state = decision?.state ?? 'blocked';
  const waits = waiting !== undefined && (state === 'build' || state === 'update');
  return {
    application: pair.application,
    version: pair.version,
    state,
    reason: waits ? waiting : (decision?.reason ?? ''),
    ...(decision?.unreadable && { unreadable: true }),
    ...(pair.source && {
      source: {
        repository: pair.source.url,
        branch: pair.source.branch,
        ...(source && { head: source.head, commit: source.commit }),
      },
    }),
    ...(source && {
      inputs: {
        hash: source.inputs.hash,
        paths: source.inputs.paths,
        ...(source.inputs.note && { note: source.inputs.note }),
      },
    }),
    ...(key && { key }),
    image: {
      name: pair.image,
      ...(image && { tag: image.releaseTag }),
      ...(image?.digest && { digest: image.digest }),
    },
    targets: targets.map((target) => ({
      repository: target.target.into.url,
      branch: target.target.into.branch,
      file: target.file,
      current: joinReference(target.current),
      relation: target.relation,
      upToDate: isUpToDate(facts, target),
    })),
    ...(state === 'building' && group?.running && { build: group.running.name }),
    pullRequests: unitsWith(pairName(pair), observed).flatMap(({ pullRequest }) =>
      pullRequest ? [{ number: pullRequest.number, url: pullRequest.url }] : [],
    ),
  };
}
