import { PortError, type Git, type Oid, type RefUpdate } from '../ports/index.ts';
import type { PushAction, PushedBranch } from './actions.ts';
import { changedFiles } from './changed-files.ts';
import type { DeliveryPorts } from './observe.ts';
import type { DeliveryOptions } from './options.ts';

/** Makes one commit per branch and pushes them all at once, each with its lease. A branch that fails stops no other. */
export async function applyPush(
  action: PushAction,
  { git }: Pick<DeliveryPorts, 'git'>,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<void> {
  const problems: PortError[] = [];
  const updates: RefUpdate[] = [];
  for (const branch of action.branches) {
    const commit = await makeCommit(action, branch, git, options, signal).catch((error: unknown) => {
      if (!(error instanceof PortError)) throw error;
      problems.push(error);
    });
    if (commit) updates.push({ ref: `refs/heads/${branch.branch}`, to: commit, expected: branch.expected });
  }
  for (const { branch, expected } of action.deletions)
    updates.push({ ref: `refs/heads/${branch}`, to: null, expected });
  if (updates.length > 0) problems.push(...(await pushAll(action, updates, git, signal)));
  const [first] = problems.toSorted((a, b) => Number(a.retryable) - Number(b.retryable));
  if (first) throw first;
}

async function pushAll(
  { repository, target }: PushAction,
  updates: readonly RefUpdate[],
  git: Git,
  signal: AbortSignal,
): Promise<PortError[]> {
  const results = await git.push(repository, target, updates, signal);
  return results.flatMap(({ ref, status, message = '' }) => {
    if (status === 'stale')
      return [new PortError('conflict', ref, `${ref} of ${target} has moved: ${message}`)];
    if (status === 'rejected') return [new PortError('denied', ref, `${target} refuses ${ref}: ${message}`)];
    return [];
  });
}

async function makeCommit(
  { repository }: PushAction,
  branch: PushedBranch,
  git: Git,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<Oid> {
  const files = await changedFiles(repository, branch, git, signal);
  const changes = files.map(({ path, after, encoding }) => ({ path, content: Buffer.from(after, encoding) }));
  if (changes.length === 0)
    throw new PortError(
      'conflict',
      branch.branch,
      `${branch.branch} would change nothing on ${branch.parent.slice(0, 12)}`,
    );
  const { parent, message, author, at } = branch;
  return git.createCommit(
    repository,
    { parent, changes, message, author, at, ...(options.signing && { sign: options.signing }) },
    signal,
  );
}
