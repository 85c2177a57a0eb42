import type { Oid, Ports, RepositoryUrl } from '../ports/index.ts';
import { ownCommit } from '../proposals/commit-message.ts';
import type { OwnBranch } from './observed.ts';

/** What the branches with our names hold. Their commits are in the mirror by now. */
export async function ownBranches(
  repository: RepositoryUrl,
  heads: ReadonlyMap<string, Oid>,
  prefix: string,
  { git }: Pick<Ports, 'git'>,
  signal: AbortSignal,
): Promise<OwnBranch[]> {
  const branches = [...heads]
    .map(([ref, head]) => ({ branch: ref.slice('refs/heads/'.length), head }))
    .filter(({ branch }) => branch.startsWith(`${prefix}/`) || branch.startsWith('update_'));
  return Promise.all(
    branches.map(async ({ branch, head }) => {
      const own = ownCommit(await git.commit(repository, head, signal));
      return { repository, branch, head, ...own };
    }),
  );
}
