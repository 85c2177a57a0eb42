import type {
  ApplicationVersionSpec,
  ApplicationVersionStatus,
} from '../../runtime/api/application-version.ts';
import type {
  ImageFacts,
  Observed,
  OwnPullRequest,
  PairFacts,
  SourceFacts,
  StoredPair,
  TargetFacts,
  Unit,
  UnitFacts,
} from '../../runtime/delivery/observed.ts';
import type { DeliveryOptions } from '../../runtime/delivery/options.ts';
import { pairName, type Desired, type Pair, type Target } from '../../runtime/delivery/pair.ts';
import { unitsOf } from '../../runtime/delivery/units.ts';
import type { Build } from '../../runtime/ports/index.ts';
import type { ProposalFacts } from '../../runtime/proposals/life.ts';
import { formatMarker } from '../../runtime/proposals/marker.ts';

/** Facts of a small world, each with a default, for tests of what is decided from them. */

export const now = Date.parse('2026-01-01T12:00:00Z');
export const minute = 60_000;
export const at = (minutes: number) => new Date(now + minutes * minute).toISOString();

export const manifests = { name: 'manifests', url: 'https://github.com/o/manifests', branch: 'main' };
export const source = { name: 'web', url: 'https://github.com/o/web', branch: 'main' };
export const commits = {
  new: 'a'.repeat(40),
  old: 'b'.repeat(40),
  base: 'c'.repeat(40),
  head: 'd'.repeat(40),
};
export const digests = { new: 'sha256:new', old: 'sha256:old' };

export function pair(over: Partial<Pair> = {}): Pair {
  const application = over.application ?? 'web';
  const version = over.version ?? 'v1';
  const image = over.image ?? `gcr.io/p/${application}`;
  return {
    application,
    version,
    tag: version,
    image,
    source,
    context: '',
    dockerfile: 'Dockerfile',
    platforms: [],
    buildArgs: {},
    parents: [],
    targets: [target({ directory: `${application}/${version}`, image })],
    parameters: [],
    ...over,
  };
}

type Kustomization = Extract<Target, { kind: 'kustomization' }>;

export function target(over: Partial<Kustomization> = {}): Target {
  return {
    kind: 'kustomization',
    into: manifests,
    directory: 'web',
    image: 'gcr.io/p/web',
    also: [],
    ...over,
  };
}

export function targetFacts(of: Target, over: Partial<TargetFacts> = {}): TargetFacts {
  const image = of.kind === 'kustomization' ? of.image : 'gcr.io/p/web';
  const file = of.kind === 'kustomization' ? `${of.directory}/kustomization.yaml` : of.file;
  return {
    target: of,
    file,
    current: { name: image, tag: `v1-g${commits.old.slice(0, 12)}` },
    relation: 'behind',
    deployedCommit: commits.old,
    ...over,
  };
}

export const sourceFacts: SourceFacts = {
  head: commits.head,
  commit: commits.new,
  subject: 'Show the page',
  committedAt: now - 60 * minute,
  inputs: { entries: [], hash: 'inputs', paths: ['Dockerfile'] },
};

/** Built and tagged, unless it says otherwise. */
export function imageFacts(of: Pair, over: Partial<ImageFacts> = {}): ImageFacts {
  return {
    name: of.image,
    keyTag: 'k-1',
    digest: digests.new,
    releaseTag: `${of.tag}-g${commits.new.slice(0, 12)}`,
    released: true,
    ...over,
  };
}

/** A pair whose image is not built and whose manifests are behind, unless it says otherwise. */
export function facts(over: Partial<PairFacts> = {}): PairFacts {
  const of = over.pair ?? pair();
  return {
    pair: of,
    source: sourceFacts,
    targets: of.targets.map((one) => targetFacts(one)),
    key: `key-${of.image}`,
    parents: of.parents,
    image: without(imageFacts(of, { released: false }), 'digest'),
    ...over,
  };
}

/** A pair whose image is there and is to be proposed. */
export function readyFacts(over: Partial<PairFacts> = {}): PairFacts {
  const of = over.pair ?? pair();
  return facts({ pair: of, image: imageFacts(of), ...over });
}

/** A pair whose manifests have its image. */
export function upToDateFacts(over: Partial<PairFacts> = {}): PairFacts {
  const of = over.pair ?? pair();
  return facts({
    pair: of,
    targets: of.targets.map((one) => targetFacts(one, { relation: 'same' })),
    ...over,
  });
}

