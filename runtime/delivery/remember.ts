import { isDeepStrictEqual } from 'node:util';
import pLimit from 'p-limit';
import {
  applicationVersionKind,
  type BuildAttempt,
  type ApplicationVersionStatus,
  type RememberedPullRequest,
} from '../api/application-version.ts';
import { labels } from '../api/labels.ts';
import type { Ports } from '../ports/index.ts';
import type { BuildAction, DeliveryItem, DeliveryPlan } from './actions.ts';
import { updateAttempts, withIntent } from './attempts.ts';
import { isRetried } from './known-images.ts';
import { repositoryName } from './observe-pull-requests.ts';
import type { Observed, PairFacts, UnitFacts } from './observed.ts';
import { pairName } from './pair.ts';
import { withDismissals, withEnding } from './remembered.ts';

const keptImages = 10;

/** Pure: what every pair's status is to be once this plan is decided, the intents to build included. */
export function nextStatuses(plan: DeliveryPlan, observed: Observed): Map<string, ApplicationVersionStatus> {
  const attempts = updateAttempts(observed);
  const intents = new Map(
    plan.actions.flatMap((action) => (action.kind === 'build' ? [[action.pairs[0], action] as const] : [])),
  );
  return new Map(
    plan.items.flatMap((item): [string, ApplicationVersionStatus][] => {
      const name = pairName(item);
      const facts = observed.pairs.get(name);
      if (!facts) return [];
      const known = attempts.get(name) ?? [];
      const intent = intents.get(name);
      return [
        [
          name,
          status(
            item,
            facts,
            intent ? withIntent(known, started(intent, plan.at)) : known,
            observed,
            plan.at,
          ),
        ],
      ];
    }),
  );
}

function started(action: BuildAction, at: string) {
  return {
    key: action.request.key,
    number: action.attempt,
    build: action.request.name,
    startedAt: at,
    outcome: 'started' as const,
  };
}

function status(
  item: DeliveryItem,
  facts: PairFacts,
  attempts: readonly BuildAttempt[],
  observed: Observed,
  at: string,
): ApplicationVersionStatus {
  const before = facts.stored?.status;
  const built = builtImages(facts, observed, at);
  const pullRequests = rememberedPullRequests(facts, observed, at);
  return {
    state: item.state,
    reason: item.reason,
    since: before?.state === item.state ? before.since : at,
    ...(facts.key && { key: facts.key }),
    ...(facts.source && { commit: facts.source.commit }),
    ...(facts.image && {
      image: {
        name: facts.image.name,
        tag: facts.image.releaseTag,
        ...(facts.image.digest && { digest: facts.image.digest }),
      },
    }),
    ...(attempts.length > 0 && { attempts: [...attempts] }),
    ...(built.length > 0 && { built }),
    ...(pullRequests.length > 0 && { pullRequests }),
  };
}

/** A digest once seen needs no second question until something is made of it: a key tag never moves. */
function builtImages(
  { stored, image, key, pair }: PairFacts,
  { lost }: Observed,
  at: string,
): NonNullable<ApplicationVersionStatus['built']> {
  const before = (stored?.status?.built ?? []).filter(({ name, digest }) => !lost?.has(`${name}@${digest}`));
  if (image?.digest === undefined || key === undefined) return before;
  const known = before.find((one) => one.key === key && one.name === image.name);
  const tags = [...new Set([...(known?.tags ?? []), ...(image.released ? [image.releaseTag] : [])])];
  const asked = isRetried(stored, pair.image, key) ? at : known?.at;
  const entry = { key, name: image.name, digest: image.digest, tags, ...(asked && { at: asked }) };
  if (known && isDeepStrictEqual(known, entry)) return before;
  return [...before.filter((one) => one !== known), entry].slice(-keptImages);
}

/** The newest one of each repository and branch. */
function rememberedPullRequests(facts: PairFacts, observed: Observed, at: string): RememberedPullRequest[] {
  const name = pairName(facts.pair);
  const before = (facts.stored?.status?.pullRequests ?? []).map((one) => withEnding(one, observed.ended));
  const seen = observed.units
    .filter(({ unit }) => unit.members.includes(name))
    .flatMap((unit) => fromUnit(unit, before, at) ?? []);
  const kept = before.filter(
    (one) => !seen.some(({ repository, base }) => repository === one.repository && base === one.base),
  );
  return [...kept, ...seen.map((one) => before.find((old) => sameButTime(old, one)) ?? one)];
}

function fromUnit(
  { unit, facts, pullRequest, remembered }: UnitFacts,
  before: readonly RememberedPullRequest[],
  at: string,
): RememberedPullRequest | undefined {
  if (!pullRequest) return remembered;
  const { number, url, marker } = pullRequest;
  // A reviewer judges the branch, whose body may be behind or rewritten.
  const change = facts.branch?.change ?? marker.change;
  const repository = repositoryName(unit.repository);
  return withDismissals({ repository, base: unit.base, number, url, change, state: 'open', at }, before);
}

function sameButTime(a: RememberedPullRequest, b: RememberedPullRequest): boolean {
  return isDeepStrictEqual({ ...a, at: '' }, { ...b, at: '' });
}

/** Writes what differs, each by compare-and-swap. Throws `conflict` when somebody else wrote meanwhile. */
export async function remember(
  plan: DeliveryPlan,
  observed: Observed,
  { objects }: Pick<Ports, 'objects'>,
  installation: string,
  signal: AbortSignal,
): Promise<void> {
  const limit = pLimit(8);
  await Promise.all(
    [...nextStatuses(plan, observed)].map(([name, next]) =>
      limit(async () => {
        const facts = observed.pairs.get(name);
        if (!facts || observed.unreadable?.has(name)) return;
        if (isDeepStrictEqual(facts.stored?.status, next)) return;
        if (facts.stored) {
          await objects.updateStatus(applicationVersionKind, { ...facts.stored, status: next }, signal);
          return;
        }
        const { application, version } = facts.pair;
        const metadata = { name, labels: { [labels.owner]: installation } };
        await objects.create(
          applicationVersionKind,
          { metadata, spec: { application, version }, status: next },
          signal,
        );
      }),
    ),
  );
}
