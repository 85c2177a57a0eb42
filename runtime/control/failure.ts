import { PortError, type Fault } from '../ports/errors.ts';
import { backoffDelay, seededRandom, type BackoffPolicy } from './backoff.ts';

const minute = 60_000;

/**
 * `transient`: repeating it later can succeed without anybody changing anything.
 * `permanent`: the content, the configuration or a permission is to blame.
 */
export type FailureKind = 'transient' | 'permanent';

export interface Failure {
  readonly kind: FailureKind;
  /** CamelCase word, equal for equal causes. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
}

const ofFault: Readonly<Record<Fault, Pick<Failure, 'kind' | 'reason'>>> = {
  transient: { kind: 'transient', reason: 'Unavailable' },
  'rate-limited': { kind: 'transient', reason: 'RateLimited' },
  conflict: { kind: 'transient', reason: 'Conflict' },
  cancelled: { kind: 'transient', reason: 'Cancelled' },
  'not-found': { kind: 'permanent', reason: 'NotFound' },
  denied: { kind: 'permanent', reason: 'Denied' },
  invalid: { kind: 'permanent', reason: 'Invalid' },
};

/** What an error means for the next attempt. Whatever is no `PortError` is a mistake in the program: `InternalError`. */
export function classify(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof PortError) return { ...ofFault[error.fault], message };
  return { kind: 'permanent', reason: 'InternalError', message };
}

/** One attempt that failed. */
export interface Attempt {
  /** When it failed, milliseconds since 1970. */
  readonly at: number;
  readonly kind: FailureKind;
  readonly reason: string;
  /** What was tried (the build key): another key is another attempt at something else. */
  readonly key: string;
  /** It failed in company, as `markInfrastructure` found, and costs nothing. */
  readonly infrastructure?: boolean;
}

export interface RetryPolicy {
  /** How often a permanent failure is tried again. */
  readonly limit: number;
  /** Milliseconds before the first, second, … of these tries; the last one goes for all that follow. */
  readonly delays: readonly [number, ...number[]];
  /** Between transient failures, which are retried without end. */
  readonly transient: BackoffPolicy;
}

export const defaultRetryPolicy: RetryPolicy = {
  limit: 3,
  delays: [minute, 10 * minute, 60 * minute],
  transient: { base: 10_000, max: 30 * minute },
};

export type RetryDecision =
  | 'retry-now'
  /** Milliseconds since 1970. */
  | { readonly waitUntil: number }
  /** A sentence for a person. */
  | { readonly stopped: string };

/**
 * Whether to try `key` again. Pure: the jitter comes from the key, so that asking twice gives one answer.
 * @param question.attempts failures, oldest first; those of other keys do not count
 * @param question.forgiven a person said retry then (milliseconds since 1970): failures up to it do not count
 */
export function retryDecision(question: {
  readonly key: string;
  readonly attempts: readonly Attempt[];
  readonly policy?: RetryPolicy;
  readonly forgiven?: number;
  readonly now: number;
}): RetryDecision {
  const { key, policy = defaultRetryPolicy, forgiven = -Infinity, now } = question;
  const attempts = question.attempts.filter((one) => one.key === key && one.at > forgiven);
  const last = attempts.at(-1);
  if (!last) return 'retry-now';
  const paid = attempts.filter(costs).length;
  if (paid > policy.limit) {
    const times = paid === 1 ? 'once' : `${paid} times`;
    const reason = attempts.findLast(costs)?.reason ?? last.reason;
    return {
      stopped: `failed ${times} (${reason}); tried again when its input changes or a person says retry`,
    };
  }
  const delay = delayAfter(last, attempts, paid, policy);
  // A failure further ahead than its delay was stamped by a clock that has been set back since: do not wait for that.
  const waitUntil = last.at - now > delay ? now : last.at + delay;
  return waitUntil <= now ? 'retry-now' : { waitUntil };
}

function costs(attempt: Attempt): boolean {
  return attempt.kind === 'permanent' && attempt.infrastructure !== true;
}

function delayAfter(last: Attempt, attempts: readonly Attempt[], paid: number, policy: RetryPolicy): number {
  const seed = `${last.key}/${attempts.length}`;
  if (!costs(last)) {
    const streak = attempts.length - 1 - attempts.findLastIndex(costs);
    return backoffDelay(streak, policy.transient, () => seededRandom(seed));
  }
  const [first] = policy.delays;
  const delay = policy.delays[Math.min(paid, policy.delays.length) - 1] ?? first;
  // A tenth more at most: enough that what failed together is not retried together.
  return Math.round(delay * (1 + seededRandom(seed) / 10));
}

export interface InfrastructurePolicy {
  /** Milliseconds. */
  readonly window: number;
  /** So many different keys, failing in one way within the window, do not all have themselves to blame. */
  readonly distinctKeys: number;
}

export const defaultInfrastructurePolicy: InfrastructurePolicy = { window: 10 * minute, distinctKeys: 3 };

type Failed = Pick<Attempt, 'key' | 'reason' | 'at'>;

/** Reasons for which several different keys have failed in the window that ends now: the infrastructure is to blame. */
export function infrastructureFailures(
  failures: readonly Failed[],
  policy: InfrastructurePolicy,
  now: number,
): ReadonlySet<string> {
  const recent = failures.filter((one) => one.at <= now && now - one.at <= policy.window);
  const found = new Set<string>();
  for (const [reason, same] of Map.groupBy(recent, (one) => one.reason)) {
    if (new Set(same.map((one) => one.key)).size >= policy.distinctKeys) found.add(reason);
  }
  return found;
}

/**
 * Marks every attempt that failed in company: some window around it holds failures of several keys for its reason.
 * A mark stays; stored with the attempt, it outlives the evidence, which goes when the others recover.
 * Give it the attempts of all items at once; the answer has the same order.
 */
export function markInfrastructure<A extends Attempt>(
  attempts: readonly A[],
  policy: InfrastructurePolicy = defaultInfrastructurePolicy,
): readonly A[] {
  const marked = new Set<A>();
  for (const same of Map.groupBy(attempts, (one) => one.reason).values()) {
    for (const one of failedTogether(same, policy)) marked.add(one);
  }
  return attempts.map((one) => (marked.has(one) ? { ...one, infrastructure: true } : one));
}

/** Those of the failures that lie in a window with enough different keys. */
function failedTogether<F extends Failed>(
  failures: readonly F[],
  policy: InfrastructurePolicy,
): readonly F[] {
  const sorted = failures.toSorted((a, b) => a.at - b.at);
  const found: F[] = [];
  const keys = new Map<string, number>();
  let start = 0;
  let foundUpTo = 0;
  for (const [end, last] of sorted.entries()) {
    keys.set(last.key, (keys.get(last.key) ?? 0) + 1);
    for (let first = sorted[start]; first && last.at - first.at > policy.window; first = sorted[++start]) {
      const left = (keys.get(first.key) ?? 0) - 1;
      if (left > 0) keys.set(first.key, left);
      else keys.delete(first.key);
    }
    if (keys.size < policy.distinctKeys) continue;
    found.push(...sorted.slice(Math.max(start, foundUpTo), end + 1));
    foundUpTo = end + 1;
  }
  return found;
}
