import { recorder } from './recorder.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { runPass, type PassOptions } from '../../../runtime/control/pass.ts';
import type { Action, Item, Plan } from '../../../runtime/control/plan.ts';
import type { System } from '../../../runtime/control/system.ts';

export type Work = (signal: AbortSignal) => Promise<void> | void;

/** A small world: each item wants its work done once; a done item is planned no more. */
export class FakeSystem implements System<readonly string[], readonly string[], Item, Action> {
  readonly name: string;
  /** What is to be done, by key. */
  readonly work = new Map<string, Work>();
  /** Everything that was asked of it, in order. */
  readonly calls: string[] = [];
  /** Keys that go on outside. */
  readonly flying = new Set<string>();
  /** Stay planned after they are done. */
  readonly sticky = new Set<string>();
  beforeObserve: Work = () => undefined;
  beforeRemember: Work = () => undefined;
  readonly #listeners = new Set<() => void>();

  constructor(name = 'fake', work: Readonly<Record<string, Work>> = {}) {
    this.name = name;
    for (const [key, one] of Object.entries(work)) this.work.set(key, one);
  }

  /** How often a call was made. */
  count(call: string): number {
    return this.calls.filter((one) => one === call).length;
  }

  get listening(): number {
    return this.#listeners.size;
  }

  land(key: string): void {
    this.flying.delete(key);
    for (const tell of [...this.#listeners]) tell();
  }

  desired(): Promise<readonly string[]> {
    this.calls.push('desired');
    return Promise.resolve([...this.work.keys()]);
  }

  async observe(_desired: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    this.calls.push('observe');
    await this.beforeObserve(signal);
    return [...this.work.keys()];
  }

  plan(_desired: readonly string[], observed: readonly string[], now: number): Plan {
    return {
      system: this.name,
      at: new Date(now).toISOString(),
      items: observed.map((key) => ({ state: this.flying.has(key) ? 'flying' : 'to do', reason: key })),
      actions: observed
        .filter((key) => !this.flying.has(key))
        .map((key) => ({ key, kind: 'work', why: `${key} is to be done` })),
    };
  }

  async remember(_plan: Plan, _observed: readonly string[], signal: AbortSignal): Promise<void> {
    this.calls.push('remember');
    await this.beforeRemember(signal);
  }

  async apply(action: Action, signal: AbortSignal): Promise<void> {
    this.calls.push(action.key);
    await this.work.get(action.key)?.(signal);
    if (!this.sticky.has(action.key) && !this.flying.has(action.key)) this.work.delete(action.key);
  }

  inFlight(): boolean {
    return this.flying.size > 0;
  }

  changed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const tell = () => {
      this.#listeners.delete(tell);
      resolve(undefined);
    };
    this.#listeners.add(tell);
    signal.addEventListener('abort', tell, { once: true });
    return promise;
  }
}

/** Settles never, but obeys its signal. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** A pass over the system, with a clock to move and a way to stop it. */
export function begin(system: FakeSystem, options: Partial<PassOptions> = {}) {
  const clock = new ManualClock(0);
  const stop = new AbortController();
  const { logger, entries } = recorder();
  const done = runPass(system, { clock, signal: stop.signal, logger, wait: true, ...options });
  const outcomes = done.then((result) =>
    result.outcomes.map(({ action, outcome }): [string, string] => [action.key, outcome]),
  );
  // Tests that expect a failure look at `done`.
  outcomes.catch(() => undefined);
  return { clock, stop, entries, done, outcomes };
}
