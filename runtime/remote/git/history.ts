import pLimit from 'p-limit';
import { isFault, PortError } from '../../ports/errors.ts';
import type { Oid } from '../../ports/git.ts';
import { checkOid, printable } from './names.ts';
import { Memo } from './memo.ts';
import type { Mirror } from './mirror.ts';

/** Walks of histories at one time, over all mirrors: each keeps a core busy. */
const CONCURRENCY = 2;
const NONE = '-';

export interface LastChangeQuery {
  readonly head: Oid;
  readonly paths: readonly string[];
}

/** Questions about histories in mirrors. Their answers never change, so each is asked once. */
export class History {
  readonly #limit = pLimit(CONCURRENCY);
  readonly #running = new Map<string, Promise<string>>();

  /** The commit that `git log -n1 <head> -- <paths>` names. */
  async lastChange(mirror: Mirror, query: LastChangeQuery, signal?: AbortSignal): Promise<Oid | undefined> {
    const paths = query.paths.map(checkPathspec);
    const key = Memo.key('last-change', checkOid(query.head), ...paths);
    const answer = await this.#remembered(mirror, key, signal, async () => {
      await requireCommit(mirror, query.head, signal);
      // rev-list walks as log does, but heeds no log.* configuration
      const args = ['rev-list', '--max-count=1', query.head, '--', ...paths];
      return (await mirror.local('read the history', args, { signal })).trim() || NONE;
    });
    return answer === NONE ? undefined : answer;
  }

  async isAncestor(mirror: Mirror, ancestor: Oid, descendant: Oid, signal?: AbortSignal): Promise<boolean> {
    const key = Memo.key('is-ancestor', checkOid(ancestor), checkOid(descendant));
    const answer = await this.#remembered(mirror, key, signal, async () => {
      await Promise.all([requireCommit(mirror, ancestor, signal), requireCommit(mirror, descendant, signal)]);
      const output = await mirror.run(['merge-base', '--is-ancestor', ancestor, descendant], { signal });
      if (output.code > 1) throw await mirror.localFailure('read the history', output);
      return output.code === 0 ? 'yes' : 'no';
    });
    return answer === 'yes';
  }

  /** Equal questions that are asked at one time share one process; when its asker cancels, another one asks anew. */
  async #remembered(
    mirror: Mirror,
    key: string,
    signal: AbortSignal | undefined,
    find: () => Promise<string>,
  ): Promise<string> {
    const known = await mirror.memo.get(key);
    if (known !== undefined) return known;
    const id = `${mirror.path} ${key}`;
    const running = this.#running.get(id);
    if (running) {
      try {
        return await running;
      } catch (error) {
        if (!isFault(error, 'cancelled') || signal?.aborted) throw error;
        return this.#remembered(mirror, key, signal, find);
      }
    }
    const found = this.#limit(async () => {
      const answer = await find();
      await mirror.memo.set(key, answer);
      return answer;
    }).finally(() => this.#running.delete(id));
    this.#running.set(id, found);
    return found;
  }
}

/** Paths whose entry differs between two commits. */
export async function changedPaths(
  mirror: Mirror,
  from: Oid,
  to: Oid,
  signal?: AbortSignal,
): Promise<string[]> {
  checkOid(from);
  checkOid(to);
  await Promise.all([requireCommit(mirror, from, signal), requireCommit(mirror, to, signal)]);
  const options = ['-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none'];
  const output = await mirror.local('compare commits', ['diff-tree', ...options, from, to], { signal });
  return output.split('\0').filter((path) => path !== '');
}

/** @throws PortError `not-found` when the mirror does not hold the commit */
export async function requireCommit(mirror: Mirror, oid: Oid, signal?: AbortSignal): Promise<void> {
  if (!(await mirror.header(`${oid}^{commit}`, signal)))
    throw new PortError('not-found', mirror.repository, `${mirror.repository} has no commit ${oid} here`, {
      remedy: 'fetch it first',
    });
}

/** '' is the root, as '.'; git checks the rest. */
function checkPathspec(path: string): string {
  if (path.includes('\0')) throw new PortError('invalid', printable(path), 'a path holds a NUL byte');
  return path === '' ? '.' : path;
}
