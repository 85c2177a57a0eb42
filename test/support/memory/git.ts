import { createHash } from 'node:crypto';
import {
  PortError,
  type Commit,
  type CommitRequest,
  type FileChange,
  type Git,
  type Oid,
  type RefUpdate,
  type RefUpdateResult,
  type RepositoryUrl,
  type TreeEntry,
} from '../../../runtime/ports/index.ts';

type Files = ReadonlyMap<string, Buffer>;

interface Stored extends Commit {
  readonly files: Files;
}

/** One push that moved refs, for who counts. */
export interface Push {
  readonly repository: RepositoryUrl;
  readonly moved: readonly { readonly ref: string; readonly from: Oid | null; readonly to: Oid | null }[];
}

/** Git in memory: commits by content, refs with leases. All repositories share one set of objects, as forks do. */
export class MemoryGit implements Git {
  readonly pushes: Push[] = [];
  readonly #commits = new Map<Oid, Stored>();
  readonly #blobs = new Map<Oid, Buffer>();
  readonly #refs = new Map<RepositoryUrl, Map<string, Oid>>();

  /** A person's commit on a branch, made from `from` where the branch is new. */
  write(
    repository: RepositoryUrl,
    branch: string,
    files: Readonly<Record<string, string>>,
    from?: string,
  ): Oid {
    const refs = this.#refs.get(repository) ?? new Map<string, Oid>();
    this.#refs.set(repository, refs);
    const parent = refs.get(`refs/heads/${branch}`) ?? (from && refs.get(`refs/heads/${from}`));
    const changes = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
    const author = { name: 'Ann', email: 'ann@example.com' };
    const message = `Write ${Object.keys(files).join(', ')}`;
    const oid = this.#store({ parents: parent ? [parent] : [], changes, message, author, at: 0 });
    refs.set(`refs/heads/${branch}`, oid);
    return oid;
  }

  /** A person merges by making the base branch what the head is. */
  merge(repository: RepositoryUrl, head: string, base: string): void {
    const refs = this.#refs.get(repository);
    const oid = refs?.get(`refs/heads/${head}`);
    if (!refs || !oid) throw new Error(`${head} is no branch of ${repository}`);
    const { files, parents } = this.#commit(oid);
    const before = parents[0] ? this.#commit(parents[0]).files : new Map<string, Buffer>();
    const changed = [...files].filter(([path, content]) => !before.get(path)?.equals(content));
    this.write(
      repository,
      base,
      Object.fromEntries(changed.map(([path, content]) => [path, content.toString()])),
    );
  }

