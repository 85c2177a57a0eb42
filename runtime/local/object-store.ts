import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../ports/clock.ts';
import { PortError } from '../ports/errors.ts';
import type {
  NewObject,
  ObjectKind,
  ObjectList,
  ObjectStore,
  StoredObject,
  WatchEvent,
} from '../ports/object-store.ts';
import { ChangeLog } from './objects/change-log.ts';
import { Database } from './objects/database.ts';
import {
  created,
  deleted,
  hasLabels,
  isDocument,
  lateFinalizers,
  readDocument,
  updated,
  withStatus,
} from './objects/document.ts';
import type { Change, Document } from './objects/document.ts';
import {
  messageOf,
  parseGiven,
  parseStored,
  refuseMetadata,
  refuseOldVersion,
  refuseSize,
  resourceOf,
  subjectOf,
  toObject,
  tryParse,
  unreadable,
} from './objects/kind.ts';

export interface LocalObjectStoreOptions {
  /** The SQLite file, made when it is missing. On a local disk; several processes may share it. */
  readonly path: string;
  readonly clock: Clock;
  /** Milliseconds between looks for other processes' changes. @default 500 */
  readonly pollInterval?: number;
  /** Changes kept for watchers; one that lags further behind has to list again. @default 2000 */
  readonly retention?: number;
}

/**
 * Opens the store of one machine. Throws `PortError`: `invalid` for a file that is damaged, of another program or of a
 * newer Slipway, `denied` when it cannot be written, `transient` when the disk is full or another process holds the lock.
 */
export async function openObjectStore(options: LocalObjectStoreOptions): Promise<LocalObjectStore> {
  return new LocalObjectStore(await Database.open(options.path, options.clock), options);
}

/**
 * Objects in one SQLite file. Semantics are those of Kubernetes custom resources with a status subresource; an update
 * that changes nothing writes nothing. Watches leave out objects that no longer parse: `list` names them.
 */
export class LocalObjectStore implements ObjectStore {
  readonly #database: Database;
  readonly #changes: ChangeLog;
  readonly #clock: Clock;

