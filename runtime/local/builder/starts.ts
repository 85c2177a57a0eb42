import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../ports/clock.ts';
import type { Git } from '../../ports/git.ts';
import type { Failure } from './classify.ts';
import { buildEnvironment } from './environment.ts';
import type { BuildFolder } from './folder.ts';
import { lastLines } from './log.ts';
import { BUILD_MARK } from './processes.ts';
import { needsSource } from './records.ts';
import type { BuildRecord } from './records.ts';
import { sourceFailure, writeSource } from './source.ts';

/** Run from the sources as TypeScript, from `build/` as JavaScript. */
const SHIM = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? 'shim.ts' : 'shim.js', import.meta.url));
const CLAIM_INTERVAL = 20;

interface Start {
  readonly recorded: Promise<boolean>;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Of this process, by folder: the record of a build names the process, not the handle, that brings it under way. */
const starts = new Map<string, Start>();

/** True while this process is about to bring the build of that folder under way. */
export function isStarting(folder: BuildFolder): boolean {
  return starts.has(folder.path);
}

export async function abortStart(path: string): Promise<void> {
  const start = starts.get(path);
  start?.abort.abort();
  await start?.done;
}

/** Builds on their way: recorded, but not yet in the hands of their shim. */
export class Starts {
  readonly #git: Pick<Git, 'materialize'>;
  readonly #clock: Clock;
  readonly #own = new Set<string>();

  constructor(options: { readonly git: Pick<Git, 'materialize'>; readonly clock: Clock }) {
    this.#git = options.git;
    this.#clock = options.clock;
  }

  /** Records the build, and goes on in the background. False when the name is taken. */
  async begin(folder: BuildFolder, record: BuildRecord): Promise<boolean> {
    const other = starts.get(folder.path);
    if (other !== undefined && (await other.recorded)) return false;
    const abort = new AbortController();
    // Registered before the folder appears, so that no look takes it for abandoned.
    const recorded = folder.create(record);
    const done = this.#goOn(folder, record, recorded, abort.signal)
      // It cannot even be recorded that it failed (a full disk): the next look finds it abandoned, and tells so.
      .catch(() => undefined)
      .finally(() => {
        starts.delete(folder.path);
        this.#own.delete(folder.path);
      });
    starts.set(folder.path, { recorded, abort, done });
    this.#own.add(folder.path);
    return recorded;
  }

  /** Gives up what this handle has on its way. */
  async close(): Promise<void> {
    await Promise.all([...this.#own].map(abortStart));
  }

  async #goOn(
    folder: BuildFolder,
    record: BuildRecord,
    recorded: Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    // Whoever called `begin` hears of a folder that could not be made.
    const isNew = await recorded.catch(() => false);
    if (!isNew) return;
    try {
      await folder.announce();
      if (needsSource(record.tool))
        await writeSource(this.#git, folder.source, record.request.source, signal);
    } catch (error) {
      await this.#giveUp(folder, sourceFailure(error));
      return;
    }
    if (signal.aborted) return this.#giveUp(folder, sourceFailure(signal.reason));
    const problem = await this.#handOver(folder, record.request.name);
    if (problem !== undefined)
      await this.#giveUp(folder, { kind: 'transient', reason: 'BuilderBroken', message: problem });
  }

  /** Without effect when somebody else has decided its fate. */
  async #giveUp(folder: BuildFolder, failure: Failure): Promise<void> {
    const result = { phase: 'failed', failure, finishedAt: this.#clock.now() } as const;
    if (await folder.claim({ kind: 'nobody', result })) await folder.finish(result);
  }

  /** Spawns the shim and waits until the build is its own; else what it said. */
  async #handOver(folder: BuildFolder, name: string): Promise<string | undefined> {
    const complaints = join(folder.path, 'shim.log');
    const stderr = openSync(complaints, 'a');
    let ended: string | undefined;
    try {
      const child = spawn(process.execPath, [SHIM, dirname(folder.path), name], {
        cwd: folder.path,
        detached: true,
        env: { ...buildEnvironment(process.env), [BUILD_MARK]: folder.path },
        stdio: ['ignore', 'ignore', stderr],
      });
      child.once('error', (error) => (ended = error.message));
      child.once(
        'exit',
        (status) => (ended ??= `The build's process ended with status ${status ?? 'unknown'}.`),
      );
      child.unref();
    } finally {
      closeSync(stderr);
    }
    const hasEnded = (): boolean => ended !== undefined;
    while (!hasEnded()) {
      if ((await folder.owner()) !== undefined) return undefined;
      await this.#clock.sleep(CLAIM_INTERVAL);
    }
    return lastLines(`${await readFile(complaints, 'utf8')}\n${ended ?? ''}`);
  }
}
