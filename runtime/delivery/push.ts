import { ManifestError } from '../manifests/errors.ts';
import { selectPaths } from '../manifests/references.ts';
import { applyEdits } from '../manifests/targets.ts';
import { PortError, type Git, type Oid, type RefUpdate, type TreeEntry } from '../ports/index.ts';
import type { PushAction, PushedBranch } from './actions.ts';
import type { DeliveryPorts } from './observe.ts';
import type { DeliveryOptions } from './options.ts';
import { fileEdits } from './target-text.ts';

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
  const changes = files.map(({ path, after }) => ({ path, content: Buffer.from(after, 'utf8') }));
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

/** A file that a commit changes, as text. */
export interface ChangedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** What the branch's edits make of its parent's files. Throws `invalid` when one does not apply. */
export async function changedFiles(
  repository: string,
  branch: PushedBranch,
  git: Git,
  signal: AbortSignal,
): Promise<ChangedFile[]> {
  return editFiles(branch, await readFiles(repository, branch, git, signal));
}

/** The files that the edits name, and those that their globs select, in one batch. */
async function readFiles(
  repository: string,
  { parent, edits }: PushedBranch,
  git: Git,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const globs = edits.flatMap(({ target }) => target.also);
  const named = await Promise.all(
    [...new Set(edits.map(({ file }) => file))].map((file) => git.entry(repository, parent, file, signal)),
  );
  const all = globs.length > 0 ? ((await git.list(repository, parent, '', signal)) ?? []) : [];
  const selected = new Set(
    selectPaths(
      all.map(({ path }) => path),
      globs,
    ),
  );
  const entries = new Map<string, TreeEntry>();
  for (const entry of [...named, ...all.filter(({ path }) => selected.has(path))])
    if (entry?.mode.startsWith('100')) entries.set(entry.path, entry);
  const blobs = await git.blobs(repository, [...new Set([...entries.values()].map(({ oid }) => oid))], {
    signal,
  });
  return new Map(
    [...entries].flatMap(([path, { oid }]) => {
      const text = blobs.get(oid)?.toString('utf8');
      return text === undefined ? [] : [[path, text]];
    }),
  );
}

function editFiles({ edits }: PushedBranch, files: ReadonlyMap<string, string>): ChangedFile[] {
  try {
    const changed = applyEdits(files, edits.flatMap(fileEdits));
    return [...changed].map(([path, { text }]) => ({ path, before: files.get(path) ?? '', after: text }));
  } catch (error) {
    if (error instanceof ManifestError)
      throw new PortError('invalid', 'manifests', error.message, { cause: error });
    throw error;
  }
}
