import { mkdirSync, watch } from 'node:fs';
import type { Clock } from '../../ports/clock.ts';

/** Where the system cannot watch folders, or a process died without a word, in milliseconds. */
const POLL = 1000;

/** Resolves once `hasChanged`, looked at after every stir in the folder, or with the signal. */
export async function waitForChange(
  directory: string,
  clock: Clock,
  hasChanged: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const isOver = (): boolean => signal.aborted;
  let stir = Promise.withResolvers<undefined>();
  mkdirSync(directory, { recursive: true });
  const watcher = watch(directory, () => stir.resolve(undefined));
  // The number of watches is limited; the poll goes on without.
  watcher.on('error', () => watcher.close());
  try {
    while (!isOver()) {
      stir = Promise.withResolvers<undefined>();
      if (await hasChanged()) return;
      await pause(clock, stir.promise, signal);
    }
  } finally {
    watcher.close();
  }
}

async function pause(clock: Clock, stirred: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const rest = new AbortController();
  const slept = clock.sleep(POLL, AbortSignal.any([signal, rest.signal])).catch((error: unknown) => {
    if (!signal.aborted && !rest.signal.aborted) throw error;
  });
  await Promise.race([stirred, slept]);
  rest.abort();
  await slept;
}
