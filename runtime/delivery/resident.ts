import { applicationVersionKind } from '../api/application-version.ts';
import type { Logger } from '../control/log.ts';
import type { DriverStatus, LoopEntry } from '../control/driver.ts';
import { runLoop, type Loop } from '../control/loop.ts';
import type { Metrics } from '../control/metrics.ts';
import { isFault, PortError, type Ports } from '../ports/index.ts';

export interface ResidentOptions extends LoopEntry {
  readonly ports: Pick<Ports, 'clock' | 'elector' | 'objects'>;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Ends it: a pass under way ends within its grace. */
  readonly signal: AbortSignal;
}

/** Delivery that goes on for as long as the process lives. */
export interface Resident {
  /** Something changed outside: look soon. While another process leads, this does nothing: a new leader looks first. */
  wake(reason: string): void;
  /** Undefined while another process leads. */
  status(): DriverStatus | undefined;
  /** Rejects when leadership is lost: start anew, in a fresh process. */
  readonly finished: Promise<void>;
}

/** Makes passes while it leads: at every interval, when a build ends, when a person says something, and when woken. */
export function driveDelivery(options: ResidentOptions): Resident {
  const { ports, logger, metrics, signal, ...entry } = options;
  let loop: Loop | undefined;
  const lead = async (leading: AbortSignal) => {
    const { name } = entry.system;
    logger.info('leading', { name });
    metrics?.leading(name, true);
    const running = runLoop({
      systems: [entry],
      clock: ports.clock,
      signal: leading,
      logger,
      ...(metrics && { metrics }),
    });
    loop = running;
    const words = listenToPeople(ports, () => running.wake(name, 'word'), logger, leading);
    await running.finished;
    await words;
    loop = undefined;
    metrics?.leading(name, false);
    if (!signal.aborted)
      throw new PortError('transient', name, `another process may lead ${name} now`, {
        cause: leading.reason,
        remedy: 'start it again: it then waits until it leads',
      });
  };
  return {
    wake: (reason) => loop?.wake(entry.system.name, reason),
    status: () => loop?.status()[0],
    finished: ports.elector.lead(entry.system.name, lead, signal).catch((error: unknown) => {
      if (!signal.aborted || !isFault(error, 'cancelled')) throw error;
    }),
  };
}

/** A word changes the spec, so its generation; what we write ourselves is status. */
async function listenToPeople(
  { objects, clock }: ResidentOptions['ports'],
  heard: () => void,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const retryAfter = 5_000;
  for (let isFirst = true; ; isFirst = false) {
    try {
      const { items, resourceVersion } = await objects.list(applicationVersionKind, { signal });
      const known = new Map(items.map(({ metadata }) => [metadata.uid, metadata.generation]));
      // What was said while nobody listened.
      if (!isFirst) heard();
      for await (const { object } of objects.watch(applicationVersionKind, { resourceVersion, signal })) {
        const { uid, generation } = object.metadata;
        const before = known.get(uid);
        known.set(uid, generation);
        // A new object is our own note of a pair, or holds a first word.
        if (before === undefined ? object.status === undefined : before !== generation) heard();
      }
    } catch (error) {
      if (!signal.aborted) {
        logger.warn('cannot be told what people say; listening anew', { error });
        await clock.sleep(retryAfter, signal).catch(() => undefined);
      }
    }
    if (signal.aborted) return;
  }
}
