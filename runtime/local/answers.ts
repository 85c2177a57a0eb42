import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { z } from 'zod';

const answer = z.object({ etag: z.string(), more: z.boolean(), value: z.unknown() });
type Answer = z.output<typeof answer>;

const kept = 5_000;

/**
 * Answers of forges with their ETags, in one SQLite file: a new process asks as cheaply as a running one. It can be
 * deleted at any time; what cannot be read or written there is asked for anew.
 */
export class AnswerCache {
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #trim: StatementSync;
  /** A full disk or a lock that stays: the cache is done without from then on. */
  #writable = true;

  private constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 100 });
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS answers (url TEXT PRIMARY KEY, answer TEXT NOT NULL, at INTEGER NOT NULL) STRICT`);
    this.#get = this.#database.prepare('SELECT answer FROM answers WHERE url = ?');
    this.#set = this.#database.prepare('INSERT OR REPLACE INTO answers VALUES (?, ?, ?)');
    this.#trim = this.#database.prepare(
      'DELETE FROM answers WHERE url NOT IN (SELECT url FROM answers ORDER BY at DESC LIMIT ?)',
    );
  }

  /** A damaged file is replaced. Undefined where none can be kept. */
  static open(path: string): AnswerCache | undefined {
    for (const attempt of ['as it is', 'anew']) {
      try {
        mkdirSync(dirname(path), { recursive: true });
        if (attempt === 'anew') rmSync(path, { force: true });
        return new AnswerCache(path);
      } catch (error) {
        if (!isStorageError(error)) throw error;
      }
    }
    return undefined;
  }

  get(url: string): Answer | undefined {
    const row = z.object({ answer: z.string() }).safeParse(this.#get.get(url));
    if (!row.success) return undefined;
    const parsed = answer.safeParse(JSON.parse(row.data.answer));
    return parsed.success ? parsed.data : undefined;
  }

  set(url: string, value: Answer): void {
    if (!this.#writable) return;
    this.#writable = this.#try(() => this.#set.run(url, JSON.stringify(value), Date.now()));
  }

  close(): void {
    this.#try(() => this.#trim.run(kept));
    this.#database.close();
  }

  #try(write: () => unknown): boolean {
    try {
      write();
      return true;
    } catch (error) {
      if (isStorageError(error)) return false;
      throw error;
    }
  }
}

/** Of SQLite or the file system: nothing that a cache may stop a pass for. */
function isStorageError(error: unknown): boolean {
  return Error.isError(error) && 'code' in error;
}