  constructor(database: Database, options: LocalObjectStoreOptions) {
    this.#database = database;
    this.#clock = options.clock;
    this.#changes = new ChangeLog(database, {
      clock: options.clock,
      pollInterval: options.pollInterval ?? 500,
      retention: options.retention ?? 2000,
    });
  }

  async get<S, T>(
    kind: ObjectKind<S, T>,
    name: string,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T> | undefined> {
    const text = await this.#database.read((db) => select(db, kind, name), signal);
    return text === undefined ? undefined : parseStored(kind, name, text);
  }

  async list<S, T>(
    kind: ObjectKind<S, T>,
    options: { readonly labels?: Readonly<Record<string, string>>; readonly signal?: AbortSignal } = {},
  ): Promise<ObjectList<S, T>> {
    const { labels = {}, signal } = options;
    return this.#database.read((db) => {
      const items: StoredObject<S, T>[] = [];
      const invalid: { name: string; problem: string }[] = [];
      const rows = db
        .prepare('SELECT name, document FROM objects WHERE resource = ? ORDER BY name')
        .iterate(resourceOf(kind));
      for (const row of rows) {
        const name = String(row['name']);
        try {
          const document = readDocument(String(row['document']));
          if (hasLabels(document, labels)) items.push(toObject(kind, document));
        } catch (error) {
          invalid.push({ name, problem: messageOf(error) });
        }
      }
      return { items, invalid, resourceVersion: String(this.#changes.revision(db)) };
    }, signal);
  }

  async create<S, T>(
    kind: ObjectKind<S, T>,
    object: NewObject<S, T>,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T>> {
    const { name } = object.metadata;
    const checked = { ...object, ...parseGiven(kind, name, object) };
    refuseMetadata(kind, object.metadata);
    return this.#write(
      kind,
      (db) => {
        if (select(db, kind, name) !== undefined) {
          throw new PortError('conflict', subjectOf(kind, name), `${subjectOf(kind, name)} exists already.`);
        }
        const document = created(checked, { uid: randomUUID(), at: this.#clock.now() });
        return { before: document, change: { type: 'ADDED', document } };
      },
      signal,
    );
  }

  async update<S, T>(
    kind: ObjectKind<S, T>,
    object: StoredObject<S, T>,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T>> {
    const { name } = object.metadata;
    const checked = { ...object, spec: parseGiven(kind, name, object).spec };
    refuseMetadata(kind, object.metadata);
    return this.#write(
      kind,
      (db) => {
        const before = current(db, kind, object);
        const late = lateFinalizers(before, object);
        if (late.length > 0) {
          throw new PortError(
            'invalid',
            subjectOf(kind, name),
            `${subjectOf(kind, name)} is being deleted and takes no new finalizer (${late.join(', ')}).`,
          );
        }
        return { before, change: updated(before, checked) };
      },
      signal,
    );
  }

  async updateStatus<S, T>(
    kind: ObjectKind<S, T>,
    object: StoredObject<S, T>,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T>> {
    const { status } = parseGiven(kind, object.metadata.name, object);
    return this.#write(
      kind,
      (db) => {
        const before = current(db, kind, object);
        return { before, change: withStatus(before, status) };
      },
      signal,
    );
  }

  async delete<S, T>(
    kind: ObjectKind<S, T>,
    name: string,
    options: { readonly resourceVersion?: string; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.#database.write((db) => {
      const { resourceVersion } = options;
      if (resourceVersion === undefined && this.#removeUnreadable(db, kind, name)) return;
      const before = stored(db, kind, name);
      if (resourceVersion !== undefined) refuseOldVersion(kind, before, resourceVersion);
      this.#store(db, kind, deleted(before, this.#clock.now()));
    }, options.signal);
    this.#changes.wake();
  }

  watch<S, T>(
    kind: ObjectKind<S, T>,
    options: { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<S, T>> {
    return this.#watch(kind, options);
  }

  /** Ends watches and releases the file. */
  close(): void {
    this.#changes.close();
    this.#database.close();
  }

  async *#watch<S, T>(
    kind: ObjectKind<S, T>,
    options: { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<S, T>, void, undefined> {
    const resource = resourceOf(kind);
    for await (const { type, text } of this.#changes.follow(
      resource,
      options.resourceVersion,
      options.signal,
    )) {
      const object = tryParse(kind, text);
      if (object !== undefined) yield { type, object };
    }
  }

  async #write<S, T>(
    kind: ObjectKind<S, T>,
    decide: (db: DatabaseSync) => { readonly before: Document; readonly change: Change },
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T>> {
    const document = await this.#database.write((db) => {
      const { before, change } = decide(db);
      return this.#store(db, kind, change) ?? before;
    }, signal);
    this.#changes.wake();
    return toObject(kind, document);
  }

  /** An object that is no JSON document any more has no finalizers to wait for. */
  #removeUnreadable(db: DatabaseSync, kind: ObjectKind<unknown, unknown>, name: string): boolean {
    const text = select(db, kind, name);
    if (text === undefined || isDocument(text)) return false;
    const resource = resourceOf(kind);
    db.prepare('DELETE FROM objects WHERE resource = ? AND name = ?').run(resource, name);
    this.#changes.append(db, { revision: this.#changes.next(db), resource, type: 'DELETED', text });
    return true;
  }

  /** Writes the change under the next resourceVersion, which it returns the document with. */
  #store(db: DatabaseSync, kind: ObjectKind<unknown, unknown>, change: Change): Document | undefined {
    if (change.type === 'UNCHANGED') return undefined;
    const resource = resourceOf(kind);
    const revision = this.#changes.next(db);
    const metadata = { ...change.document.metadata, resourceVersion: String(revision) };
    const document = { ...change.document, metadata };
    const text = JSON.stringify(document);
    refuseSize(kind, metadata.name, text);
    if (change.type === 'DELETED') {
      db.prepare('DELETE FROM objects WHERE resource = ? AND name = ?').run(resource, metadata.name);
    } else {
      db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?)').run(resource, metadata.name, text);
    }
    this.#changes.append(db, { revision, resource, type: change.type, text });
    return document;
  }
}

function select(db: DatabaseSync, kind: ObjectKind<unknown, unknown>, name: string): string | undefined {
  const row = db
    .prepare('SELECT document FROM objects WHERE resource = ? AND name = ?')
    .get(resourceOf(kind), name);
  return row === undefined ? undefined : String(row['document']);
}

function stored(db: DatabaseSync, kind: ObjectKind<unknown, unknown>, name: string): Document {
  const text = select(db, kind, name);
  if (text === undefined) {
    throw new PortError('not-found', subjectOf(kind, name), `${subjectOf(kind, name)} does not exist.`);
  }
  return unreadable(kind, name, () => readDocument(text));
}

function current(db: DatabaseSync, kind: ObjectKind<unknown, unknown>, object: StoredObject): Document {
  const document = stored(db, kind, object.metadata.name);
  refuseOldVersion(kind, document, object.metadata.resourceVersion);
  return document;
}
