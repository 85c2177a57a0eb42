import type { Clock } from '../ports/clock.ts';

/** Longest delay that a Node timer takes; a longer one fires at once. */
const longestTimer = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    const end = Date.now() + ms;
    do {
      await sleepOnce(Math.min(Math.max(end - Date.now(), 0), longestTimer), signal);
    } while (ms > longestTimer && Date.now() < end);
  },
};

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise;
  }
  const onAbort = () => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener('abort', onAbort);
    resolve(undefined);
  }, ms);
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise;
}

interface Sleeper {
  at: number;
  readonly wake: () => void;
}

/**
 * Time that stands still until it is moved. Sleepers wake in the order of their time, equal times in the order in which
 * they fell asleep, and what each one started has come to rest before the next wakes.
 */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  /** @param start milliseconds since 1970 @default 2024-01-01T00:00:00Z */
  constructor(start = Date.UTC(2024, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const onAbort = () => {
      this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
      reject(signal?.reason);
    };
    const sleeper: Sleeper = {
      at: this.#now + Math.max(ms, 0),
      wake: () => {
        signal?.removeEventListener('abort', onAbort);
        resolve(undefined);
      },
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const later = this.#sleepers.findIndex((one) => one.at > sleeper.at);
    this.#sleepers.splice(later === -1 ? this.#sleepers.length : later, 0, sleeper);
    return promise;
  }

  /** Moves time on and wakes whoever is due on the way, also those who fall asleep on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await rest();
    for (let next = this.#sleepers[0]; next && next.at <= end; next = this.#sleepers[0]) {
      await this.#wake(next);
    }
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Moves time on from sleeper to sleeper until `work` settles, and gives its result.
   * Throws when nobody sleeps and it still has not: it waits for something that is not time.
   */
  async runUntil<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    work.then(settle, settle);
    for (;;) {
      await rest();
      // TypeScript does not see that the callbacks above have changed it.
      if (settled as boolean) return work;
      const next = this.#sleepers[0];
      if (!next) throw new Error('nobody sleeps, and the work has not ended');
      await this.#wake(next);
    }
  }

  /** A clock may be set: time jumps (also back) without anybody waking. Who sleeps, sleeps as long as before. */
  jump(ms: number): void {
    this.#now += ms;
    for (const one of this.#sleepers) one.at += ms;
  }

  async #wake(sleeper: Sleeper): Promise<void> {
    this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
    this.#now = Math.max(this.#now, sleeper.at);
    sleeper.wake();
    await rest();
  }
}

/** Lets everything run that waits for no timer and no input. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
