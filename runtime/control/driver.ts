import type { Clock } from '../ports/clock.ts';
import { PortError } from '../ports/errors.ts';
import { Backoffs } from './backoff.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { runPass, type PassResult } from './pass.ts';
import type { Plan } from './plan.ts';
import type { AnySystem } from './system.ts';

/** A system and how often to look at it. Times in milliseconds. */
export interface LoopEntry {
  readonly system: AnySystem;
  /** Between passes when nothing wakes it, give or take a tenth. */
  readonly interval: number;
  /** Of one pass. @default 600000 */
  readonly deadline?: number;
  /** Actions at a time. @default 4 */
  readonly concurrency?: number;
  /** Asked before every pass: plan, and have no effect. @default never */
  readonly suspended?: () => boolean;
}

/** How a driven system stands. Times in milliseconds since 1970. */
export interface DriverStatus {
  readonly system: string;
  readonly running: boolean;
  /** When the last pass began. */
  readonly startedAt?: number;
  /** When the last pass ended, well or not. */
  readonly finishedAt?: number;
  /** Something that we started goes on outside. */
  readonly inFlight: boolean;
  /** Why the last pass failed, for a person. */
  readonly failure?: string;
  /** The last one that a pass ended with. */
  readonly plan?: Plan;
}

export interface DriverOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly random: () => number;
  /** Called when something in flight may have moved on. */
  readonly changed: () => void;
}

/** When to make the next pass: at a time (milliseconds since 1970), or once a failure has been waited out. */
export type Next = { readonly at: number } | { readonly failure: unknown };

/** When something is in flight and the system cannot tell of its changes. */
const pollInterval = 30_000;
/** So many reasons of a pass are told apart. */
const reasonLimit = 10;

/** Makes the passes of one system, one at a time, and listens for changes in between. */
export class Driver {
  readonly #entry: LoopEntry;
  readonly #options: DriverOptions;
  readonly #logger: Logger;
  readonly #actionBackoffs: Backoffs;
  #reasons = new Set(['start']);
  #listening: AbortController | undefined;
  #heldUntil = 0;
  #status: DriverStatus;

  constructor(entry: LoopEntry, options: DriverOptions) {
    this.#entry = entry;
    this.#options = options;
    this.#logger = options.logger.child({ system: entry.system.name });
    this.#actionBackoffs = new Backoffs(
      options.clock,
      { base: 10_000, max: 30 * 60_000 },
      { random: options.random },
    );
    this.#status = { system: entry.system.name, running: false, inFlight: false };
  }

  status(): DriverStatus {
    return this.#status;
  }

  /** Why there is to be a pass, for the log. */
  woken(reason: string): void {
    if (this.#reasons.size < reasonLimit) this.#reasons.add(reason);
  }

  /** The outside asked for peace until then: a wake-up is no reason to come sooner. */
  hold(until: number): void {
    this.#heldUntil = until;
  }

  /** Milliseconds for which no pass is to be made. */
  heldFor(): number {
    return Math.max(this.#heldUntil - this.#options.clock.now(), 0);
  }

  /** One pass. Never throws: a failure is logged and returned. */
  async pass(): Promise<Next> {
    const { clock } = this.#options;
    this.#logger.debug('pass starts', { reasons: [...this.#reasons] });
    this.#reasons = new Set();
    this.#status = { ...this.#status, running: true, startedAt: clock.now() };
    try {
      const result = await this.#run();
      this.#ended({ inFlight: result.inFlight, plan: result.plan, failure: undefined });
      return { at: this.#nextTime(result) };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      // What is in flight goes on, whether we could look at it or not.
      this.#ended({ failure });
      if (this.#options.signal.aborted) this.#logger.info('pass stopped', { error });
      else if (error instanceof PortError) this.#logger.warn('pass failed', { error });
      else this.#logger.error('pass failed by a mistake in the program', { error });
      return { failure: error };
    }
  }

  async #run(): Promise<PassResult> {
    const { system, deadline = 600_000, concurrency, suspended } = this.#entry;
    const { clock, signal, logger, metrics } = this.#options;
    // From before the look: what changes while we look is not missed.
    this.#listen();
    const result = await runPass(system, {
      clock,
      signal,
      logger,
      metrics,
      concurrency,
      deadline,
      wait: false,
      backoffs: this.#actionBackoffs,
      suspended: suspended?.() ?? false,
    });
    const failed = result.outcomes.filter((one) => one.outcome === 'failed').length;
    const summary = {
      rounds: result.rounds,
      ended: result.outcomes.length,
      failed,
      inFlight: result.inFlight,
    };
    if (result.outcomes.length > 0) this.#logger.info('pass ended', summary);
    else this.#logger.debug('pass ended', summary);
    if (result.stopped === 'deadline') {
      throw new PortError('transient', system.name, `the pass did not end within ${deadline / 1000} s`, {
        remedy: 'see in the log what it waited for, or give it a longer deadline',
      });
    }
    return result;
  }

  #ended(status: Partial<DriverStatus>): void {
    this.#status = { ...this.#status, running: false, finishedAt: this.#options.clock.now(), ...status };
    if (this.#status.inFlight) return;
    this.#listening?.abort();
    this.#listening = undefined;
  }

  #nextTime(result: PassResult): number {
    const now = this.#options.clock.now();
    const resync = now + Math.round(this.#entry.interval * (0.9 + this.#options.random() / 5));
    const poll = result.inFlight && !this.#listening ? now + pollInterval : Infinity;
    return Math.min(resync, poll, result.retryAt ?? Infinity);
  }

  #listen(): void {
    if (this.#listening) return;
    const ended = new AbortController();
    const listening = AbortSignal.any([this.#options.signal, ended.signal]);
    this.#listening = ended;
    const over = () => {
      if (this.#listening === ended) this.#listening = undefined;
      return !listening.aborted;
    };
    this.#entry.system.changed(listening).then(
      () => {
        if (!over()) return;
        this.woken('change');
        this.#options.changed();
      },
      (error: unknown) => {
        if (over()) this.#logger.warn('cannot be told of changes; looking every so often', { error });
      },
    );
  }
}
