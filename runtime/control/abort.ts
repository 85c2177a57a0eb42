import type { Clock } from '../ports/clock.ts';

/** Calls back after `ms` milliseconds, unless the signal fires first. */
export function after(clock: Clock, ms: number, signal: AbortSignal, callback: () => void): void {
  clock.sleep(ms, signal).then(callback, (reason: unknown) => {
    // A sleep ends early by its signal alone; anything else is a broken clock.
    if (!signal.aborted) throw reason;
  });
}
