import type { Clock } from '../ports/clock.ts';
import type { Logger } from './log.ts';
import type { AnySystem } from './system.ts';

/** Milliseconds: changes come in groups, and one look serves them all. */
const settleTime = 100;

/** Listens for one change of what is in flight. Disposing it stops listening. */
export interface Changes extends Disposable {
  /** Resolves after a change since `subscribe`, or `ms` milliseconds from now; rejects with the signal's reason. */
  next(clock: Clock, ms: number, signal: AbortSignal): Promise<void>;
}

/** A system that cannot tell of changes is looked at every so often all the same. */
export function subscribe(system: Pick<AnySystem, 'changed'>, signal: AbortSignal, logger: Logger): Changes {
  const ended = new AbortController();
  const listening = AbortSignal.any([signal, ended.signal]);
  const changed = system.changed(listening).then(
    () => true,
    (error: unknown) => {
      if (!listening.aborted) logger.warn('cannot be told of changes; looking every so often', { error });
      return false;
    },
  );
  return {
    async next(clock, ms, stop) {
      const timer = new AbortController();
      const asleep = clock.sleep(ms, AbortSignal.any([stop, timer.signal]));
      const told = changed.then((heard) =>
        heard && !listening.aborted ? clock.sleep(settleTime, stop) : asleep,
      );
      try {
        await Promise.race([asleep, told]);
      } finally {
        timer.abort();
      }
    },
    [Symbol.dispose]: () => ended.abort(),
  };
}
