import { ManifestError } from '../manifests/errors.ts';
import { joinReference } from '../manifests/image-reference.ts';
import { selectPaths } from '../manifests/references.ts';
import { applyEdits } from '../manifests/targets.ts';
import { PortError, type Git, type Oid, type TreeEntry } from '../ports/index.ts';
import type { PushedBranch } from './actions.ts';
import { readFiles } from './read-files.ts';
import { fileEdits } from './target-text.ts';
import { decodeText } from './text.ts';

/** Files that globs select are read so many at a time, and kept only where they name an image that moves. */
const batch = 500;

/** A file that a commit changes, as text. */
export interface ChangedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** `latin1` stands for bytes that are no UTF-8: each is one character. */
  readonly encoding: Encoding;
}

type Encoding = 'utf8' | 'latin1';

interface FileText {
  readonly text: string;
  readonly encoding: Encoding;
}

/** What the branch's edits make of its parent's files. Throws `invalid` when one does not apply. */
export async function changedFiles(
  repository: string,
  branch: PushedBranch,
  git: Git,
  signal: AbortSignal,
): Promise<ChangedFile[]> {
  const files = new Map([
    ...(await selectedFiles(repository, branch, git, signal)),
    ...(await namedFiles(repository, branch, git, signal)),
  ]);
  return editFiles(branch, files);
}

/** The files that the edits name. */
async function namedFiles(
  repository: string,
  { parent, edits }: PushedBranch,
  git: Git,
  signal: AbortSignal,
): Promise<Map<string, FileText>> {
  const paths = [...new Set(edits.map(({ file }) => file))];
  const found = await Promise.all(paths.map((path) => git.entry(repository, parent, path, signal)));
  const entries = found.flatMap((entry) => (entry && isRegular(entry) ? [entry] : []));
  const blobs = await git.blobs(repository, oidsOf(entries), { signal });
  return new Map(
    entries.flatMap(({ path, oid }): [string, FileText][] => {
      const content = blobs.get(oid);
      if (!content) return [];
      const text = decodeText(content);
      if (text === undefined) throw new PortError('invalid', path, `${path} of ${repository} is not UTF-8`);
      return [[path, { text, encoding: 'utf8' }]];
    }),
  );
}

/** The files that globs of the edits select and that name an old reference; one that is too large to read is left out. */
async function selectedFiles(
  repository: string,
  { parent, edits }: PushedBranch,
  git: Git,
  signal: AbortSignal,
): Promise<Map<string, FileText>> {
  const globs = edits.flatMap(({ target }) => target.also);
  const files = new Map<string, FileText>();
  if (globs.length === 0) return files;
  const regular = ((await git.list(repository, parent, '', signal)) ?? []).filter(isRegular);
  const selected = new Set(
    selectPaths(
      regular.map(({ path }) => path),
      globs,
    ),
  );
  const entries = regular.filter(({ path }) => selected.has(path));
  const references = edits.map(({ from }) => joinReference(from));
  for (let at = 0; at < entries.length; at += batch) {
    const some = entries.slice(at, at + batch);
    const blobs = await readFiles(repository, oidsOf(some), git, signal);
    for (const { path, oid } of some) {
      const blob = blobs.get(oid);
      if (blob?.ok && references.some((one) => blob.value.includes(one))) files.set(path, textOf(blob.value));
    }
  }
  return files;
}

/** References are ASCII: they are replaced in any encoding that keeps the bytes. */
function textOf(content: Buffer): FileText {
  const text = decodeText(content);
  return text === undefined
    ? { text: content.toString('latin1'), encoding: 'latin1' }
    : { text, encoding: 'utf8' };
}

function isRegular({ mode }: TreeEntry): boolean {
  return mode.startsWith('100');
}

function oidsOf(entries: readonly TreeEntry[]): Oid[] {
  return [...new Set(entries.map(({ oid }) => oid))];
}

function editFiles({ edits }: PushedBranch, files: ReadonlyMap<string, FileText>): ChangedFile[] {
  try {
    const texts = new Map([...files].map(([path, { text }]) => [path, text]));
    return [...applyEdits(texts, edits.flatMap(fileEdits))].map(([path, { text }]) => {
      const { text: before = '', encoding = 'utf8' } = files.get(path) ?? {};
      return { path, before, after: text, encoding };
    });
  } catch (error) {
    if (error instanceof ManifestError)
      throw new PortError('invalid', 'manifests', error.message, { cause: error });
    throw error;
  }
}
