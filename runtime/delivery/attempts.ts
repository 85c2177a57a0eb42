import type { BuildAttempt } from '../api/application-version.ts';
import { markInfrastructure, retryDecision, type Attempt, type RetryDecision } from '../control/failure.ts';
import type { Build } from '../ports/index.ts';
import type { Observed, PairFacts } from './observed.ts';
import { pairName } from './pair.ts';

const keptAttempts = 10;

/** The build memory of every pair, brought up to date with what the builder shows. Pure. */
export type AttemptsByPair = ReadonlyMap<string, readonly BuildAttempt[]>;

export function updateAttempts(observed: Observed): AttemptsByPair {
  const builds = new Map(observed.builds.map((build) => [build.name, build]));
  const updated = new Map<string, BuildAttempt[]>();
  for (const [name, { stored }] of observed.pairs)
    updated.set(
      name,
      (stored?.status?.attempts ?? []).map((attempt) => settle(attempt, builds.get(attempt.build))),
    );
  return marked(updated);
}

/** What the builder says of an attempt that we have started. One that it does not know was never started. */
function settle(attempt: BuildAttempt, build: Build | undefined): BuildAttempt {
  if (attempt.outcome !== 'started' || !build || build.key !== attempt.key) return attempt;
  const finishedAt = new Date(build.finishedAt ?? Date.parse(attempt.startedAt)).toISOString();
  switch (build.phase) {
    case 'pending':
    case 'running':
      return attempt;
    case 'succeeded':
      return { ...attempt, outcome: 'succeeded', finishedAt };
    case 'cancelled':
      return { ...attempt, outcome: 'cancelled', finishedAt, reason: 'Cancelled' };
    case 'failed': {
      const { kind, reason, message } = build.failure ?? { kind: 'permanent', reason: 'Failed', message: '' };
      return { ...attempt, outcome: kind, finishedAt, reason, message };
    }
  }
}

/** Different keys that failed in one way within minutes did not all fail by themselves. */
function marked(attempts: ReadonlyMap<string, readonly BuildAttempt[]>): AttemptsByPair {
  const failures = [...attempts].flatMap(([pair, list]) =>
    list.flatMap((attempt) => {
      const failure = asFailure(attempt);
      return failure ? [{ ...failure, pair, build: attempt.build }] : [];
    }),
  );
  const infrastructure = new Set(
    markInfrastructure(failures).flatMap((one) => (one.infrastructure ? [`${one.pair} ${one.build}`] : [])),
  );
  return new Map(
    [...attempts].map(([pair, list]) => [
      pair,
      list.map((attempt) =>
        infrastructure.has(`${pair} ${attempt.build}`) ? { ...attempt, infrastructure: true } : attempt,
      ),
    ]),
  );
}

function asFailure(attempt: BuildAttempt): Attempt | undefined {
  if (attempt.outcome !== 'permanent' && attempt.outcome !== 'transient') return undefined;
  return {
    at: Date.parse(attempt.finishedAt ?? attempt.startedAt),
    kind: attempt.outcome,
    reason: attempt.reason ?? 'Failed',
    key: attempt.key,
    ...(attempt.infrastructure && { infrastructure: true }),
  };
}

/** What the memory of the pairs that share a build says of building their key. */
export interface BuildMemory {
  readonly decision: RetryDecision;
  /** Attempt to start next: an announced one that never started is the same attempt. */
  readonly next: number;
  /** Name of the announced build: it counts as started once, whoever starts it and however late. */
  readonly announced?: string;
  readonly lastFailure?: BuildAttempt;
  /** A person cancelled the last attempt: it is not started again by itself. */
  readonly cancelled: boolean;
}

/**
 * @param sharing pairs that want this key now
 * @param others pairs of the same image that may have wanted it before, and have announced its build
 */
export function buildMemory(
  key: string,
  sharing: readonly PairFacts[],
  attempts: AttemptsByPair,
  now: number,
  others: readonly PairFacts[] = [],
): BuildMemory {
  const own = attemptsAt(key, [...sharing, ...others], attempts);
  const forgiven = Math.max(
    ...sharing.map(({ stored }) => Date.parse(stored?.spec.retry ?? '') || -Infinity),
  );
  const last = own.at(-1);
  const number = last?.number ?? 0;
  const cancelled = last?.outcome === 'cancelled' && Date.parse(last.finishedAt ?? last.startedAt) > forgiven;
  const unseen = last && unseenImage(last);
  const failures = [...own.filter((one) => asFailure(one) !== undefined), ...(unseen ? [unseen] : [])];
  const lastFailure = failures.at(-1);
  return {
    decision: retryDecision({
      key,
      attempts: failures.flatMap((attempt) => asFailure(attempt) ?? []),
      forgiven,
      now,
    }),
    next: last?.outcome === 'started' ? number : number + 1,
    ...(last?.outcome === 'started' && { announced: last.build }),
    ...(lastFailure && { lastFailure }),
    cancelled,
  };
}

/** Oldest first, each once. */
function attemptsAt(key: string, pairs: readonly PairFacts[], attempts: AttemptsByPair): BuildAttempt[] {
  const found = pairs
    .flatMap(({ pair }) => attempts.get(pairName(pair)) ?? [])
    .filter((attempt) => attempt.key === key);
  const byBuild = new Map(found.map((attempt) => [`${attempt.build} ${attempt.number}`, attempt]));
  return [...byBuild.values()].toSorted((a, b) => a.number - b.number);
}

/**
 * Memory is asked only where the image is missing. After a build that pushed it, the registry's answer is more likely
 * to be old than the image to be gone, so it is asked again before another build starts.
 */
function unseenImage(last: BuildAttempt): BuildAttempt | undefined {
  if (last.outcome !== 'succeeded') return undefined;
  const message = `${last.build} pushed the image, and the registry does not show it`;
  return { ...last, outcome: 'transient', reason: 'ImageMissing', message };
}

/** Adds the intent to start; the oldest attempts make room. */
export function withIntent(attempts: readonly BuildAttempt[], intent: BuildAttempt): BuildAttempt[] {
  const others = attempts.filter((one) => one.build !== intent.build);
  return [...others, intent].slice(-keptAttempts);
}
