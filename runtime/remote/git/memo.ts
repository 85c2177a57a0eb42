import { createHash } from 'node:crypto';
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';

/** As many answers are kept when the file is rewritten. */
const KEPT = 20_000;

/**
 * Answers about immutable history, kept in a text file of lines `<key> <answer>`.
 * Processes that share the file only ever append whole lines; a torn or foreign line is skipped,
 * and one lost in a rewrite is asked again.
 */
export class Memo {
  readonly #path: string;
  #answers: Promise<Map<string, string>> | undefined;
  #lines = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** `parts` are what the answer depends on, all of it immutable. */
  static key(...parts: readonly string[]): string {
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#load()).get(key);
  }

  /** @param answer without white space */
  async set(key: string, answer: string): Promise<void> {
    const answers = await this.#load();
    answers.set(key, answer);
    this.#lines++;
    if (this.#lines <= 2 * KEPT) return appendFile(this.#path, line(key, answer));
    await this.#shorten(answers);
  }

  #load(): Promise<Map<string, string>> {
    this.#answers ??= this.#read().catch((error: unknown) => {
      this.#answers = undefined;
      throw error;
    });
    return this.#answers;
  }

  async #read(): Promise<Map<string, string>> {
    let text = '';
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const lines = text.split('\n');
    this.#lines = lines.length;
    return new Map(
      lines
        .map((each) => /^([0-9a-f]{40}) (\S+)$/.exec(each))
        .filter((match) => match !== null)
        .map(([, key = '', answer = '']) => [key, answer]),
    );
  }

  async #shorten(answers: Map<string, string>): Promise<void> {
    const kept = [...answers].slice(-KEPT);
    for (const key of [...answers.keys()].slice(0, -KEPT)) answers.delete(key);
    this.#lines = kept.length;
    const draft = `${this.#path}.${process.pid}`;
    await writeFile(draft, kept.map(([key, answer]) => line(key, answer)).join(''));
    await rename(draft, this.#path);
  }
}

function line(key: string, answer: string): string {
  return `${key} ${answer}\n`;
}
