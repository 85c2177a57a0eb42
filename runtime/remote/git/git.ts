import { resolve as absolute } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../../ports/clock.ts';
import { isFault } from '../../ports/errors.ts';
import type {
  Commit,
  CommitRequest,
  Git,
  Oid,
  RefUpdate,
  RefUpdateResult,
  RepositoryUrl,
  TreeEntry,
} from '../../ports/git.ts';
import { fileFailure } from './failures.ts';
import type { GitCredentials } from './credentials.ts';
import { fetchCommits } from './fetch.ts';
import { changedPaths, History, type LastChangeQuery } from './history.ts';
import type { Mirror } from './mirror.ts';
import { Mirrors } from './mirrors.ts';
import { checkOid, checkRef } from './names.ts';
import { Objects } from './objects.ts';
import { GitRunner, type Observer } from './process.ts';
import { push, type ReadRefs } from './push.ts';
import { readRefs } from './refs.ts';
import { Remote } from './remote.ts';

export interface GitOptions {
  /** Folder of the mirrors, made when missing. Several processes may share it; what it holds can always be deleted. */
  readonly directory: string;
  /**
   * Protocols by which remotes may be reached, after the rewriting of `url.<base>.insteadOf`:
   * `https`, `ssh`, `http-loopback` (http to this machine), `http`, `file`, `git`, `ext`.
   * @default https, ssh and http-loopback
   */
  readonly transports?: readonly string[];
  /**
   * For a host (with port) of an effective URL, and the repository that git was asked for; asked before each process.
   * @default what git is configured with
   */
  readonly credentials?: (
    host: string,
    repository: RepositoryUrl,
    direction: 'fetch' | 'push',
  ) => Promise<GitCredentials | undefined>;
  /** Milliseconds per git process. @default 600 000 */
  readonly timeout?: number;
  readonly clock: Clock;
  /** Told of each git process that starts. */
  readonly onCall?: Observer;
  /** @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
}

const BLOB_LIMIT = 8 * 1024 * 1024;

/** Git by the `git` binary. Close it: it keeps processes that read objects. */
export class GitClient implements Git, AsyncDisposable {
  readonly #directory: string;
  readonly #runner: GitRunner;
  readonly #remote: Remote;
  readonly #mirrors: Mirrors;
  readonly #objects = new Objects();
  readonly #history = new History();

