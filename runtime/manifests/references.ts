import picomatch from 'picomatch';
import { ManifestError } from './errors.ts';
import { splitReference } from './image-reference.ts';

/** The paths that `also: [globs]` names; `!` before a glob excludes, `**` crosses folders, dot files count. */
export function selectPaths(paths: Iterable<string>, globs: readonly string[]): string[] {
  const wanted = globs.filter((glob) => !glob.startsWith('!'));
  const unwanted = globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1));
  if (wanted.length === 0) return [];
  const matches = picomatch(wanted, { dot: true, ignore: unwanted });
  return [...paths].filter((path) => matches(path));
}

/**
 * Replaces every whole occurrence of an image reference in any text: `a/b:v1` is neither in `a/b:v1.2` nor in
 * `c/a/b:v1` nor in `a/b:v1@sha256:…`.
 * @param from `name:tag`, `name@digest` or `name:tag@digest`
 */
export function replaceReferences(text: string, from: string, to: string): { text: string; count: number } {
  const { tag, digest } = splitReference(from);
  if (!tag && !digest) {
    throw new ManifestError(from, 'is an image without tag and digest, which stands in too many places', {
      remedy: 'name the whole old reference',
    });
  }
  let count = 0;
  const replaced = text.replace(wholeReference(from), () => {
    count += 1;
    return to;
  });
  return { text: replaced, count };
}

/**
 * A character before belongs to the name unless it is the end of `docker://`; one after belongs to the tag or digest,
 * and so does `.` or `:` with a word behind it (a full stop, or the colon of a YAML key, does not).
 */
function wholeReference(reference: string): RegExp {
  const escaped = reference.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w.@:-]|(?<!:/)/)${escaped}(?![\\w/-]|[.:@]+[\\w-])`, 'g');
}
