import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../ports/folder.ts';
import type { Build } from '../../ports/builder.ts';
import { BuildFolder, isCode } from './folder.ts';
import { endBelongings, isAlive } from './processes.ts';
import type { BuildRecord, Owner, Result } from './records.ts';
import { isStarting } from './starts.ts';

/** Leftovers of processes that died while making or removing a build are older than this, in milliseconds. */
const LEFTOVER_AGE = 60 * 60 * 1000;

const LOST = {
  kind: 'transient',
  reason: 'Lost',
  message: 'The process that ran this build ended without a result: it was killed, or the machine restarted.',
} as const;

/**
 * All builds below one folder, which several processes may share. Whoever finds one abandoned says so for all:
 * its result becomes `Lost`.
 */
export class Builds {
  readonly directory: string;
  readonly #now: () => number;
  /** Results never change. */
  readonly #finished = new Map<string, Build>();
  #isSwept = false;

  constructor(directory: string, now: () => number) {
    this.directory = directory;
    this.#now = now;
  }

  folder(name: string): BuildFolder {
    return new BuildFolder(this.directory, name);
  }

  async list(): Promise<readonly Build[]> {
    await makeFolder(this.directory, 'make it writable for this user');
    if (!this.#isSwept) await this.#sweep();
    const names = (await readdir(this.directory)).filter((name) => !name.startsWith('.')).sort();
    const present = new Set(names);
    for (const name of this.#finished.keys()) if (!present.has(name)) this.#finished.delete(name);
    const builds: Build[] = [];
    for (const name of names) {
      const build = await this.#lookOrTell(name);
      if (build !== undefined) builds.push(build);
    }
    return builds;
  }

  /** Undefined when there is none. */
  async look(name: string): Promise<Build | undefined> {
    const known = this.#finished.get(name);
    if (known !== undefined) return known;
    const folder = this.folder(name);
    const record = await folder.record();
    if (record === undefined) return undefined;
    const result = await folder.result();
    const owner = await folder.owner();
    if (result !== undefined) return this.#remember(finished(record, owner, result));
    if (owner === undefined && (await this.#isComing(record))) return unfinished(record, 'pending');
    if (owner?.kind === 'shim' && (await isAlive(owner.process))) {
      return { ...unfinished(record, 'running'), startedAt: owner.startedAt };
    }
    return this.#abandoned(folder, record, owner);
  }

  forget(name: string): void {
    this.#finished.delete(name);
  }

  async #abandoned(
    folder: BuildFolder,
    record: BuildRecord,
    owner: Owner | undefined,
  ): Promise<Build | undefined> {
    const lost: Result = { phase: 'failed', failure: LOST, finishedAt: this.#now() };
    // A shim that comes now finds itself too late, and ends.
    if (owner === undefined && !(await folder.claim({ kind: 'nobody', result: lost }))) {
      return this.look(record.request.name);
    }
    if (owner?.kind === 'shim') await endBelongings(owner.process, folder.path, 0);
    // The first result stays: the shim may have written its own between our two looks.
    await folder.finish(owner?.kind === 'nobody' ? owner.result : lost);
    const result = await folder.result();
    return result && this.#remember(finished(record, owner, result));
  }

  async #isComing({ starter, request }: BuildRecord): Promise<boolean> {
    return starter.pid === process.pid ? isStarting(this.folder(request.name)) : isAlive(starter);
  }

  /** One record that cannot be read stops no other. */
  async #lookOrTell(name: string): Promise<Build | undefined> {
    try {
      return await this.look(name);
    } catch (error) {
      if (isCode(error, 'ENOTDIR')) return undefined;
      const message = `Its record cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      const failure = {
        kind: 'transient',
        reason: 'RecordUnreadable',
        message: message.slice(0, 2048),
      } as const;
      return { name, key: '', labels: {}, owned: false, phase: 'failed', failure };
    }
  }

  #remember(build: Build): Build {
    this.#finished.set(build.name, build);
    return build;
  }

  async #sweep(): Promise<void> {
    for (const name of await readdir(this.directory)) {
      if (!name.startsWith('.new-') && !name.startsWith('.removed-')) continue;
      const path = join(this.directory, name);
      const entry = await stat(path).catch((error: unknown) => {
        if (isCode(error, 'ENOENT')) return undefined;
        throw error;
      });
      if (entry !== undefined && this.#now() - entry.mtimeMs > LEFTOVER_AGE) {
        await rm(path, { recursive: true, force: true });
      }
    }
    this.#isSwept = true;
  }
}

export function isEnded(build: Build): boolean {
  return build.phase !== 'pending' && build.phase !== 'running';
}

function unfinished({ request }: BuildRecord, phase: 'pending' | 'running'): Build {
  return { name: request.name, key: request.key, labels: request.labels, owned: true, phase };
}

function finished({ request }: BuildRecord, owner: Owner | undefined, result: Result): Build {
  const startedAt = owner?.kind === 'shim' ? { startedAt: owner.startedAt } : {};
  return {
    name: request.name,
    key: request.key,
    labels: request.labels,
    owned: true,
    ...startedAt,
    ...result,
  };
}
