import { PortError, type Git, type Oid, type RefUpdate, type RefUpdateResult } from '../ports/index.ts';
import type { PushAction, PushedBranch } from './actions.ts';
import { changedFiles } from './changed-files.ts';
import type { DeliveryPorts } from './observe.ts';
import type { DeliveryOptions } from './options.ts';

/** What went wrong with some branches of a push; the others are where they should be. */
export class PushError extends PortError {
  /** By name of the branch. */
  readonly branches: ReadonlyMap<string, PortError>;

  constructor(first: PortError, branches: ReadonlyMap<string, PortError>) {
    const { fault, subject, remedy, retryAfter } = first;
    const more = branches.size > 1 ? ` (and ${branches.size - 1} more of its branches)` : '';
    super(fault, subject, `${first.message}${more}`, {
      cause: first,
      ...(remedy !== undefined && { remedy }),
      ...(retryAfter !== undefined && { retryAfter }),
    });
    this.name = 'PushError';
    this.branches = branches;
  }
}

/**
 * Makes one commit per branch and pushes them all at once, each with its lease. A branch that fails stops no other.
 * Throws `PushError`.
 */
export async function applyPush(
  action: PushAction,
  { git }: Pick<DeliveryPorts, 'git'>,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<void> {
  const problems = new Map<string, PortError>();
  const updates: RefUpdate[] = [];
  for (const branch of action.branches) {
    const commit = await makeCommit(action, branch, git, options, signal).catch((error: unknown) => {
      problems.set(branch.branch, failureOf(error));
    });
    if (commit) updates.push({ ref: headsPrefix + branch.branch, to: commit, expected: branch.expected });
  }
  for (const { branch, expected } of action.deletions)
    updates.push({ ref: headsPrefix + branch, to: null, expected });
  if (updates.length > 0)
    for (const [branch, problem] of await pushAll(action, updates, git, signal))
      problems.set(branch, problem);
  const [first] = [...problems.values()].toSorted((a, b) => Number(a.retryable) - Number(b.retryable));
  if (first) throw new PushError(first, problems);
}

const headsPrefix = 'refs/heads/';

/** The problem of each branch that could not be pushed. */
async function pushAll(
  { repository, target }: PushAction,
  updates: readonly RefUpdate[],
  git: Git,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PortError>> {
  try {
    const results = await git.push(repository, target, updates, signal);
    return new Map(
      results.flatMap((result): [string, PortError][] => {
        const problem = refusal(result, target);
        return problem ? [[result.ref.slice(headsPrefix.length), problem]] : [];
      }),
    );
  } catch (error) {
    const failure = failureOf(error);
    return new Map(updates.map(({ ref }) => [ref.slice(headsPrefix.length), failure]));
  }
}

function refusal({ ref, status, message = '' }: RefUpdateResult, target: string): PortError | undefined {
  if (status === 'stale') return new PortError('conflict', ref, `${ref} of ${target} has moved: ${message}`);
  if (status === 'rejected') return new PortError('denied', ref, `${target} refuses ${ref}: ${message}`);
  return undefined;
}

/** Throws what is no failure of the outside, and our own cancelling. */
function failureOf(error: unknown): PortError {
  if (error instanceof PortError && error.fault !== 'cancelled') return error;
  throw error;
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
