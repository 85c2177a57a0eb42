import { createTwoFilesPatch } from 'diff';
import type { Git } from '../ports/index.ts';
import type { DeliveryPlan } from './actions.ts';
import { changedFiles } from './changed-files.ts';

/** What one branch would change on its base. */
export interface BranchDiff {
  readonly repository: string;
  readonly branch: string;
  /** Unified, as `git apply` reads it. */
  readonly diff: string;
}

/** The file changes of every push of a plan. Reads the mirrors; makes no commit. */
export async function planDiffs(
  { actions }: DeliveryPlan,
  git: Git,
  signal: AbortSignal,
): Promise<BranchDiff[]> {
  const pushes = actions.flatMap((action) => (action.kind === 'push' ? [action] : []));
  const diffs = pushes.flatMap(({ repository, branches }) =>
    branches.map(async (branch): Promise<BranchDiff> => {
      const files = await changedFiles(repository, branch, git, signal);
      const diff = files.map(({ path, before, after }) => unifiedDiff(path, before, after)).join('');
      return { repository, branch: branch.branch, diff };
    }),
  );
  return Promise.all(diffs);
}

function unifiedDiff(path: string, before: string, after: string): string {
  const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, '', '', { context: 3 });
  // The first line is a rule that git does not write.
  return patch.slice(patch.indexOf('\n') + 1);
}
