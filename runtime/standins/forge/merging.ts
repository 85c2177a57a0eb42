import { git, tryGit } from './git.ts';
import { Problem } from './problems.ts';
import type { Repository } from './repositories.ts';
import type { PullRow } from './state.ts';

export interface MergeRequest {
  readonly method: 'merge' | 'squash' | 'rebase';
  readonly title?: string | undefined;
  readonly message?: string | undefined;
  /** What the head must still be. */
  readonly sha?: string | undefined;
}

/** Makes the commit that merges a pull request into `base`; it moves no branch. */
export async function mergeCommit(
  repository: Repository,
  row: PullRow,
  base: string,
  actor: string,
  wanted: MergeRequest,
): Promise<string> {
  if (wanted.method === 'rebase') throw new Problem(405, 'Rebase merges are not allowed on this repository.');
  const tree = await mergedTree(repository, base, row.head_sha);
  if (tree === undefined) throw new Problem(405, 'Pull Request is not mergeable');
  const [title, message] =
    wanted.method === 'merge' ? mergeWords(row) : await squashWords(repository, row, base);
  const parents = wanted.method === 'merge' ? [base, row.head_sha] : [base];
  const words = [wanted.title ?? title, wanted.message ?? message].filter((part) => part !== '');
  return git(
    repository.directory,
    ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', words.join('\n\n')],
    identity(actor),
  );
}

/** The tree of a merge without conflicts. */
export async function mergedTree(
  repository: Repository,
  base: string,
  head: string,
): Promise<string | undefined> {
  const merged = await tryGit(repository.directory, [
    'merge-tree',
    '--write-tree',
    '--no-messages',
    base,
    head,
  ]);
  return merged.ok ? merged.output.trim() : undefined;
}

function mergeWords(row: PullRow): [string, string] {
  const owner = row.head_repository.split('/')[0] ?? '';
  return [`Merge pull request #${row.number} from ${owner}/${row.head_ref}`, row.title];
}

async function squashWords(repository: Repository, row: PullRow, base: string): Promise<[string, string]> {
  const log = await git(repository.directory, [
    'log',
    '--reverse',
    '--format=* %B',
    `${base}..${row.head_sha}`,
  ]);
  return [`${row.title} (#${row.number})`, log.trim()];
}

function identity(login: string): Record<string, string> {
  const email = `${login}@users.noreply.localhost`;
  return {
    GIT_AUTHOR_NAME: login,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: login,
    GIT_COMMITTER_EMAIL: email,
  };
}
