import type { Clock } from '../../../runtime/ports/index.ts';

const LONGEST_PAUSE = 15_000;

/** Pauses between looks pass at once and move the time on; a time limit lasts until its signal: nothing here is late. */
export class QuickClock implements Clock {
  #now = Date.UTC(2024, 0, 1);

  now(): number {
    return this.#now;
  }

  jump(ms: number): void {
    this.#now += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (ms <= LONGEST_PAUSE) {
      this.#now += ms;
      return new Promise((resolve) => setImmediate(resolve));
    }
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }
}
