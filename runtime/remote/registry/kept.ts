import type { Clock } from '../../ports/clock.ts';

interface Entry<T> {
  readonly promise: Promise<T>;
  value?: T;
}

/** What was asked for by key: shared by all who ask while it is on its way, then kept until it expires. */
export class Kept<T extends { readonly expiresAt: number }> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is here already, without asking. */
  peek(key: string): T | undefined {
    const value = this.#entries.get(key)?.value;
    return value !== undefined && value.expiresAt > this.#clock.now() ? value : undefined;
  }

  /** A failure is for those who wait; the next one asks anew. */
  get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && (known.value === undefined || this.peek(key) !== undefined))
      return known.promise;
    const entry: Entry<T> = { promise: ask() };
    this.#entries.set(key, entry);
    entry.promise.then(
      (value) => (entry.value = value),
      () => this.#entries.delete(key),
    );
    return entry.promise;
  }

  drop(key: string): void {
    this.#entries.delete(key);
  }
}
