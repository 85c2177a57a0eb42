import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../ports/clock.ts';
import { PortError } from '../../ports/errors.ts';
import { isBusy, translateSqliteError } from './sqlite-error.ts';

/** "slip" in ASCII: tells our files from other programs' (`file` prints it too). */
const APPLICATION_ID = 0x736c6970;

/** One entry per schema version, in order; entries are never edited, only added. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE store (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), revision INTEGER NOT NULL) STRICT;
   INSERT INTO store VALUES (1, 0);
   CREATE TABLE objects (
     resource TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (resource, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE changes (
     revision INTEGER PRIMARY KEY, resource TEXT NOT NULL, type TEXT NOT NULL, document TEXT NOT NULL
   ) STRICT;
   CREATE INDEX changes_of_resource ON changes (resource, revision);`,
];

/** How long SQLite itself may block the thread for a lock; beyond it we wait without blocking. */
const BUSY_TIMEOUT_MS = 5;
const FIRST_WAIT_MS = 4;
const LONGEST_WAIT_MS = 100;
/** Writers hold the lock for milliseconds; one that holds it this long is stuck. */
const PATIENCE_MS = 30_000;

/** One SQLite file in WAL mode: short transactions, waits that never block the thread, errors as `PortError`. */
export class Database {
  readonly path: string;
  readonly #sqlite: DatabaseSync;
  readonly #clock: Clock;

  private constructor(path: string, sqlite: DatabaseSync, clock: Clock) {
    this.path = path;
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** Opens or creates the file and brings its schema up to date. Throws `invalid` for a file of a newer version. */
  static async open(path: string, clock: Clock): Promise<Database> {
    let sqlite: DatabaseSync;
    try {
      mkdirSync(dirname(path), { recursive: true });
      sqlite = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    } catch (error) {
      throw translateSqliteError(error, path);
    }
    const database = new Database(path, sqlite, clock);
    try {
      await database.#patiently(() => prepare(sqlite, path));
      await database.write((db) => migrate(db, path));
    } catch (error) {
      sqlite.close();
      throw error;
    }
    return database;
  }

  get isOpen(): boolean {
    return this.#sqlite.isOpen;
  }

  /** One consistent snapshot. `work` must not await. */
  read<R>(work: (db: DatabaseSync) => R, signal?: AbortSignal): Promise<R> {
    return this.#patiently(() => this.#transaction('BEGIN', work), signal);
  }

  /** All of `work` or nothing of it, durable when the promise resolves. `work` may run again after a lost race. */
  write<R>(work: (db: DatabaseSync) => R, signal?: AbortSignal): Promise<R> {
    return this.#patiently(() => this.#transaction('BEGIN IMMEDIATE', work), signal);
  }

  close(): void {
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  #transaction<R>(begin: string, work: (db: DatabaseSync) => R): R {
    this.#sqlite.exec(begin);
    try {
      const result = work(this.#sqlite);
      this.#sqlite.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after a full disk or an I/O error.
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK');
      throw error;
    }
  }

  async #patiently<R>(attempt: () => R, signal?: AbortSignal): Promise<R> {
    const deadline = this.#clock.now() + PATIENCE_MS;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      throwIfCancelled(this.path, signal);
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || this.#clock.now() >= deadline) throw translateSqliteError(error, this.path);
      }
      await this.#sleep(wait * (0.5 + Math.random()), signal);
    }
  }

  async #sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(milliseconds, signal);
    } catch (error) {
      throwIfCancelled(this.path, signal);
      throw error;
    }
  }
}

function throwIfCancelled(path: string, signal?: AbortSignal): void {
  if (signal?.aborted !== true) return;
  throw new PortError('cancelled', path, `The call to the object store ${path} was cancelled.`, {
    cause: signal.reason,
  });
}

function prepare(sqlite: DatabaseSync, path: string): void {
  // FULL: an intent must outlive a power cut before its effect starts.
  sqlite.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF');
  refuseForeignFile(sqlite, path);
  const mode = sqlite.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode === 'wal') return;
  throw new PortError('invalid', path, `The object store ${path} cannot use SQLite's write-ahead log.`, {
    remedy: 'Keep the state on a local disk: network file systems lack the shared memory it needs.',
  });
}

function refuseForeignFile(sqlite: DatabaseSync, path: string): void {
  const id = pragma(sqlite, 'application_id');
  const tables = Number(sqlite.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables']);
  if (id === APPLICATION_ID || (id === 0 && tables === 0)) return;
  throw new PortError('invalid', path, `${path} is a SQLite file of another program, not an object store.`, {
    remedy: 'Point the state setting at another file.',
  });
}

function migrate(sqlite: DatabaseSync, path: string): void {
  const version = pragma(sqlite, 'user_version');
  if (version > MIGRATIONS.length) {
    throw new PortError(
      'invalid',
      path,
      `The object store ${path} has schema version ${version}; this Slipway knows up to ${MIGRATIONS.length}.`,
      { remedy: 'Run the newer Slipway that wrote it, or point the state setting at another file.' },
    );
  }
  if (version === MIGRATIONS.length) return;
  for (const statements of MIGRATIONS.slice(version)) sqlite.exec(statements);
  sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
}

function pragma(sqlite: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(sqlite.prepare(`PRAGMA ${name}`).get()?.[name]);
}
