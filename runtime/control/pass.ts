import pLimit from 'p-limit';

import type { Clock } from '../ports/clock.ts';
import { isFault, PortError } from '../ports/errors.ts';
import { untilAborted } from '../ports/abort.ts';
import type { Backoffs } from './backoff.ts';
import { subscribe, type Changes } from './changes.ts';
import { History, type Outcome } from './history.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Action, Item, Plan } from './plan.ts';
import { stopping, type Stop, type StopCause } from './stop.ts';
import type { System } from './system.ts';

export interface PassOptions<I extends Item = Item, A extends Action = Action> {
  readonly clock: Clock;
  /** Stops the pass gracefully. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** True: until nothing is in flight; false: until nothing can start. */
  readonly wait: boolean;
  /** Actions at a time. @default 4 */
  readonly concurrency?: number;
  /** Milliseconds after which the pass is stopped gracefully. @default none */
  readonly deadline?: number;
  /** Milliseconds that actions under way may take to end once the pass is stopped. @default 30000 */
  readonly grace?: number;
  /** Milliseconds after which to look again when nothing told of a change. @default 15000 */
  readonly pollInterval?: number;
  /** Memory of failed keys across passes. @default within this pass alone */
  readonly backoffs?: Backoffs;
  /** Plan, and have no effect. @default false */
  readonly suspended?: boolean;
  /** Told after every round of the plan and of how actions have ended since the last call. */
  readonly onRound?: (plan: Plan<I, A>, outcomes: readonly Outcome<A>[]) => void;
  readonly metrics?: Pick<Metrics, 'passFinished' | 'actionFinished' | 'items'>;
}

export interface PassResult<I extends Item = Item, A extends Action = Action> {
  /** The last one: how things stand now, unless the pass was stopped. */
  readonly plan: Plan<I, A>;
  /** How often it observed and planned. */
  readonly rounds: number;
  readonly outcomes: readonly Outcome<A>[];
  /** Nothing could start any more and nothing was in flight; failures may have remained. */
  readonly settled: boolean;
  readonly inFlight: boolean;
  /** With a pass that was stopped before its end. */
  readonly stopped?: StopCause;
  /** When the first action held back by its backoff may start, milliseconds since 1970. */
  readonly retryAt?: number;
}

/** So often in a row what a plan remembers may meet a conflict. */
const rememberLimit = 10;

/**
 * Repeats observe, plan, act until nothing can start (and, with `wait`, nothing is in flight). One failing action stops
 * no other. Throws what `desired`, `observe`, `plan` or `remember` throw, and where it is stopped before the first plan
 * `transient` (deadline) or `cancelled` (signal).
 */
export async function runPass<D, O, I extends Item, A extends Action>(
  system: System<D, O, I, A>,
  options: PassOptions<I, A>,
): Promise<PassResult<I, A>> {
  const startedAt = options.clock.now();
  const pass = new Pass(system, options);
  try {
    const result = await pass.run();
    const outcome = result.settled ? 'settled' : result.stopped ? 'stopped' : 'waiting';
    options.metrics?.passFinished(system.name, outcome, options.clock.now() - startedAt);
    return result;
  } catch (error) {
    options.metrics?.passFinished(system.name, 'failed', options.clock.now() - startedAt);
    throw error;
  }
}

class Pass<D, O, I extends Item, A extends Action> {
  readonly #system: System<D, O, I, A>;
  readonly #options: PassOptions<I, A>;
  readonly #logger: Logger;
  readonly #history: History<A>;
  readonly #stop: Stop;
  #plan: Plan<I, A> | undefined;
  #rounds = 0;
  #unremembered = 0;
  /** Ended since `onRound` was last called. */
  #ended: Outcome<A>[] = [];

  constructor(system: System<D, O, I, A>, options: PassOptions<I, A>) {
    this.#system = system;
    this.#options = options;
    this.#logger = options.logger.child({ system: system.name });
    this.#history = new History(options.backoffs);
    this.#stop = stopping(system.name, { ...options, grace: options.grace ?? 30_000 });
  }

  async run(): Promise<PassResult<I, A>> {
    try {
      const desired = await this.#read(() => this.#system.desired(this.#stop.requested));
      for (let result; ;) {
        result = await this.#round(desired);
        if (result) return result;
      }
    } catch (error) {
      return this.#stoppedBy(error);
    } finally {
      this.#stop.end();
    }
  }

