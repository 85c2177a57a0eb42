import type { Clock } from '../ports/clock.ts';
import { PortError } from '../ports/errors.ts';
import { Backoffs, type BackoffPolicy } from './backoff.ts';
import { Driver, type DriverStatus, type LoopEntry } from './driver.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { WorkQueue } from './queue.ts';

export interface LoopOptions {
  readonly systems: readonly LoopEntry[];
  readonly clock: Clock;
  /** Stops the loop: passes under way end within their grace. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Between failed passes of one system. @default from 5 s to 5 min */
  readonly backoff?: BackoffPolicy;
  /** Milliseconds in which several wake-ups count as one. @default 200 */
  readonly debounce?: number;
  /** Gives a number in [0, 1), for jitter. @default Math.random */
  readonly random?: () => number;
}

/** Several systems driven for as long as the process lives. */
export interface Loop {
  /** Something changed: look soon, and not only when the interval is over. Throws on a name that is not driven. */
  wake(system: string, reason: string): void;
  status(): readonly DriverStatus[];
  /** Resolves once the loop was stopped and every pass has ended. */
  readonly finished: Promise<void>;
}

/** Milliseconds between the change of something in flight and the look at it, so that a busy builder does not drive us. */
const changeDebounce = 1_000;

/**
 * Starts to drive the systems, each on its own: a slow or failing one holds up no other. A pass never waits for what is in
 * flight; its changes wake the system.
 */
export function runLoop(options: LoopOptions): Loop {
  const { clock, signal, logger, metrics, debounce = 200, random = Math.random } = options;
  const backoffs = new Backoffs(clock, options.backoff ?? { base: 5_000, max: 300_000 }, { random });
  const queue = new WorkQueue({ clock, backoffs, metrics: metrics?.queue('systems') });
  const drivers = new Map(
    options.systems.map((entry) => {
      const { name } = entry.system;
      const changed = () => queue.addAfter(name, changeDebounce);
      return [name, new Driver(entry, { clock, signal, logger, metrics, random, changed })] as const;
    }),
  );
  for (const name of drivers.keys()) {
    metrics?.driven(name);
    queue.add(name);
  }
  if (signal.aborted) void queue.shutdown();
  else signal.addEventListener('abort', () => void queue.shutdown(), { once: true });
  // As many workers as systems: none waits for another.
  const workers = Array.from(drivers, () => work(queue, drivers, options));
  return {
    wake(system, reason) {
      const driver = drivers.get(system);
      if (!driver) throw new RangeError(`no system named "${system}" is driven here`);
      driver.woken(reason);
      queue.addAfter(system, debounce);
    },
    status: () => Array.from(drivers.values(), (driver) => driver.status()),
    finished: Promise.all(workers).then(() => undefined),
  };
}

async function work(
  queue: WorkQueue,
  drivers: ReadonlyMap<string, Driver>,
  { clock, signal }: LoopOptions,
): Promise<void> {
  for (let name = await queue.take(); name !== undefined; name = await queue.take()) {
    const driver = drivers.get(name);
    if (driver && !signal.aborted) await step(queue, driver, name, clock);
    queue.done(name);
  }
}

/** One pass, and when the next one is due. */
async function step(queue: WorkQueue, driver: Driver, name: string, clock: Clock): Promise<void> {
  const held = driver.heldFor();
  if (held > 0) {
    queue.addAfter(name, held);
    return;
  }
  const next = await driver.pass();
  if ('at' in next) {
    queue.forget(name);
    queue.addAfter(name, next.at - clock.now());
    return;
  }
  const retryAt = queue.addRateLimited(name, next.failure);
  if (next.failure instanceof PortError && next.failure.retryAfter !== undefined) driver.hold(retryAt);
}