export function skippedFacts(name: Partial<Pair> = {}): PairFacts {
  return { pair: { ...pair(name), source: undefined, skipped: 'not listed' }, targets: [], parents: [] };
}

export const status: ApplicationVersionStatus = { state: 'build', reason: '', since: at(-10) };

export function stored(
  spec: Partial<ApplicationVersionSpec> = {},
  over: Partial<ApplicationVersionStatus> = {},
): StoredPair {
  return {
    metadata: { name: 'v1-web', resourceVersion: '1' },
    spec: { application: 'web', version: 'v1', ...spec },
    status: { ...status, ...over },
  } as StoredPair;
}

export function build(over: Partial<Build> = {}): Build {
  return {
    name: 'cd-web-v1-key-1',
    key: 'key-gcr.io/p/web',
    labels: { app: 'web', version: 'v1' },
    owned: true,
    phase: 'running',
    ...over,
  };
}

export function desired(
  pairs: readonly Pair[],
  pullRequests: Partial<Desired['pullRequests']> = {},
): Desired {
  return {
    pairs,
    pullRequests: { strategy: 'rolling', signOff: false, draft: false, ...pullRequests },
    origin: 'delivery.yaml',
  };
}

export const options: DeliveryOptions = {
  installation: 'prod',
  branchPrefix: 'slipway',
  headOwner: () => undefined,
  author: { name: 'bot', email: 'bot@example.com' },
  batchWindow: 5 * minute,
  keepBuilds: 2,
};

/** The same but for these fields. */
export function without<T extends object, K extends keyof T & string>(of: T, ...fields: K[]): Omit<T, K> {
  const kept = Object.entries(of).filter(([field]) => !fields.some((one) => one === field));
  return Object.fromEntries(kept) as Omit<T, K>;
}

/** The units that the pairs are in, as `observe` forms them. */
export function unitsIn(
  pairs: readonly PairFacts[],
  of: Desired = desired(pairs.map(({ pair }) => pair)),
  given: DeliveryOptions = options,
): Unit[] {
  return unitsOf(of, byName(pairs), () => commits.base, given, now);
}

/** What the forge shows of a unit: nothing, unless it says otherwise. */
export function unitFacts(
  unit: Unit,
  proposal: ProposalFacts = {},
  over: Partial<UnitFacts> = {},
): UnitFacts {
  const { open } = proposal;
  const change = open?.current === false ? 'older' : unit.change;
  return {
    unit,
    facts: proposal,
    ...(open && { pullRequest: pullRequest(unit, { number: open.number, marker: markerOf(unit, change) }) }),
    ...over,
  };
}

/** How far a unit has come. */
export const pushed = (unit: Unit): ProposalFacts => ({
  branch: { head: commits.head, change: unit.change, stale: false },
});
export const proposed = (unit: Unit, number = 1): ProposalFacts => ({
  ...pushed(unit),
  open: { number, current: true },
});
export const edited: ProposalFacts = { branch: { head: commits.head, stale: false } };
export const rejected = (unit: Unit, outcome: 'rejected' | 'merged' = 'rejected'): ProposalFacts => ({
  last: { number: 7, change: unit.change, outcome },
});

export function markerOf(unit: Unit, change = unit.change) {
  const [version = '', ...rest] = (unit.members[0] ?? '').split('-');
  const applications = unit.members.map((name) => name.slice(version.length + 1));
  return { installation: 'prod', version, applications: rest.length > 0 ? applications : [], change };
}

export function pullRequest(unit: Unit, over: Partial<OwnPullRequest> = {}): OwnPullRequest {
  const marker = over.marker ?? markerOf(unit);
  const number = over.number ?? 1;
  return {
    repository: unit.repository,
    forge: unit.forge,
    base: unit.base,
    branch: unit.head.branch,
    number,
    url: `https://github.com/o/manifests/pull/${number}`,
    title: 'Update',
    body: formatMarker(marker),
    marker,
    ...over,
  };
}

/** Units that are there show their pull requests among all open ones. */
export function observed(pairs: readonly PairFacts[], over: Partial<Observed> = {}): Observed {
  const units = over.units ?? [];
  return {
    pairs: byName(pairs),
    units,
    pullRequests: units.flatMap(({ pullRequest: one }) => one ?? []),
    branches: [],
    ended: new Map(),
    builds: [],
    capacity: 10,
    ...over,
  };
}

export function byName(pairs: readonly PairFacts[]): Map<string, PairFacts> {
  return new Map(pairs.map((one) => [pairName(one.pair), one]));
}
