import { defaultBranch } from './branches.ts';
import type { Repositories, Repository } from './repositories.ts';
import type { ForgeState } from './state.ts';
import type { RepositoryFacts } from './views.ts';

/** What git and the stored side together say of a repository. */
export async function repositoryFacts(
  state: ForgeState,
  repositories: Repositories,
  repository: Repository,
  now: number,
): Promise<RepositoryFacts> {
  const row = state.repository(repository.fullName, now);
  const found = await repositories.branches(repository);
  return {
    row,
    defaultBranch: await defaultBranch(repository),
    pushedAt: Math.max(row.created_at, ...[...found.values()].map((branch) => branch.committedAt)),
    openPulls: state.openPulls(repository.fullName).length,
    forks: state.forks(repository.fullName).length,
  };
}

/** Looks up each repository once, for one answer. */
export function factsOf(
  state: ForgeState,
  repositories: Repositories,
  now: number,
): (fullName: string) => Promise<RepositoryFacts | undefined> {
  const known = new Map<string, Promise<RepositoryFacts | undefined>>();
  return (fullName) => {
    const cached = known.get(fullName);
    if (cached !== undefined) return cached;
    const [owner = '', name = ''] = fullName.split('/');
    const facts = repositories
      .find(owner, name)
      .then((repository) =>
        repository === undefined ? undefined : repositoryFacts(state, repositories, repository, now),
      );
    known.set(fullName, facts);
    return facts;
  };
}
