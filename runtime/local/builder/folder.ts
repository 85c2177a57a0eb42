import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { buildRecordSchema, ownerSchema, resultSchema } from './records.ts';
import type { BuildRecord, Owner, Result } from './records.ts';

/** Touched at each change of phase, so that one watch on the common folder sees them all. */
const CHANGED = '.changed';

/** Where one build keeps what. Files appear whole, and those written once are never replaced. */
export class BuildFolder {
  readonly path: string;
  readonly #parent: string;

  constructor(parent: string, name: string) {
    this.#parent = parent;
    this.path = join(parent, name);
  }

  /** The context, and the folder of a Dockerfile outside it. Removed when the build ends. */
  get source(): string {
    return join(this.path, 'source');
  }
  /** What tools write for us. Removed when the build ends. */
  get work(): string {
    return join(this.path, 'work');
  }
  get log(): string {
    return join(this.path, 'log');
  }

  /** False when a build of this name exists: the rename is the mutual exclusion, so a folder always has its record. */
  async create(record: BuildRecord): Promise<boolean> {
    const draft = join(this.#parent, `.new-${record.request.name}-${randomBytes(6).toString('hex')}`);
    await mkdir(join(draft, 'log'), { recursive: true });
    await writeDurably(join(draft, 'request.json'), record);
    try {
      await rename(draft, this.path);
      return true;
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
      throw error;
    }
  }

  /** Undefined when there is no such build. */
  record(): Promise<BuildRecord | undefined> {
    return this.#read('request.json', buildRecordSchema);
  }
  owner(): Promise<Owner | undefined> {
    return this.#read('owner.json', ownerSchema);
  }
  result(): Promise<Result | undefined> {
    return this.#read('result.json', resultSchema);
  }

  /** True for the one caller that becomes the owner. */
  async claim(owner: Owner): Promise<boolean> {
    return this.#writeOnce('owner.json', owner);
  }

  /** The first result stays. Removes the source. */
  async finish(result: Result): Promise<void> {
    await this.#writeOnce('result.json', result);
    for (const path of [this.source, this.work]) await rm(path, { recursive: true, force: true });
    await this.announce();
  }

  async announce(): Promise<void> {
    await writeFile(join(this.#parent, CHANGED), randomBytes(8).toString('hex'));
  }

  /** Gone at once for every reader, then from the disk. */
  async remove(): Promise<void> {
    const doomed = join(this.#parent, `.removed-${randomBytes(9).toString('hex')}`);
    try {
      await rename(this.path, doomed);
    } catch (error) {
      if (isCode(error, 'ENOENT')) return;
      throw error;
    }
    await rm(doomed, { recursive: true, force: true });
  }

  async #read<T>(name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    try {
      return schema.parse(JSON.parse(await readFile(join(this.path, name), 'utf8')));
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async #writeOnce(name: string, value: unknown): Promise<boolean> {
    const draft = join(this.path, `.${name}-${randomBytes(6).toString('hex')}`);
    try {
      await writeDurably(draft, value);
      await link(draft, join(this.path, name));
      return true;
    } catch (error) {
      // ENOENT: the build was removed meanwhile.
      if (isCode(error, 'EEXIST', 'ENOENT')) return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }
}

export function isCode(error: unknown, ...codes: string[]): boolean {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && codes.includes(code);
}

async function writeDurably(path: string, value: unknown): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(value)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
