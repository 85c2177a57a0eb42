import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, git } from './git.ts';
import type { Repository } from './repository.ts';

export interface Branch {
  readonly commit: string;
  /** Milliseconds since 1970. */
  readonly committedAt: number;
}

interface Reading {
  readonly fingerprint: string;
  readonly branches: ReadonlyMap<string, Branch>;
}

/** Two changes within this many milliseconds may leave the same time on a file. */
const GRANULARITY = 100;

/**
 * What the branches of repositories point to now. Most requests find nothing changed, so a reading is kept for as long
 * as the files that hold the refs are untouched: git replaces them, which shows in the times of their folders.
 */
export class Branches {
  readonly #readings = new Map<string, Reading>();

  async of(repository: Repository): Promise<ReadonlyMap<string, Branch>> {
    const began = Date.now();
    const times = await refTimes(repository.directory);
    const fingerprint = times.join(' ');
    const known = this.#readings.get(repository.directory);
    if (known?.fingerprint === fingerprint) return known.branches;
    const branches = await readBranches(repository);
    // A change that came with or after the look at the times would go unseen: then the reading is not kept.
    if (Math.max(...times) < began - GRANULARITY)
      this.#readings.set(repository.directory, { fingerprint, branches });
    return branches;
  }
}

export async function defaultBranch(repository: Repository): Promise<string> {
  const head = await readFile(path.join(repository.directory, 'HEAD'), 'utf8');
  return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1] ?? 'main';
}

async function readBranches(repository: Repository): Promise<ReadonlyMap<string, Branch>> {
  const output = await git(repository.directory, [
    'for-each-ref',
    '--format=%(objectname) %(committerdate:unix) %(refname)',
    'refs/heads',
  ]);
  return new Map(
    output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [commit = '', seconds = '', ref = ''] = line.split(' ');
        return [ref.slice('refs/heads/'.length), { commit, committedAt: Number(seconds) * 1000 }];
      }),
  );
}

/** Times of change, milliseconds: of the packed refs, and of every folder of loose ones. */
async function refTimes(directory: string): Promise<number[]> {
  const heads = path.join(directory, 'refs', 'heads');
  const [packed, ...folders] = await Promise.all([
    timeOf(path.join(directory, 'packed-refs')),
    timeOf(heads),
    ...(await foldersBelow(heads)).map(timeOf),
  ]);
  return [packed, ...folders];
}

async function foldersBelow(directory: string): Promise<string[]> {
  const entries = await orElse(readdir(directory, { withFileTypes: true }), []);
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(directory, name));
  return [...folders, ...(await Promise.all(folders.map(foldersBelow))).flat()];
}

async function timeOf(file: string): Promise<number> {
  return (await orElse(stat(file), undefined))?.mtimeMs ?? 0;
}

/** Folders of refs come and go. */
async function orElse<T, U>(promise: Promise<T>, absent: U): Promise<T | U> {
  try {
    return await promise;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return absent;
    throw error;
  }
}