  heads(repository: RepositoryUrl): Record<string, Oid> {
    return Object.fromEntries([...(this.#refs.get(repository) ?? [])].sort());
  }

  refs(repository: RepositoryUrl, patterns: readonly string[]): Promise<ReadonlyMap<string, Oid>> {
    const refs = this.#refs.get(repository);
    if (!refs) return Promise.reject(new PortError('not-found', repository, `no repository ${repository}`));
    const matches = (ref: string) =>
      patterns.some((one) => (one.endsWith('*') ? ref.startsWith(one.slice(0, -1)) : ref === one));
    return Promise.resolve(new Map([...refs].filter(([ref]) => matches(ref))));
  }

  fetch(): Promise<void> {
    return Promise.resolve();
  }

  commit(_repository: RepositoryUrl, oid: Oid): Promise<Commit> {
    return Promise.resolve(this.#commit(oid));
  }

  resolve(_repository: RepositoryUrl, abbreviation: string): Promise<Oid | undefined> {
    return Promise.resolve([...this.#commits.keys()].find((oid) => oid.startsWith(abbreviation)));
  }

  list(_: RepositoryUrl, commit: Oid, directory: string): Promise<readonly TreeEntry[] | undefined> {
    const prefix = directory === '' ? '' : `${directory}/`;
    const entries = [...this.#commit(commit).files]
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, content]) => ({ mode: '100644', oid: blobId(content), path }));
    return Promise.resolve(
      entries.length > 0 ? entries.sort((a, b) => (a.path < b.path ? -1 : 1)) : undefined,
    );
  }

  async entry(repository: RepositoryUrl, commit: Oid, path: string): Promise<TreeEntry | undefined> {
    const content = this.#commit(commit).files.get(path);
    if (content) return { mode: '100644', oid: blobId(content), path };
    const below = await this.list(repository, commit, path);
    return below && { mode: '040000', oid: hash(JSON.stringify(below)), path };
  }

  blobs(_repository: RepositoryUrl, oids: readonly Oid[]): Promise<ReadonlyMap<Oid, Buffer>> {
    return Promise.resolve(new Map(oids.map((oid) => [oid, this.#blobs.get(oid) ?? Buffer.alloc(0)])));
  }

  lastChange(
    _: RepositoryUrl,
    queries: readonly { readonly head: Oid; readonly paths: readonly string[] }[],
  ): Promise<readonly (Oid | undefined)[]> {
    return Promise.resolve(queries.map(({ head, paths }) => this.#lastChange(head, paths)));
  }

  #lastChange(head: Oid, paths: readonly string[]): Oid | undefined {
    const selected = (files: Files) =>
      JSON.stringify([...files].filter(([path]) => paths.some((one) => covers(one, path))).map(pathAndId));
    for (let oid: Oid | undefined = head; oid;) {
      const commit = this.#commit(oid);
      const [parent] = commit.parents;
      const before = parent === undefined ? '[]' : selected(this.#commit(parent).files);
      if (selected(commit.files) !== before) return oid;
      oid = parent;
    }
    return undefined;
  }

  changedPaths(_repository: RepositoryUrl, from: Oid, to: Oid): Promise<readonly string[]> {
    const [before, after] = [this.#commit(from).files, this.#commit(to).files];
    const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
    return Promise.resolve(
      paths.filter((path) => !(before.get(path) ?? Buffer.of()).equals(after.get(path) ?? Buffer.of())),
    );
  }

  isAncestor(_repository: RepositoryUrl, ancestor: Oid, descendant: Oid): Promise<boolean> {
    for (let oid: Oid | undefined = descendant; oid; [oid] = this.#commit(oid).parents)
      if (oid === ancestor) return Promise.resolve(true);
    return Promise.resolve(false);
  }

  createCommit(_repository: RepositoryUrl, request: CommitRequest): Promise<Oid> {
    const { parent, ...rest } = request;
    return Promise.resolve(this.#store({ parents: [parent], ...rest }));
  }

  push(
    _repository: RepositoryUrl,
    target: RepositoryUrl,
    updates: readonly RefUpdate[],
  ): Promise<readonly RefUpdateResult[]> {
    const refs = this.#refs.get(target) ?? new Map<string, Oid>();
    const moved: Push['moved'][number][] = [];
    const results = updates.map(({ ref, to, expected }): RefUpdateResult => {
      const from = refs.get(ref) ?? null;
      if (from === to) return { ref, status: 'unchanged' };
      if (from !== expected) return { ref, status: 'stale', message: 'stale info' };
      if (to === null) refs.delete(ref);
      else refs.set(ref, to);
      moved.push({ ref, from, to });
      return { ref, status: 'updated' };
    });
    if (moved.length > 0) this.pushes.push({ repository: target, moved });
    return Promise.resolve(results);
  }

  materialize(): Promise<void> {
    return Promise.resolve();
  }

  #commit(oid: Oid): Stored {
    const found = this.#commits.get(oid);
    if (!found) throw new PortError('not-found', oid, `no commit ${oid}`);
    return found;
  }

  #store(commit: {
    readonly parents: readonly Oid[];
    readonly changes: readonly FileChange[];
    readonly message: string;
    readonly author: Commit['author'];
    readonly at: number;
  }): Oid {
    const { parents, changes, message, author, at } = commit;
    const files = new Map(parents[0] ? this.#commit(parents[0]).files : []);
    for (const { path, content } of changes) {
      if (content === null) files.delete(path);
      else files.set(path, content);
      if (content !== null) this.#blobs.set(blobId(content), content);
    }
    const tree = hash(JSON.stringify([...files].map(pathAndId).sort()));
    const oid = hash(JSON.stringify([tree, parents, message, author, at]));
    this.#commits.set(oid, {
      oid,
      tree,
      parents,
      author,
      committer: author,
      committedAt: at,
      message,
      files,
    });
    return oid;
  }
}

/** Pathspecs as Slipway writes them: `:(top,literal)path`, or a plain path; a folder covers what is below. */
function covers(pathspec: string, path: string): boolean {
  const exact = pathspec.replace(/^:\([a-z,]*\)/, '').replace(/\/$/, '');
  return exact === '' || exact === '.' || path === exact || path.startsWith(`${exact}/`);
}

function pathAndId([path, content]: readonly [string, Buffer]): readonly [string, string] {
  return [path, blobId(content)];
}

function blobId(content: Buffer): Oid {
  return hash(`blob ${content.toString('latin1')}`);
}

function hash(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
