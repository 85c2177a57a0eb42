import type { Action, Item, Plan } from './plan.ts';

/**
 * One of the four systems, bound to its ports. `observe` changes nothing; `plan` is pure; `apply` does one action,
 * checks its preconditions itself, and is safe to repeat.
 */
export interface System<Desired, Observed, I extends Item, A extends Action> {
  readonly name: string;
  /** Reads what is wanted; keeps the last good reading when the source fails, and says so in the log. */
  desired(signal: AbortSignal): Promise<Desired>;
  observe(desired: Desired, signal: AbortSignal): Promise<Observed>;
  plan(desired: Desired, observed: Observed, now: number): Plan<I, A>;
  /** Stores what must outlive the process (states, attempts, intents) before any action of this plan starts. */
  remember(plan: Plan<I, A>, observed: Observed, signal: AbortSignal): Promise<void>;
  apply(action: A, signal: AbortSignal): Promise<void>;
  /** True while something that we started goes on outside (a build): the pass waits for it. */
  inFlight(plan: Plan<I, A>): boolean;
  /** Resolves when something in flight may have moved on, or with the signal. */
  changed(signal: AbortSignal): Promise<void>;
}

/** A system as its driver sees it: what it wants and observes is its own affair. */
export type AnySystem = System<unknown, unknown, Item, Action>;