  constructor(options: GitOptions) {
    const directory = absolute(options.directory);
    this.#directory = directory;
    this.#runner = new GitRunner({
      cwd: directory,
      environment: options.environment ?? process.env,
      timeout: options.timeout ?? 600_000,
      onCall: options.onCall ?? (() => undefined),
    });
    this.#remote = new Remote(this.#runner, {
      directory,
      transports: options.transports ?? ['https', 'ssh', 'http-loopback'],
      credentials: options.credentials ?? (() => Promise.resolve(undefined)),
      clock: options.clock,
    });
    this.#mirrors = new Mirrors(directory, this.#runner);
  }

  async refs(
    repository: RepositoryUrl,
    patterns: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, Oid>> {
    return withFiles(repository, async () => {
      await this.#prepare();
      return readRefs(this.#remote, repository, patterns, signal);
    });
  }

  async fetch(
    repository: RepositoryUrl,
    refs: ReadonlyMap<string, Oid>,
    signal?: AbortSignal,
  ): Promise<void> {
    return withFiles(repository, async () => {
      for (const [ref, oid] of refs) {
        checkRef(ref);
        checkOid(oid);
      }
      const [first] = refs.values();
      if (first === undefined) return;
      const attempt = async (): Promise<void> =>
        fetchCommits(await this.#mirror(repository, first), this.#remote, repository, refs, signal);
      const before = await this.#mirror(repository, first);
      try {
        await attempt();
      } catch (error) {
        // a damaged mirror was removed: once more, into a new one
        if (!isFault(error, 'transient') || (await before.isCurrent())) throw error;
        await attempt();
      }
    });
  }

  async commit(repository: RepositoryUrl, oid: Oid, signal?: AbortSignal): Promise<Commit> {
    return withFiles(repository, async () => {
      return this.#objects.commit(await this.#mirror(repository, oid), oid, signal);
    });
  }

  async resolve(
    repository: RepositoryUrl,
    abbreviation: string,
    signal?: AbortSignal,
  ): Promise<Oid | undefined> {
    return withFiles(repository, async () => {
      if (!/^[0-9a-f]{7,64}$/.test(abbreviation)) return undefined;
      for (const mirror of await this.#mirrors.existing(repository)) {
        const found = await mirror.resolve(abbreviation, signal);
        if (found !== undefined) return found;
      }
      return undefined;
    });
  }

  async list(
    repository: RepositoryUrl,
    commit: Oid,
    directory: string,
    signal?: AbortSignal,
  ): Promise<readonly TreeEntry[] | undefined> {
    return withFiles(repository, async () => {
      return this.#objects.list(await this.#mirror(repository, commit), commit, directory, signal);
    });
  }

  async entry(
    repository: RepositoryUrl,
    commit: Oid,
    path: string,
    signal?: AbortSignal,
  ): Promise<TreeEntry | undefined> {
    return withFiles(repository, async () => {
      return this.#objects.entry(await this.#mirror(repository, commit), commit, path, signal);
    });
  }

  async blobs(
    repository: RepositoryUrl,
    oids: readonly Oid[],
    options: { limit?: number; signal?: AbortSignal } = {},
  ): Promise<ReadonlyMap<Oid, Buffer>> {
    return withFiles(repository, async () => {
      const { limit = BLOB_LIMIT, signal } = options;
      const unique = [...new Set(oids.map(checkOid))];
      const [first] = unique;
      if (first === undefined) return new Map();
      const mirror = await this.#mirror(repository, first);
      return this.#objects.blobs(mirror, this.#remote, unique, limit, signal);
    });
  }

  async lastChange(
    repository: RepositoryUrl,
    queries: readonly LastChangeQuery[],
    signal?: AbortSignal,
  ): Promise<readonly (Oid | undefined)[]> {
    return withFiles(repository, async () => {
      return Promise.all(
        queries.map(async (query) =>
          this.#history.lastChange(await this.#mirror(repository, query.head), query, signal),
        ),
      );
    });
  }

  async changedPaths(
    repository: RepositoryUrl,
    from: Oid,
    to: Oid,
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    return withFiles(repository, async () => {
      return changedPaths(await this.#mirror(repository, from), from, to, signal);
    });
  }

  async isAncestor(
    repository: RepositoryUrl,
    ancestor: Oid,
    descendant: Oid,
    signal?: AbortSignal,
  ): Promise<boolean> {
    return withFiles(repository, async () => {
      const mirror = await this.#mirror(repository, ancestor);
      return this.#history.isAncestor(mirror, ancestor, checkOid(descendant), signal);
    });
  }

  async createCommit(repository: RepositoryUrl, request: CommitRequest, signal?: AbortSignal): Promise<Oid> {
    return withFiles(repository, async () => {
      return this.#objects.createCommit(await this.#mirror(repository, request.parent), request, signal);
    });
  }

  async push(
    repository: RepositoryUrl,
    target: RepositoryUrl,
    updates: readonly RefUpdate[],
    signal?: AbortSignal,
  ): Promise<readonly RefUpdateResult[]> {
    return withFiles(repository, async () => {
      const [first] = updates;
      if (!first) return [];
      const mirror = await this.#mirror(repository, first.to ?? first.expected ?? 'f'.repeat(40));
      const read: ReadRefs = (url, patterns) => readRefs(this.#remote, url, patterns, signal);
      return push(mirror, this.#remote, target, updates, read, signal);
    });
  }

  async materialize(
    repository: RepositoryUrl,
    commit: Oid,
    directory: string,
    destination: string,
    signal?: AbortSignal,
  ): Promise<void> {
    return withFiles(repository, async () => {
      const mirror = await this.#mirror(repository, commit);
      await this.#objects.materialize(mirror, this.#remote, commit, directory, destination, signal);
    });
  }

  /** Ends all processes. */
  close(): void {
    this.#mirrors.close();
    this.#runner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #mirror(repository: RepositoryUrl, oid: Oid): Promise<Mirror> {
    return this.#mirrors.open(repository, oid);
  }

  /** Git runs in the folder, which somebody may have emptied. */
  async #prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
  }
}

/** Whatever fails is told as a port tells it. */
async function withFiles<T>(repository: RepositoryUrl, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileFailure(error, repository);
  }
}
