import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Clock } from '../../ports/clock.ts';
import { PortError } from '../../ports/errors.ts';
import type { Database } from './database.ts';

const rowSchema = z.object({
  revision: z.number(),
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED']),
  document: z.string(),
});

/** One row of the log. `text` is the document as JSON. */
export interface LoggedChange {
  readonly revision: number;
  readonly resource: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly text: string;
}

/** Changes handed over per read, so that a watcher holds little in memory. */
const BATCH = 64;

/** The order of all writes: one global counter, and the last changes for watchers in this and other processes. */
export class ChangeLog {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #pollInterval: number;
  readonly #retention: number;
  readonly #waiting = new Set<() => void>();
  readonly #closed = new AbortController();

  constructor(database: Database, options: { clock: Clock; pollInterval: number; retention: number }) {
    this.#database = database;
    this.#clock = options.clock;
    this.#pollInterval = options.pollInterval;
    this.#retention = options.retention;
  }

  revision(db: DatabaseSync): number {
    return Number(db.prepare('SELECT revision FROM store').get()?.['revision']);
  }

  /** Takes the next revision; to be followed by `append` in the same transaction. */
  next(db: DatabaseSync): number {
    const row = db.prepare('UPDATE store SET revision = revision + 1 RETURNING revision').get();
    return Number(row?.['revision']);
  }

  append(db: DatabaseSync, change: LoggedChange): void {
    db.prepare('INSERT INTO changes VALUES (?, ?, ?, ?)').run(
      change.revision,
      change.resource,
      change.type,
      change.text,
    );
    db.prepare('DELETE FROM changes WHERE revision <= ?').run(change.revision - this.#retention);
  }

  /** Lets watchers of this handle look at once, after a commit. */
  wake(): void {
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }

  close(): void {
    this.#closed.abort();
  }

  /** Changes of one resource after `resourceVersion`. Throws `not-found` when they are no longer kept. */
  async *follow(
    resource: string,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<LoggedChange, void, undefined> {
    let after = parseRevision(resource, resourceVersion);
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const isOver = (): boolean => ended.aborted;
    while (!isOver()) {
      // Made before the read: a commit between the read and the wait must not be slept through.
      const woken = Promise.withResolvers<undefined>();
      const resume = (): void => woken.resolve(undefined);
      this.#waiting.add(resume);
      try {
        const batch = await this.#database.read((db) => this.#after(db, resource, after));
        for (const change of batch.changes) {
          if (isOver()) return;
          yield change;
        }
        after = batch.upTo;
        if (batch.changes.length < BATCH) await this.#pause(woken.promise, ended);
      } finally {
        this.#waiting.delete(resume);
      }
    }
  }

  #after(
    db: DatabaseSync,
    resource: string,
    after: number,
  ): { readonly changes: readonly LoggedChange[]; readonly upTo: number } {
    const revision = this.revision(db);
    if (after === revision) return { changes: [], upTo: revision };
    const oldest = Number(db.prepare('SELECT min(revision) AS oldest FROM changes').get()?.['oldest']);
    if (after > revision || after < oldest - 1) {
      throw new PortError(
        'not-found',
        resource,
        `Changes of ${resource} after ${after} are not kept (${oldest} to ${revision} are): list again.`,
      );
    }
    const changes = db
      .prepare(
        'SELECT revision, type, document FROM changes WHERE resource = ? AND revision > ? ORDER BY revision LIMIT ?',
      )
      .all(resource, after, BATCH)
      .map((row) => rowSchema.parse(row))
      .map(({ revision: at, type, document: text }) => ({ revision: at, resource, type, text }));
    // Other kinds' changes are passed over, so that a quiet kind's watcher does not fall behind.
    return { changes, upTo: changes.length < BATCH ? revision : (changes.at(-1)?.revision ?? after) };
  }

  async #pause(woken: Promise<void>, ended: AbortSignal): Promise<void> {
    const rest = new AbortController();
    const slept = this.#clock.sleep(this.#pollInterval, AbortSignal.any([ended, rest.signal]));
    try {
      await Promise.race([woken, slept]);
    } catch (error) {
      if (!ended.aborted) throw error;
    } finally {
      rest.abort();
      // The sleep that lost the race ends by our abort.
      await slept.catch((error: unknown) => {
        if (!rest.signal.aborted) throw error;
      });
    }
  }
}

function parseRevision(resource: string, resourceVersion: string): number {
  if (/^\d{1,15}$/.test(resourceVersion)) return Number(resourceVersion);
  throw new PortError(
    'invalid',
    resource,
    `"${resourceVersion}" is no resourceVersion of this store: take it from a list.`,
  );
}
