import { LRUCache } from 'lru-cache';
import { PortError } from '../../ports/errors.ts';
import type { Commit, CommitRequest, Oid, TreeEntry } from '../../ports/git.ts';
import { checkOut } from './checkout.ts';
import { createCommit, parseCommit } from './commit.ts';
import { fetchBlobs } from './fetch.ts';
import type { Mirror } from './mirror.ts';
import { checkOid, checkPath } from './names.ts';
import type { Remote } from './remote.ts';
import { DIRECTORY, Trees } from './trees.ts';

/** Commits, trees and files of mirrors. None of them ever changes, so what was read is remembered. */
export class Objects {
  readonly #trees = new Trees();
  readonly #commits = new LRUCache<string, Commit>({ max: 5_000 });

  async commit(mirror: Mirror, oid: Oid, signal?: AbortSignal): Promise<Commit> {
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
  async entry(
    mirror: Mirror,
    commit: Oid,
    path: string,
    signal?: AbortSignal,
  ): Promise<TreeEntry | undefined> {
    if (path !== '') checkPath(path);
    const { tree } = await this.commit(mirror, commit, signal);
    return this.#trees.find(mirror, tree, path, signal);
  }

  async list(
    mirror: Mirror,
    commit: Oid,
    directory: string,
    signal?: AbortSignal,
  ): Promise<readonly TreeEntry[] | undefined> {
    const found = await this.entry(mirror, commit, directory, signal);
    if (found?.mode !== DIRECTORY) return undefined;
    return this.#trees.list(mirror, found.oid, directory, signal);
  }

  /** Missing ones come in one fetch. @param limit bytes of each */
  async blobs(
    mirror: Mirror,
    remote: Remote,
    oids: readonly Oid[],
    limit: number,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<Oid, Buffer>> {
    await fetchBlobs(mirror, remote, oids, signal);
    await Promise.all(oids.map((oid) => checkBlob(mirror, oid, limit, signal)));
    const contents = await Promise.all(
      oids.map(async (oid) => [oid, (await mirror.object(oid, signal))?.content] as const),
    );
    const known = contents.flatMap(([oid, content]) => (content ? [[oid, content] as const] : []));
    if (known.length < oids.length) throw await mirror.damaged('a blob is missing');
    return new Map(known);
  }

  async createCommit(mirror: Mirror, request: CommitRequest, signal?: AbortSignal): Promise<Oid> {
    const parent = await this.commit(mirror, request.parent, signal);
    return createCommit(mirror, this.#trees, parent, request, signal);
  }

  /** Writes the files below `directory` to a new or empty folder. */
  async materialize(
    mirror: Mirror,
    remote: Remote,
    commit: Oid,
    directory: string,
    destination: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const found = await this.entry(mirror, commit, directory, signal);
    if (found?.mode !== DIRECTORY)
      throw new PortError(
        'not-found',
        mirror.repository,
        `${mirror.repository} has no directory "${directory}" in ${commit}`,
      );
    const entries = await this.#trees.list(mirror, found.oid, directory, signal);
    const blobs = entries.filter(({ mode }) => mode !== '160000').map(({ oid }) => oid);
    await fetchBlobs(mirror, remote, blobs, signal);
    await checkOut(mirror, found.oid, destination, signal);
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
