import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../ports/folder.ts';
import type { Clock } from '../ports/clock.ts';
import type { Elector } from '../ports/elector.ts';
import { PortError } from '../ports/errors.ts';

const POLL_MS = 1000;
const SQLITE_BUSY = 5;

export interface FileLockElectorOptions {
  /** Folder of the lock files, on a local disk; made when missing. Electors that share it elect together. */
  readonly directory: string;
  readonly clock: Clock;
}

/**
 * One leader on a machine, by a lock on a file: an SQLite database held in an exclusive transaction. The kernel gives
 * the lock up with the process, however that ends, so nothing goes stale and no process id is ever guessed at.
 */
export class FileLockElector implements Elector {
  readonly #directory: string;
  readonly #clock: Clock;

  constructor({ directory, clock }: FileLockElectorOptions) {
    this.#directory = directory;
    this.#clock = clock;
  }

  async lead(name: string, lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const path = join(this.#directory, `${encodeURIComponent(name)}.lock`);
    await makeFolder(this.#directory, 'make it writable for this user');
    using lock = await this.#acquire(path, name, signal);
    const ended = new AbortController();
    const lost = new AbortController();
    const watching = this.#watch(path, lock.inode, lost, ended.signal);
    try {
      await lead(AbortSignal.any([signal, lost.signal]));
    } finally {
      ended.abort();
      await watching;
    }
  }

  async #acquire(path: string, name: string, signal: AbortSignal): Promise<FileLock> {
    for (;;) {
      if (signal.aborted) throw cancelled(name, signal.reason);
      const lock = await tryLock(path, name);
      if (lock !== undefined) return lock;
      await this.#pause(name, signal);
    }
  }

  async #pause(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(POLL_MS * (0.5 + Math.random() / 2), signal);
    } catch (error) {
      throw cancelled(name, error);
    }
  }

  /** A lock on a file that was deleted or replaced keeps nobody out any more. */
  async #watch(path: string, inode: bigint, lost: AbortController, ended: AbortSignal): Promise<void> {
    while (!lost.signal.aborted) {
      try {
        await this.#clock.sleep(POLL_MS, ended);
      } catch {
        return; // Only `ended` rejects it: leadership is being given up.
      }
      if ((await inodeOf(path)) !== inode) lost.abort(new Error(`the lock file ${path} was replaced`));
    }
  }
}

interface FileLock extends Disposable {
  readonly inode: bigint;
}

/**
 * Undefined when another holds it. Never waits: a wait inside SQLite would block the whole process. Nothing but SQLite
 * may open the file: closing any descriptor of it drops the locks that this process has on it.
 */
async function tryLock(path: string, name: string): Promise<FileLock | undefined> {
  const before = await inodeOf(path);
  const database = begin(path, name);
  if (database === undefined) return undefined;
  const inode = await inodeOf(path);
  if (inode !== undefined && inode === before) return { inode, [Symbol.dispose]: () => database.close() };
  // Made just now, by us or another, or replaced under our hands: lock what is there now.
  database.close();
  return tryLock(path, name);
}

function begin(path: string, name: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw new PortError('invalid', name, `the lock file ${path} cannot be used`, {
      cause: error,
      remedy: 'Check that its folder is writable and on a local disk; delete the file if it is damaged.',
    });
  }
}

/** The lower byte is the error, the rest its variety. */
function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return false;
  return typeof error.errcode === 'number' && (error.errcode & 0xff) === SQLITE_BUSY;
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    return undefined; // Not readable is as good as gone: nobody else would find our lock.
  }
}

function cancelled(name: string, cause: unknown): PortError {
  return new PortError('cancelled', name, `waiting to lead ${name} was ended`, { cause });
}
