/** Runs tasks of one key one after another, tasks of different keys side by side. */
export class Lock {
  readonly #tails = new Map<string, Promise<unknown>>();

  async hold<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const turn = before.then(task, task);
    this.#tails.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }
}
