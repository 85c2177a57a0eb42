import type { Clock } from '../ports/clock.ts';
import { after } from './abort.ts';
import type { Backoffs } from './backoff.ts';

/** What a queue tells of itself. Times in milliseconds. */
export interface QueueMetrics {
  /** A key was added that was not waiting already. */
  added(): void;
  /** A key was put back after a failure. */
  retried(): void;
  /** How many keys wait now. */
  depth(keys: number): void;
  /** How long a key waited until it was taken. */
  waited(ms: number): void;
  /** How long a key was worked on. */
  worked(ms: number): void;
}

interface Taker {
  readonly give: (key: string | undefined) => void;
}

/**
 * Keys to be worked on, each once however often it was added, and each by one worker at a time: a key added while it is
 * worked on comes back once after `done`. First in, first out.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoffs: Backoffs;
  readonly #metrics: QueueMetrics | undefined;
  /** Keys to hand out, in order, with the time since when each waits. */
  readonly #waiting = new Map<string, number>();
  /** Keys handed out, with the time since when. */
  readonly #processing = new Map<string, number>();
  /** Keys handed out that were added again meanwhile. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: AbortController }>();
  readonly #takers = new Set<Taker>();
  readonly #drained = Promise.withResolvers<undefined>();
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly backoffs: Backoffs;
    readonly metrics?: QueueMetrics;
  }) {
    this.#clock = options.clock;
    this.#backoffs = options.backoffs;
    this.#metrics = options.metrics;
  }

  /** How many keys could be taken now. */
  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key) || this.#again.has(key)) return;
    this.#metrics?.added();
    if (this.#processing.has(key)) this.#again.add(key);
    else this.#enqueue(key);
  }

  /** Adds the key in `ms` milliseconds. Of several times for one key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.now() + ms;
    const planned = this.#delayed.get(key);
    if (planned && planned.at <= at) return;
    planned?.cancel.abort();
    const cancel = new AbortController();
    this.#delayed.set(key, { at, cancel });
    after(this.#clock, ms, cancel.signal, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
  }

  /** Adds the key once its backoff is over. Gives that time, milliseconds since 1970. */
  addRateLimited(key: string, error?: unknown): number {
    const retryAt = this.#backoffs.failed(key, error);
    this.#metrics?.retried();
    this.addAfter(key, retryAt - this.#clock.now());
    return retryAt;
  }

  /** The key succeeded: its next failure is its first again. */
  forget(key: string): void {
    this.#backoffs.succeeded(key);
  }

  /** The next key, which is then the caller's until `done`. Undefined when the queue is shut down and empty. */
  take(signal?: AbortSignal): Promise<string | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const onAbort = () => {
      this.#takers.delete(taker);
      reject(signal?.reason);
    };
    const taker: Taker = {
      give: (key) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(key);
      },
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#takers.add(taker);
    this.#handOut();
    return promise;
  }

  /** The worker has finished with the key, well or not. */
  done(key: string): void {
    const since = this.#processing.get(key);
    if (since === undefined) throw new Error(`"${key}" is done, but nobody took it`);
    this.#processing.delete(key);
    this.#metrics?.worked(this.#clock.now() - since);
    if (this.#again.delete(key)) this.#enqueue(key);
    this.#settle();
  }

  /**
   * Takes nothing new and forgets what is delayed. What waits is still handed out, also what came back while worked on.
   * Resolves when every key is done.
   */
  shutdown(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel.abort();
    this.#delayed.clear();
    this.#settle();
    return this.#drained.promise;
  }

  #enqueue(key: string): void {
    this.#waiting.set(key, this.#clock.now());
    this.#handOut();
  }

  #handOut(): void {
    const [taker] = this.#takers;
    const [next] = this.#waiting;
    if (taker && next) {
      const [key, since] = next;
      const now = this.#clock.now();
      this.#takers.delete(taker);
      this.#waiting.delete(key);
      this.#processing.set(key, now);
      this.#metrics?.waited(now - since);
      taker.give(key);
    }
    this.#metrics?.depth(this.#waiting.size);
    this.#settle();
  }

  #settle(): void {
    if (!this.#closed || this.#waiting.size > 0) return;
    if (this.#processing.size === 0) this.#drained.resolve(undefined);
    // A key still worked on may come back, and its own worker is there to take it.
    for (const taker of this.#takers) taker.give(undefined);
    this.#takers.clear();
  }
}
