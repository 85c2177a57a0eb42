import { createHash } from 'node:crypto';

import type { Clock } from '../ports/clock.ts';
import { PortError } from '../ports/errors.ts';

export interface BackoffPolicy {
  /** Milliseconds after the first failure. */
  readonly base: number;
  /** @default 2 */
  readonly factor?: number;
  /** Milliseconds; no delay is longer. */
  readonly max: number;
  /**
   * `full`: anywhere between nothing and the whole delay; `equal`: between half and the whole.
   * @default 'equal'
   */
  readonly jitter?: 'full' | 'equal';
}

/**
 * How long to wait, in whole milliseconds.
 * @param attempt how often it has failed, from 1
 * @param random gives a number in [0, 1)
 */
export function backoffDelay(attempt: number, policy: BackoffPolicy, random: () => number): number {
  const { base, factor = 2, max, jitter = 'equal' } = policy;
  const whole = Math.min(max, base * factor ** (attempt - 1));
  const fixed = jitter === 'full' ? 0 : whole / 2;
  return Math.round(fixed + random() * (whole - fixed));
}

/** A number in [0, 1), equal for equal seeds: jitter for decisions that must stay pure. */
export function seededRandom(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE() / 2 ** 32;
}

interface Failing {
  readonly failures: number;
  readonly retryAt: number;
}

/** Remembers, for as long as the process lives, which keys fail and when each may be tried again. */
export class Backoffs {
  readonly #clock: Clock;
  readonly #policy: BackoffPolicy;
  readonly #limit: number;
  readonly #random: () => number;
  readonly #failing = new Map<string, Failing>();

  /** @param options.limit keys remembered; beyond it the one that failed longest ago is forgotten @default 10000 */
  constructor(
    clock: Clock,
    policy: BackoffPolicy,
    options: { readonly limit?: number; readonly random?: () => number } = {},
  ) {
    this.#clock = clock;
    this.#policy = policy;
    this.#limit = options.limit ?? 10_000;
    this.#random = options.random ?? Math.random;
  }

  get size(): number {
    return this.#failing.size;
  }

  /** Counts one more failure. Gives the time before which the key is not to be tried; never sooner than `retryAfter` says. */
  failed(key: string, error?: unknown): number {
    const failures = this.failures(key) + 1;
    const asked = error instanceof PortError ? (error.retryAfter ?? 0) : 0;
    const delay = Math.max(backoffDelay(failures, this.#policy, this.#random), asked);
    const retryAt = this.#clock.now() + delay;
    this.#failing.delete(key);
    this.#failing.set(key, { failures, retryAt });
    const [oldest] = this.#failing.keys();
    if (this.#failing.size > this.#limit && oldest !== undefined) this.#failing.delete(oldest);
    return retryAt;
  }

  succeeded(key: string): void {
    this.#failing.delete(key);
  }

  /** How often the key has failed since it last succeeded. */
  failures(key: string): number {
    return this.#failing.get(key)?.failures ?? 0;
  }

  /** When the key may be tried again, milliseconds since 1970; undefined when it may be now. */
  heldUntil(key: string): number | undefined {
    const retryAt = this.#failing.get(key)?.retryAt;
    return retryAt !== undefined && retryAt > this.#clock.now() ? retryAt : undefined;
  }
}
