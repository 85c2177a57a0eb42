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
    branches.map(async ({ branch, head }): Promise<OwnBranch> => {
      const commit = await git.commit(repository, head, signal);
      const own = ownCommit(commit);
      if (own) return { repository, branch, head, ...own };
      const [first, other] = commit.parents;
      if (first === undefined || other === undefined || commit.parents.length > 2)
        return { repository, branch, head };
      const merged = ownCommit(await git.commit(repository, first, signal));
      return {
        repository,
        branch,
        head,
        ...(merged && {
          installation: merged.installation,
          merged: { commit: first, other, change: merged.change },
        }),
      };
    }),
  );
}
