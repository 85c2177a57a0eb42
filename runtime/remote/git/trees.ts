import { LRUCache } from 'lru-cache';
import { untilCancelled } from '../../ports/abort.ts';
import { PortError } from '../../ports/errors.ts';
import type { TreeEntry } from '../../ports/git.ts';
import type { Mirror } from './mirror.ts';
import { isFileName, printable } from './names.ts';

export const DIRECTORY = '040000';

/** Names that are not UTF-8 come with replacement characters. */
export interface TreeItem {
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

/** Bounds of a listing, against trees that unfold without end. */
export interface TreeLimits {
  /** @default 128 */
  readonly depth: number;
  /** @default 500 000 */
  readonly entries: number;
}

/** Bytes that parsed trees may take, roughly. */
const CACHE_SIZE = 32 * 1024 * 1024;
/** Files that listings may hold together. */
const LISTED = 100_000;

/**
 * Parses a tree object: `<octal mode> SP <name> NUL <raw id>`, repeated.
 * @throws PortError `invalid` when it is malformed or holds a name twice, or one that git would not check out
 */
export function parseTree(content: Buffer, oid: string): TreeItem[] {
  const width = oid.length / 2;
  const items: TreeItem[] = [];
  const names = new Set<string>();
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    const next = end + 1 + width;
    const mode = content.toString('latin1', at, space);
    if (space < 0 || end < 0 || next > content.length || !/^[0-7]{5,6}$/.test(mode))
      throw new PortError('invalid', oid, `tree ${oid} is malformed`);
    const raw = content.toString('latin1', space + 1, end);
    const name = content.toString('utf8', space + 1, end);
    if (!isFileName(name) || names.has(raw))
      throw new PortError(
        'invalid',
        oid,
        `tree ${oid} holds the name "${printable(name)}", which git refuses`,
        {
          remedy: 'remove the entry from the repository; `git fsck` names it',
        },
      );
    names.add(raw);
    items.push({ mode: mode.padStart(6, '0'), name, oid: content.toString('hex', end + 1, next) });
    at = next;
  }
  return items;
}

/** Reads trees and remembers them: a tree object never changes. */
export class Trees {
  readonly #limits: TreeLimits;
  readonly #cache = new LRUCache<string, readonly TreeItem[]>({
    maxSize: CACHE_SIZE,
    sizeCalculation: (items) => 200 + items.length * 200,
  });
  /** Whoever asks meanwhile gets the same answer. */
  readonly #reading = new Map<string, Promise<readonly TreeItem[]>>();
  readonly #listings = new LRUCache<string, readonly TreeEntry[]>({
    maxSize: LISTED,
    sizeCalculation: (entries) => 1 + entries.length,
  });

  constructor(limits: TreeLimits = { depth: 128, entries: 500_000 }) {
    this.#limits = limits;
  }

  read(mirror: Mirror, oid: string, signal?: AbortSignal): Promise<readonly TreeItem[]> {
    const known = this.#cache.get(oid);
    if (known) return Promise.resolve(known);
    let reading = this.#reading.get(oid);
    if (!reading) {
      reading = this.#read(mirror, oid).finally(() => this.#reading.delete(oid));
      this.#reading.set(oid, reading);
    }
    return untilCancelled(reading, mirror.repository, signal);
  }

  async #read(mirror: Mirror, oid: string): Promise<readonly TreeItem[]> {
    const object = await mirror.object(oid);
    // commits never come without their trees
    if (!object) throw await mirror.damaged(`tree ${oid} is missing`);
    if (object.type !== 'tree') throw new PortError('invalid', oid, `${oid} is a ${object.type}, not a tree`);
    if (!object.content)
      throw new PortError('invalid', oid, `tree ${oid} is too large (${object.size} bytes)`);
    const items = parseTree(object.content, oid);
    this.#cache.set(oid, items);
    return items;
  }

  /** The entry at `path` below the tree `root`; undefined when there is none. */
  async find(
    mirror: Mirror,
    root: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<TreeEntry | undefined> {
    let entry: TreeEntry = { mode: DIRECTORY, oid: root, path };
    if (path === '') return entry;
    for (const segment of path.split('/')) {
      if (entry.mode !== DIRECTORY) return undefined;
      const items = await this.read(mirror, entry.oid, signal);
      const item = items.find(({ name }) => name === segment);
      if (!item) return undefined;
      entry = { mode: item.mode, oid: item.oid, path };
    }
    return entry;
  }

  /** Every file below the tree `root`, with `prefix` before the paths. One round of questions per level. */
  async list(
    mirror: Mirror,
    root: string,
    prefix: string,
    signal?: AbortSignal,
  ): Promise<readonly TreeEntry[]> {
    const key = `${root} ${prefix}`;
    const known = this.#listings.get(key);
    if (known) return known;
    const entries = await this.#unfold(mirror, root, prefix, signal);
    this.#listings.set(key, entries);
    return entries;
  }

  async #unfold(
    mirror: Mirror,
    root: string,
    prefix: string,
    signal: AbortSignal | undefined,
  ): Promise<TreeEntry[]> {
    const top: Directory = { oid: root, path: prefix, children: [] };
    let count = 0;
    let level = [top];
    for (let depth = 0; level.length > 0; depth++) {
      if (depth > this.#limits.depth)
        throw new PortError('invalid', root, `a tree is nested more than ${this.#limits.depth} levels deep`);
      const trees = await this.#readAll(mirror, level, signal);
      const next: Directory[] = [];
      for (const directory of level) {
        const items = trees.get(directory.oid) ?? [];
        count += items.length;
        if (count > this.#limits.entries)
          throw new PortError('invalid', root, `a tree holds more than ${this.#limits.entries} entries`, {
            remedy: 'name a smaller directory',
          });
        for (const item of items) {
          const path = directory.path === '' ? item.name : `${directory.path}/${item.name}`;
          if (item.mode === DIRECTORY) {
            const child: Directory = { oid: item.oid, path, children: [] };
            directory.children.push(child);
            next.push(child);
          } else directory.children.push({ mode: item.mode, oid: item.oid, path });
        }
      }
      level = next;
    }
    return flatten(top);
  }

  async #readAll(
    mirror: Mirror,
    level: readonly Directory[],
    signal: AbortSignal | undefined,
  ): Promise<Map<string, readonly TreeItem[]>> {
    const oids = [...new Set(level.map(({ oid }) => oid))];
    return new Map(
      await Promise.all(oids.map(async (oid) => [oid, await this.read(mirror, oid, signal)] as const)),
    );
  }
}

interface Directory {
  readonly oid: string;
  readonly path: string;
  readonly children: (TreeEntry | Directory)[];
}

function flatten(directory: Directory): TreeEntry[] {
  return directory.children.flatMap((child) => ('children' in child ? flatten(child) : [child]));
}
