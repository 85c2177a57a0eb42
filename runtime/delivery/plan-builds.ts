import { labels } from '../api/labels.ts';
import type { Build, BuildRequest } from '../ports/index.ts';
import { runName } from '../source/run-name.ts';
import type { BuildAction, PruneBuildAction, RetagAction } from './actions.ts';
import { buildMemory, type AttemptsByPair, type BuildMemory } from './attempts.ts';
import type { Observed, PairFacts } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { pairName } from './pair.ts';

/** Pairs whose images are one: the same name and key. The first one gives the build its name and keeps its memory. */
export interface BuildGroup {
  readonly image: string;
  readonly key: string;
  readonly members: readonly PairFacts[];
  readonly memory: BuildMemory;
  readonly running?: Build;
}

/** By pair name; pairs without a key have none. */
export function buildGroups(
  observed: Observed,
  attempts: AttemptsByPair,
  now: number,
): ReadonlyMap<string, BuildGroup> {
  const keyed = [...observed.pairs.values()].flatMap((facts) =>
    facts.key === undefined ? [] : [{ facts, key: facts.key }],
  );
  const groups = new Map<string, BuildGroup>();
  for (const group of Map.groupBy(keyed, ({ facts, key }) => `${facts.pair.image} ${key}`).values()) {
    const [first] = group;
    if (!first) continue;
    const members = group.map(({ facts }) => facts);
    const { image } = first.facts.pair;
    const kin = [...observed.pairs.values()].filter(({ pair }) => pair.image === image);
    const running = observed.builds.find((build) => isRunningFor(build, first.key, kin));
    const built: BuildGroup = {
      image,
      key: first.key,
      members,
      memory: buildMemory(first.key, members, attempts, now, kin),
      ...(running && { running }),
    };
    for (const { pair } of members) groups.set(pairName(pair), built);
  }
  return groups;
}

/** @param kin pairs of the image: the one that the build was started for may want another key by now */
function isRunningFor(build: Build, key: string, kin: readonly PairFacts[]): boolean {
  return isRunning(build) && build.owned && build.key === key && kin.some(({ pair }) => isOf(build, pair));
}

/** A run of the pair that somebody else started, whatever it builds. */
export function foreignRun(observed: Observed, { pair }: PairFacts): Build | undefined {
  return observed.builds.find((build) => isRunning(build) && !build.owned && isOf(build, pair));
}

function isRunning(build: Build): boolean {
  return build.phase === 'pending' || build.phase === 'running';
}

function isOf(build: Build, pair: { readonly application: string; readonly version: string }): boolean {
  return (
    build.labels[labels.application] === pair.application && build.labels[labels.version] === pair.version
  );
}

/** Builds to start now, as many as there is room for; the others wait, with a reason. */
export function planBuilds(
  due: readonly BuildGroup[],
  observed: Observed,
  options: DeliveryOptions,
): { actions: BuildAction[]; waiting: Map<string, string> } {
  const waiting = new Map<string, string>();
  const room = observed.builderProblem === undefined ? Math.max(0, observed.capacity) : 0;
  const started = due.slice(0, room);
  for (const { members } of due.slice(started.length))
    for (const { pair } of members)
      waiting.set(pairName(pair), observed.builderProblem ?? 'waits for a free builder');
  return { actions: started.map((group) => buildAction(group, options)), waiting };
}

function buildAction({ image, key, members, memory }: BuildGroup, options: DeliveryOptions): BuildAction {
  const [leader] = members;
  const request = leader && buildRequest(leader, memory.next, options);
  if (!request) throw new Error(`no source for ${image}`);
  return {
    key: `build/${image}/${key}/${memory.next}`,
    kind: 'build',
    why: `the inputs of ${image} changed last in ${request.source.commit.slice(0, 12)} and have no image yet`,
    pairs: members.map((member) => pairName(member.pair)),
    attempt: memory.next,
    request: { ...request, ...(memory.announced && { name: memory.announced }) },
  };
}

/** Undefined where the source, or the image of a parent, is not known. */
export function buildRequest(
  facts: PairFacts,
  attempt: number,
  options: Pick<DeliveryOptions, 'installation'>,
): BuildRequest | undefined {
  const { pair, source, image, key } = facts;
  if (!pair.source || !source || !image || key === undefined) return undefined;
  const { application, version, context, dockerfile, target, platforms } = pair;
  return {
    name: runName({ application, version, key, attempt }),
    key,
    labels: {
      [labels.application]: application,
      [labels.version]: version,
      [labels.imageTag]: image.releaseTag,
      [labels.owner]: options.installation,
    },
    source: { repository: pair.source.url, commit: source.commit, context, dockerfile },
    ...(target && { target }),
    platforms,
    buildArgs: buildArgs(facts),
    image: { name: image.name, tags: [image.keyTag, image.releaseTag] },
  };
}

/** The declared ones with the commit filled in, and the images of the parents. */
function buildArgs({ pair, source, parents }: PairFacts): Record<string, string> {
  const declared = Object.entries(pair.buildArgs).map(([name, value]) => [
    name,
    value.replaceAll('${commit}', source?.commit ?? ''),
  ]);
  const handedOver = parents.flatMap(({ buildArg, pull }) =>
    buildArg !== undefined && pull !== undefined ? [[buildArg, pull]] : [],
  );
  return Object.fromEntries([...declared, ...handedOver]) as Record<string, string>;
}

export function retagAction({ image }: PairFacts): RetagAction[] {
  if (image?.digest === undefined) return [];
  return [
    {
      key: `retag/${image.name}:${image.releaseTag}@${image.digest}`,
      kind: 'retag',
      why: `${image.name}:${image.keyTag} has these inputs already`,
      image: image.name,
      digest: image.digest,
      tag: image.releaseTag,
    },
  ];
}

/** Ended builds of ours beyond the newest few of each pair. */
export function pruneBuilds(observed: Observed, options: DeliveryOptions): PruneBuildAction[] {
  const ended = observed.builds.filter((build) => build.owned && !isRunning(build));
  const byPair = Map.groupBy(
    ended,
    (build) => `${build.labels[labels.version] ?? ''} ${build.labels[labels.application] ?? ''}`,
  );
  return [...byPair.values()].flatMap((builds) =>
    builds
      .toSorted((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0))
      .slice(options.keepBuilds)
      .map(({ name }) => ({
        key: `prune/${name}`,
        kind: 'prune-build' as const,
        why: `newer builds of it are kept (${options.keepBuilds})`,
        name,
      })),
  );
}
