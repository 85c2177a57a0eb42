/**
 * A canonical clone URL: `https://host/owner/name`, `ssh://user@host/owner/name` or `http://127.0.0.1:port/owner/name`,
 * without `.git`, user info or trailing slash. Made by `canonicalRepository` (source/repository.ts).
 */
export type RepositoryUrl = string;

/** 40 hex digits (64 in a sha256 repository). */
export type Oid = string;

export interface TreeEntry {
  /** As git prints it, six digits: 100644, 100755, 120000 (symlink), 160000 (submodule). */
  readonly mode: string;
  readonly oid: Oid;
  /** From the root of the repository, `/` between segments, no leading slash. */
  readonly path: string;
}

export interface Commit {
  readonly oid: Oid;
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  readonly author: { readonly name: string; readonly email: string };
  /** Who made this commit object: another than the author once somebody has amended it. */
  readonly committer: { readonly name: string; readonly email: string };
  /** Milliseconds since 1970. */
  readonly committedAt: number;
  /** Whole message, trailers included. */
  readonly message: string;
}

/** One file of a commit to make. `content: null` deletes. */
export interface FileChange {
  readonly path: string;
  readonly content: Buffer | null;
}

export interface CommitRequest {
  readonly parent: Oid;
  readonly changes: readonly FileChange[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** Milliseconds since 1970; together with the rest it fixes the commit's id. */
  readonly at: number;
  /** Sign with this key (gpg key id, or path of an ssh key). @default not signed */
  readonly sign?: { readonly format: 'openpgp' | 'ssh'; readonly key: string };
}

export interface RefUpdate {
  /** Full name, `refs/heads/…`. */
  readonly ref: string;
  /** `null` deletes the ref. */
  readonly to: Oid | null;
  /** What the remote must still hold; `null`: the ref must not exist. */
  readonly expected: Oid | null;
}

export interface RefUpdateResult {
  readonly ref: string;
  readonly status: 'updated' | 'unchanged' | 'stale' | 'rejected';
  /** What the remote said, for `stale` and `rejected`. */
  readonly message?: string;
}

/**
 * Git without checkouts: bare blobless mirrors, one per repository, shared by every pair.
 * Commits, trees and blobs are immutable, so everything but `refs` and `push` may be answered from the mirror.
 * All methods throw `PortError`.
 */
export interface Git {
  /**
   * One `ls-remote`. Patterns are full ref names, a trailing `*` allowed (`refs/heads/slipway/*`).
   * An empty repository gives an empty map; a repository that is missing or not readable throws.
   */
  refs(
    repository: RepositoryUrl,
    patterns: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, Oid>>;

  /** Brings these commits (with history and trees, without blobs) into the mirror; asks the remote only for what is missing. */
  fetch(repository: RepositoryUrl, refs: ReadonlyMap<string, Oid>, signal?: AbortSignal): Promise<void>;

  commit(repository: RepositoryUrl, oid: Oid, signal?: AbortSignal): Promise<Commit>;

  /**
   * The full id of an abbreviated commit id (7 to 40 hex digits), among the commits of the mirror.
   * Undefined when it is unknown, ambiguous or no commit.
   */
  resolve(repository: RepositoryUrl, abbreviation: string, signal?: AbortSignal): Promise<Oid | undefined>;

  /** Every file below `directory` ('' is the root), recursively, in git's order. Undefined when there is no such directory. */
  list(
    repository: RepositoryUrl,
    commit: Oid,
    directory: string,
    signal?: AbortSignal,
  ): Promise<readonly TreeEntry[] | undefined>;

  /** The entry at exactly this path: a file, symlink, submodule, or directory (mode 040000). */
  entry(
    repository: RepositoryUrl,
    commit: Oid,
    path: string,
    signal?: AbortSignal,
  ): Promise<TreeEntry | undefined>;

  /**
   * Contents by blob id; missing blobs come in one fetch. A blob over `limit` bytes throws `invalid`.
   * @param limit bytes @default 8 MiB
   */
  blobs(
    repository: RepositoryUrl,
    oids: readonly Oid[],
    options?: { limit?: number; signal?: AbortSignal },
  ): Promise<ReadonlyMap<Oid, Buffer>>;

  /**
   * For each query the commit that `git log -n1 <head> -- <paths>` names; undefined where no commit touched the paths.
   * Remembered on disk: a repeated query starts no process.
   */
  lastChange(
    repository: RepositoryUrl,
    queries: readonly { readonly head: Oid; readonly paths: readonly string[] }[],
    signal?: AbortSignal,
  ): Promise<readonly (Oid | undefined)[]>;

  /** Paths whose entry differs between two commits, renames not followed, in git's order. */
  changedPaths(
    repository: RepositoryUrl,
    from: Oid,
    to: Oid,
    signal?: AbortSignal,
  ): Promise<readonly string[]>;

  /** True when `ancestor` is reachable from `descendant` (or equal to it). */
  isAncestor(
    repository: RepositoryUrl,
    ancestor: Oid,
    descendant: Oid,
    signal?: AbortSignal,
  ): Promise<boolean>;

  /** Makes a commit in the mirror, not yet visible to anybody. The same request gives the same id (unless signed). */
  createCommit(repository: RepositoryUrl, request: CommitRequest, signal?: AbortSignal): Promise<Oid>;

  /**
   * One `git push` with a lease per ref, from the mirror of `repository` to `target` (the repository itself or its fork).
   * A ref that fails does not stop the others.
   */
  push(
    repository: RepositoryUrl,
    target: RepositoryUrl,
    updates: readonly RefUpdate[],
    signal?: AbortSignal,
  ): Promise<readonly RefUpdateResult[]>;

  /** Writes the files below `directory` of a commit to a new, empty folder (for builds). Links are never followed. */
  materialize(
    repository: RepositoryUrl,
    commit: Oid,
    directory: string,
    destination: string,
    signal?: AbortSignal,
  ): Promise<void>;
}
