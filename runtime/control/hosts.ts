import pLimit, { type LimitFunction } from 'p-limit';

import type { Clock } from '../ports/clock.ts';
import { untilAborted } from '../ports/abort.ts';
import { isFault, PortError } from '../ports/errors.ts';
import { after } from './abort.ts';

export interface HostLimits {
  /** Milliseconds that one call may take. @default 30000 */
  readonly deadline?: number;
  /** Calls to one host at a time. @default 4 */
  readonly concurrency?: number;
  /** After so many calls in a row without an answer the host is left alone for the rest of the pass. @default 3 */
  readonly failures?: number;
  /** Milliseconds of one pass during which calls to one host may be under way. @default 120000 */
  readonly budget?: number;
}

/** What one pass has seen of one host. */
interface Host {
  failures: number;
  last: PortError | undefined;
  running: number;
  busySince: number;
  /** Milliseconds with a call under way, up to `busySince`. */
  spent: number;
}

/** Keeps one slow or dead host from using up a pass. One per system, as its passes are its own. */
export class HostGuard {
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #concurrency: number;
  readonly #failures: number;
  readonly #budget: number;
  /** Outlive a pass, as calls may. */
  readonly #limits = new Map<string, LimitFunction>();
  #hosts = new Map<string, Host>();

  constructor(clock: Clock, limits: HostLimits = {}) {
    this.#clock = clock;
    this.#deadline = limits.deadline ?? 30_000;
    this.#concurrency = limits.concurrency ?? 4;
    this.#failures = limits.failures ?? 3;
    this.#budget = limits.budget ?? 120_000;
  }

  /** A new pass begins: every host gets another chance. */
  reset(): void {
    this.#hosts = new Map();
  }

  /**
   * Calls the host once there is room. Throws what `call` throws, and `transient` when the call takes too long or the
   * host is left alone for the rest of this pass (`rate-limited` when it asked for that).
   * @param call is told by its signal to stop; whether it obeys or not, `run` ends
   */
  async run<T>(host: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const state = this.#state(host);
    this.#refuse(host, state);
    const work = this.#limit(host)(async () => {
      signal?.throwIfAborted();
      this.#refuse(host, state);
      return this.#call(host, state, call, signal);
    });
    return untilAborted(work, signal);
  }

  async #call<T>(
    host: string,
    state: Host,
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const ended = new AbortController();
    const late = new AbortController();
    const allowed = Math.min(this.#deadline, this.#budget - this.#spent(state));
    after(this.#clock, allowed, ended.signal, () =>
      late.abort(
        new PortError('transient', host, `${host} gave no answer within ${seconds(allowed)}`, {
          remedy: `see whether ${host} is reachable from here`,
        }),
      ),
    );
    const stop = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    this.#begin(state);
    try {
      const result = await untilAborted(call(stop), stop);
      state.failures = 0;
      return result;
    } catch (error) {
      // What a call throws because it was told to stop in time means no more than that.
      const cause: unknown = late.signal.aborted ? late.signal.reason : error;
      if (!signal?.aborted || late.signal.aborted) this.#count(state, cause);
      throw cause;
    } finally {
      ended.abort();
      this.#end(state);
    }
  }

  #count(state: Host, error: unknown): void {
    if (isFault(error, 'transient', 'rate-limited')) {
      state.failures += 1;
      state.last = error;
    } else {
      // Also a refusal is an answer.
      state.failures = 0;
    }
  }

  #refuse(host: string, state: Host): void {
    if (state.failures >= this.#failures && state.last) {
      const { fault, message, remedy, retryAfter } = state.last;
      throw new PortError(
        fault,
        host,
        `${host} did not answer ${state.failures} times in this pass; asked again in the next (last: ${message})`,
        { remedy, retryAfter, cause: state.last },
      );
    }
    if (this.#spent(state) >= this.#budget) {
      throw new PortError(
        'transient',
        host,
        `${host} has used up its ${seconds(this.#budget)} of this pass; asked again in the next`,
      );
    }
  }

  #spent(state: Host): number {
    return state.spent + (state.running > 0 ? this.#clock.now() - state.busySince : 0);
  }

  #begin(state: Host): void {
    if (state.running === 0) state.busySince = this.#clock.now();
    state.running += 1;
  }

  #end(state: Host): void {
    if (state.running === 1) state.spent = this.#spent(state);
    state.running -= 1;
  }

  #state(host: string): Host {
    let state = this.#hosts.get(host);
    if (!state) {
      state = { failures: 0, last: undefined, running: 0, busySince: 0, spent: 0 };
      this.#hosts.set(host, state);
    }
    return state;
  }

  #limit(host: string): LimitFunction {
    let limit = this.#limits.get(host);
    if (!limit) {
      limit = pLimit(this.#concurrency);
      this.#limits.set(host, limit);
    }
    return limit;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
