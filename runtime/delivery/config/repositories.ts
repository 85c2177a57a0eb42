import { canonicalRepository } from '../../source/repository.ts';
import type { Document } from '../../config/document.ts';
import type { Problem } from '../../config/errors.ts';
import type { Path } from '../../config/words.ts';
import type { FollowedBranch } from '../pair.ts';

/** A repository as the config writes it. */
export interface WrittenRepository {
  readonly name: string;
  readonly url: string;
  readonly branch: string;
  readonly urlPath: Path;
}

/** Repositories by name, with one spelling of their addresses; those with a bad one are left out. */
export function followedBranches(
  written: readonly WrittenRepository[],
  document: Document,
  sshHosts: ReadonlySet<string> | undefined,
): { readonly repositories: Map<string, FollowedBranch>; readonly problems: readonly Problem[] } {
  const repositories = new Map<string, FollowedBranch>();
  const problems: Problem[] = [];
  for (const { name, url, branch, urlPath } of written) {
    if (/^https?:\/\/[^/]*@/u.test(url)) {
      problems.push(
        document.problem(
          urlPath,
          'holds a user name or password',
          'take them out: the settings say where they are',
        ),
      );
      continue;
    }
    try {
      repositories.set(name, { name, url: canonicalRepository(url, { sshHosts }), branch });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      problems.push(document.problem(urlPath, error.message));
    }
  }
  return { repositories, problems };
}
