import { resolve as absolute } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ports/clock.ts';
import { isFault, PortError } from '../../ports/errors.ts';
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
import { checkOut } from './checkout.ts';
import { createCommit, parseCommit } from './commit.ts';
import type { GitCredentials } from './credentials.ts';
import { fetchBlobs, fetchCommits } from './fetch.ts';
import { changedPaths, History, type LastChangeQuery } from './history.ts';
import { type Mirror, Mirrors } from './mirror.ts';
import { checkOid, checkPath, checkPattern, checkRef, matchesPattern } from './names.ts';
import { GitRunner, type Observer } from './process.ts';
import { push } from './push.ts';
import { Remote } from './remote.ts';
import { DIRECTORY, Trees } from './trees.ts';

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
  readonly credentials?: (host: string, repository: RepositoryUrl) => Promise<GitCredentials | undefined>;
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
  readonly #trees = new Trees();
  readonly #history = new History();
  readonly #commits = new LRUCache<string, Commit>({ max: 5_000 });

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
      patterns.forEach(checkPattern);
      if (patterns.length === 0) return new Map();
      await this.#prepare();
      const output = await this.#remote.read('read refs of', {
        repository,
        args: ['ls-remote', '--quiet', '--refs', ...scopesOf(patterns), '--', repository, ...patterns],
        signal,
      });
      const lines = [...output.matchAll(/^([0-9a-f]+)\t(\S+)$/gm)];
      return new Map(
        lines
          .map(([, oid = '', ref = '']) => [ref, oid] as const)
          .filter(([ref]) => patterns.some((pattern) => matchesPattern(ref, pattern))),
      );
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
      return this.#commit(await this.#mirror(repository, oid), oid, signal);
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
        const found = await mirror.header(`${abbreviation}^{commit}`, signal);
        // an annotated tag of that name leads to another commit
        if (found?.oid.startsWith(abbreviation)) return found.oid;
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
      const mirror = await this.#mirror(repository, commit);
      const found = await this.#find(mirror, commit, directory, signal);
      if (found?.mode !== DIRECTORY) return undefined;
      return this.#trees.list(mirror, found.oid, directory, signal);
    });
  }

  async entry(
    repository: RepositoryUrl,
    commit: Oid,
    path: string,
    signal?: AbortSignal,
  ): Promise<TreeEntry | undefined> {
    return withFiles(repository, async () => {
      return this.#find(await this.#mirror(repository, commit), commit, path, signal);
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
      await fetchBlobs(mirror, this.#remote, unique, signal);
      await Promise.all(unique.map((oid) => checkBlob(mirror, oid, limit, signal)));
      const contents = await Promise.all(
        unique.map(async (oid) => [oid, (await mirror.object(oid, signal))?.content] as const),
      );
      const known = contents.flatMap(([oid, content]) => (content ? [[oid, content] as const] : []));
      if (known.length < unique.length) throw await mirror.damaged('a blob is missing');
      return new Map(known);
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
      const mirror = await this.#mirror(repository, request.parent);
      const parent = await this.#commit(mirror, request.parent, signal);
      return createCommit(mirror, this.#trees, parent, request, signal);
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
      const readRefs = (url: RepositoryUrl, patterns: readonly string[]) => this.refs(url, patterns, signal);
      return push(mirror, this.#remote, target, updates, readRefs, signal);
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
      const found = await this.#find(mirror, commit, directory, signal);
      if (found?.mode !== DIRECTORY)
        throw new PortError(
          'not-found',
          repository,
          `${repository} has no directory "${directory}" in ${commit}`,
        );
      const entries = await this.#trees.list(mirror, found.oid, directory, signal);
      const blobs = entries.filter(({ mode }) => mode !== '160000').map(({ oid }) => oid);
      await fetchBlobs(mirror, this.#remote, blobs, signal);
      await checkOut(mirror, found.oid, destination, signal);
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

  async #mirror(repository: RepositoryUrl, oid: Oid): Promise<Mirror> {
    await this.#prepare();
    return this.#mirrors.open(repository, oid);
  }

  /** Somebody may have emptied the cache: every call finds its folder. */
  async #prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
  }

  async #commit(mirror: Mirror, oid: Oid, signal: AbortSignal | undefined): Promise<Commit> {
    const key = `${mirror.path} ${checkOid(oid)}`;
    const known = this.#commits.get(key);
    if (known) return known;
    const object = await mirror.object(`${oid}^{commit}`, signal);
    if (!object?.content)
      throw new PortError('not-found', mirror.repository, `${mirror.repository} has no commit ${oid} here`, {
        remedy: 'fetch it first',
      });
    const commit = parseCommit(object.oid, object.content);
    this.#commits.set(key, commit);
    return commit;
  }

  /** '' is the root. */
  async #find(
    mirror: Mirror,
    commit: Oid,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<TreeEntry | undefined> {
    if (path !== '') checkPath(path);
    const { tree } = await this.#commit(mirror, commit, signal);
    return this.#trees.find(mirror, tree, path, signal);
  }
}

/** With these a server sends only what lies below, which spares it (and us) the refs of all pull requests. */
function scopesOf(patterns: readonly string[]): string[] {
  const scopes = [
    ['--heads', 'refs/heads/'],
    ['--tags', 'refs/tags/'],
  ] as const;
  const within = scopes.filter(([, prefix]) => patterns.some((pattern) => pattern.startsWith(prefix)));
  const all = patterns.every((pattern) => within.some(([, prefix]) => pattern.startsWith(prefix)));
  return all ? within.map(([flag]) => flag) : [];
}

/** Whatever fails is told as a port tells it. */
async function withFiles<T>(repository: RepositoryUrl, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileFailure(error, repository);
  }
}

async function checkBlob(
  mirror: Mirror,
  oid: Oid,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const header = await mirror.header(oid, signal);
  if (header && header.type !== 'blob')
    throw new PortError('invalid', mirror.repository, `${oid} is a ${header.type}, not a file`);
  if (header && header.size > limit)
    throw new PortError(
      'invalid',
      mirror.repository,
      `file ${oid} has ${header.size} bytes, over the limit of ${limit}`,
    );
}
