import { applicationVersionKind } from '../api/application-version.ts';
import { PortError, type Oid, type Ports } from '../ports/index.ts';
import type { Guards } from './guards.ts';
import { imagesInUse } from './images-in-use.ts';
import { ImageObserver, type ImageView } from './observe-images.ts';
import { observePullRequests } from './observe-pull-requests.ts';
import { observeRefs, type Refs } from './observe-refs.ts';
import { observeSources, type SourceView } from './observe-relations.ts';
import type { InputsMemo } from './observe-sources.ts';
import { observeTargets, type TargetsMemo, type TargetTexts } from './observe-targets.ts';
import { observeUnits } from './observe-units.ts';
import type { Observed, PairFacts, Problem, StoredPair, TargetFacts } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { pairName, type Desired, type Pair, type Target } from './pair.ts';
import { problemOf, type Read } from './read.ts';
import { unitsOf } from './units.ts';

export type DeliveryPorts = Pick<Ports, 'builder' | 'clock' | 'forge' | 'git' | 'objects' | 'registry'>;

/** Reads the outside. Changes nothing; what cannot be read is a problem of the pairs that need it. */
export async function observe(
  desired: Desired,
  ports: DeliveryPorts,
  options: DeliveryOptions,
  memory: { readonly inputs: InputsMemo; readonly targets: TargetsMemo; readonly guards: Guards },
  signal: AbortSignal,
): Promise<Observed> {
  const { guards } = memory;
  const [state, building] = await Promise.all([readStored(ports, signal), observeBuilder(ports, signal)]);
  const stored = state.pairs;
  const pullRequests = await observePullRequests(desired, stored, ports, options, guards, signal);
  const refs = await observeRefs(desired, ports, options, guards, signal);
  const texts = await observeTargets(desired, refs, ports, memory.targets, guards, signal);
  const views = await observeSources(desired, refs, texts, ports, memory.inputs, guards, signal);
  const images = new ImageObserver({
    desired,
    views,
    texts,
    stored,
    registry: ports.registry,
    guards,
    signal,
  });
  const look = async () => {
    const pairs = new Map<string, PairFacts>(
      await Promise.all(
        desired.pairs.map(async (pair): Promise<[string, PairFacts]> => {
          const name = pairName(pair);
          const facts = pairFacts(pair, stored.get(name), views.get(pair), texts, await images.view(pair));
          return [name, withStateProblem(facts, state.problems.get(name))];
        }),
      ),
    );
    const wanted = unitsOf(desired, pairs, headIn(refs), options, ports.clock.now());
    const units = await observeUnits(wanted, { pairs, refs, pullRequests }, ports, options, guards, signal);
    return { pairs, units };
  };
  let seen = await look();
  while (!(await images.confirm(imagesInUse(seen.pairs, seen.units)))) seen = await look();
  return {
    ...seen,
    pullRequests: pullRequests.open,
    branches: refs.branches,
    taken: new Set(pullRequests.foreign.map(({ branch }) => branch)),
    ended: pullRequests.ended,
    unreadable: new Set(state.problems.keys()),
    lost: images.lost,
    ...building,
  };
}

function headIn(refs: Refs): (target: Target) => Oid | undefined {
  return ({ into }) => {
    const head = refs.head(into);
    return head.ok ? head.value : undefined;
  };
}

interface Stored {
  readonly pairs: ReadonlyMap<string, StoredPair>;
  /** Why the object of a pair cannot be read, by name. */
  readonly problems: ReadonlyMap<string, string>;
}

async function readStored(ports: DeliveryPorts, signal: AbortSignal): Promise<Stored> {
  const { items, invalid } = await ports.objects.list(applicationVersionKind, { signal });
  return {
    pairs: new Map(items.map((item) => [item.metadata.name, item])),
    problems: new Map(invalid.map(({ name, problem }) => [name, problem])),
  };
}

async function observeBuilder(
  { builder }: DeliveryPorts,
  signal: AbortSignal,
): Promise<Pick<Observed, 'builds' | 'capacity' | 'builderProblem'>> {
  const builds = await builder.list(signal);
  try {
    return { builds, capacity: await builder.capacity(signal) };
  } catch (error) {
    if (error instanceof PortError && error.fault !== 'cancelled')
      return { builds, capacity: 0, builderProblem: problemOf(error).reason };
    throw error;
  }
}

function pairFacts(
  pair: Pair,
  stored: StoredPair | undefined,
  view: Read<SourceView> | undefined,
  texts: TargetTexts,
  image: ImageView,
): PairFacts {
  const targets: TargetFacts[] = [];
  const problems: Problem[] = [];
  if (view && !view.ok) problems.push(view.problem);
  for (const target of pair.source ? pair.targets : []) {
    const text = texts.get(target);
    if (text && !text.ok) problems.push(text.problem);
    const deployed = view?.ok ? view.value.deployed.get(target) : undefined;
    if (text?.ok && deployed)
      targets.push({
        target,
        ...text.value,
        relation: deployed.relation,
        ...(deployed.commit && { deployedCommit: deployed.commit }),
      });
  }
  if (image.problem) problems.push(image.problem);
  return {
    pair,
    ...(stored && { stored }),
    ...(problems.length > 0 && { problem: joined(problems) }),
    ...(view?.ok && { source: view.value.source }),
    targets,
    ...(image.key && { key: image.key }),
    parents: image.parents,
    ...(image.image && { image: image.image }),
  };
}

/** Without a person's word of the pair, nothing is done to it. */
function withStateProblem(facts: PairFacts, problem: string | undefined): PairFacts {
  if (problem === undefined) return facts;
  const reason = `what is stored of it cannot be read: ${problem}`;
  return { ...facts, problem: { reason, retryable: false, unreadable: true } };
}

/** Permanent ones first: they are what a person must mend. */
function joined(problems: readonly Problem[]): Problem {
  const sorted = problems.toSorted((a, b) => Number(a.retryable) - Number(b.retryable));
  return {
    reason: [...new Set(sorted.map(({ reason }) => reason))].join('; '),
    retryable: problems.every(({ retryable }) => retryable),
    ...(problems.some(({ unreadable }) => unreadable) && { unreadable: true }),
  };
}
