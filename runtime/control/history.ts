import { isFault, PortError } from '../ports/errors.ts';
import type { Backoffs } from './backoff.ts';
import type { ActionOutcome } from './metrics.ts';
import type { Action } from './plan.ts';

/** How an action ended. `superseded`: its precondition did not hold, and the next plan no longer asks for it. */
export interface Outcome<A extends Action = Action> {
  readonly action: A;
  readonly outcome: ActionOutcome;
  /** With `failed`. */
  readonly error?: unknown;
}

/** So often a key may meet a conflict and be planned anew in one pass. */
const conflictLimit = 3;
/** So often a key may be done in one pass: once, and once more if its effect was lost. */
const doneLimit = 2;

interface Conflict<A> {
  readonly action: A;
  readonly error: PortError;
}

/** What became of each key in one pass, and so what may still start in it. */
export class History<A extends Action> {
  readonly #backoffs: Backoffs | undefined;
  readonly #outcomes: Outcome<A>[] = [];
  readonly #done = new Map<string, number>();
  readonly #failed = new Set<string>();
  readonly #conflicts = new Map<string, number>();
  /** Met a conflict in the last round; the next plan decides. */
  #open = new Map<string, Conflict<A>>();
  #retryAt: number | undefined;

  constructor(backoffs: Backoffs | undefined) {
    this.#backoffs = backoffs;
  }

  /** In the order in which they ended. */
  get outcomes(): readonly Outcome<A>[] {
    return this.#outcomes;
  }

  /** When the first of the actions that the last plan had to hold back may start. */
  get retryAt(): number | undefined {
    return this.#retryAt;
  }

  /** Takes up a new plan. Gives those of its actions that may start, each key once, and what this settles of earlier ones. */
  next(planned: readonly A[]): { readonly startable: readonly A[]; readonly settled: readonly Outcome<A>[] } {
    const before = this.#outcomes.length;
    const keys = new Set(planned.map((action) => action.key));
    for (const { action } of this.#open.values()) {
      if (!keys.has(action.key)) this.#outcomes.push({ action, outcome: 'superseded' });
    }
    this.#open = new Map();
    this.#retryAt = undefined;
    // Equal keys mean the same effect: the first stands for all. `delete` is true once.
    const startable = planned.filter((action) => keys.delete(action.key) && this.#mayStart(action));
    return { startable, settled: this.#outcomes.slice(before) };
  }

  #mayStart(action: A): boolean {
    if ((this.#done.get(action.key) ?? 0) >= doneLimit && !this.#failed.has(action.key)) {
      const error = new PortError(
        'conflict',
        action.key,
        `${action.kind} was planned again after it was done`,
        {
          remedy: 'see whether somebody else undoes it; the next pass tries again',
        },
      );
      this.#fail(action, error);
    }
    const heldUntil = this.#backoffs?.heldUntil(action.key);
    if (heldUntil !== undefined) this.#retryAt = Math.min(this.#retryAt ?? Infinity, heldUntil);
    return heldUntil === undefined && !this.#failed.has(action.key);
  }

  done(action: A): Outcome<A> {
    this.#done.set(action.key, (this.#done.get(action.key) ?? 0) + 1);
    this.#backoffs?.succeeded(action.key);
    return this.#end({ action, outcome: 'done' });
  }

  /** Undefined when that is not the end of it: a conflict, which the next plan settles. */
  failed(action: A, error: unknown): Outcome<A> | undefined {
    if (isFault(error, 'conflict')) {
      const conflicts = (this.#conflicts.get(action.key) ?? 0) + 1;
      this.#conflicts.set(action.key, conflicts);
      if (conflicts <= conflictLimit) {
        this.#open.set(action.key, { action, error });
        return undefined;
      }
    }
    return this.#fail(action, error);
  }

  /** No plan follows: open conflicts have failed. */
  close(): readonly Outcome<A>[] {
    const ended = Array.from(this.#open.values(), ({ action, error }) => this.#fail(action, error));
    this.#open = new Map();
    return ended;
  }

  #fail(action: A, error: unknown): Outcome<A> {
    this.#failed.add(action.key);
    // What we ended ourselves says nothing about the key.
    if (!isFault(error, 'cancelled')) this.#backoffs?.failed(action.key, error);
    return this.#end({ action, outcome: 'failed', error });
  }

  #end(outcome: Outcome<A>): Outcome<A> {
    this.#outcomes.push(outcome);
    return outcome;
  }
}
