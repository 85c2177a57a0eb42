import type { Clock } from '../ports/clock.ts';

/**
 * Settles as `work` does, or rejects with the signal's reason as soon as it fires, however long `work` goes on.
 * Where both have happened, `work` wins.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Calls back after `ms` milliseconds, unless the signal fires first. */
export function after(clock: Clock, ms: number, signal: AbortSignal, callback: () => void): void {
  clock.sleep(ms, signal).then(callback, (reason: unknown) => {
    // A sleep ends early by its signal alone; anything else is a broken clock.
    if (!signal.aborted) throw reason;
  });
}