  /** One round. Undefined: another one follows. */
  async #round(desired: D): Promise<PassResult<I, A> | undefined> {
    const { clock, wait, suspended, pollInterval = 15_000 } = this.#options;
    // From before the look: what changes while we look is not missed.
    using changes = wait && !suspended ? this.#changes() : undefined;
    const observed = await this.#read(() => this.#system.observe(desired, this.#stop.requested));
    const plan = this.#system.plan(desired, observed, clock.now());
    this.#plan = plan;
    this.#rounds += 1;
    this.#options.metrics?.items(plan.system, plan.items);
    if (suspended) {
      this.#tell(plan);
      return this.#result(plan, plan.actions.length === 0);
    }
    const { startable, settled } = this.#history.next(plan.actions);
    for (const outcome of settled) this.#report(outcome);
    if (!(await this.#remember(plan, observed))) return undefined;
    await this.#act(startable);
    this.#tell(plan);
    if (startable.length > 0) return undefined;
    if (!changes || !this.#system.inFlight(plan)) return this.#result(plan, true);
    await changes.next(clock, pollInterval, this.#stop.requested);
    return undefined;
  }

  #changes(): Changes {
    return subscribe(this.#system, this.#stop.requested, this.#logger);
  }

  /** A read has no effect, so it may be left behind as soon as the pass is stopped. */
  #read<T>(read: () => Promise<T>): Promise<T> {
    this.#stop.requested.throwIfAborted();
    return untilAborted(read(), this.#stop.requested);
  }

  /** An effect is let finish within the grace. */
  #effect<T>(work: Promise<T>): Promise<T> {
    return untilAborted(work, this.#stop.abandon);
  }

  /** False: what was planned from has changed since; look again. */
  async #remember(plan: Plan<I, A>, observed: O): Promise<boolean> {
    try {
      await this.#effect(this.#system.remember(plan, observed, this.#stop.breakOff));
      this.#unremembered = 0;
      return true;
    } catch (error) {
      this.#unremembered += 1;
      if (!isFault(error, 'conflict') || this.#unremembered > rememberLimit) throw error;
      this.#logger.info('state changed while planning; looking again', { error });
      return false;
    }
  }

  async #act(actions: readonly A[]): Promise<void> {
    const limit = pLimit(this.#options.concurrency ?? 4);
    await limit.map(actions, async (action) => {
      if (this.#stop.requested.aborted) return;
      this.#logger.debug('action starts', { kind: action.kind, key: action.key, why: action.why });
      const outcome = await this.#attempt(action);
      if (outcome) this.#report(outcome);
    });
  }

  async #attempt(action: A): Promise<Outcome<A> | undefined> {
    try {
      await this.#effect(this.#system.apply(action, this.#stop.breakOff));
      return this.#history.done(action);
    } catch (error) {
      const outcome = this.#history.failed(action, error);
      if (!outcome) this.#logger.info('precondition changed; looking again', { key: action.key, error });
      return outcome;
    }
  }

  #tell(plan: Plan<I, A>): void {
    const ended = this.#ended;
    this.#ended = [];
    this.#options.onRound?.(plan, ended);
  }

  #report(one: Outcome<A>): void {
    this.#ended.push(one);
    const { action, outcome, error } = one;
    const { kind, key, why } = action;
    this.#options.metrics?.actionFinished(this.#system.name, kind, outcome);
    if (outcome !== 'failed') this.#logger.info(`action ${outcome}`, { kind, key, why });
    else if (error instanceof PortError) this.#logger.warn('action failed', { kind, key, why, error });
    else this.#logger.error('action failed by a mistake in the program', { kind, key, why, error });
  }

  #result(plan: Plan<I, A>, idle: boolean): PassResult<I, A> {
    const stopped = idle ? undefined : this.#stop.cause();
    if (stopped) for (const outcome of this.#history.close()) this.#report(outcome);
    const inFlight = this.#system.inFlight(plan);
    const { outcomes, retryAt } = this.#history;
    return { plan, rounds: this.#rounds, outcomes, settled: idle && !inFlight, inFlight, stopped, retryAt };
  }

  /** What was thrown after the pass was stopped comes of stopping it, unless it is a mistake in the program. */
  #stoppedBy(error: unknown): PassResult<I, A> {
    const cause = this.#stop.cause();
    const { reason } = this.#stop.requested as { reason: unknown };
    if (cause === undefined || !(error === reason || error instanceof PortError)) throw error;
    if (this.#plan) return this.#result(this.#plan, false);
    if (cause === 'deadline') throw reason;
    throw new PortError(
      'cancelled',
      this.#system.name,
      `${this.#system.name} was stopped before it had a plan`,
      {
        cause: error,
      },
    );
  }
}
