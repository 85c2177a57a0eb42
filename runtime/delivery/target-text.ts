import { ManifestError } from '../manifests/errors.ts';
import { readEnvironment } from '../manifests/environment.ts';
import { joinReference, splitReference } from '../manifests/image-reference.ts';
import { KUSTOMIZATION_FILES, readImages } from '../manifests/kustomization.ts';
import { readPath } from '../manifests/path.ts';
import type { Edit as FileEdit } from '../manifests/targets.ts';
import type { Edit } from './actions.ts';
import type { ImageReference } from './observed.ts';
import type { Target } from './pair.ts';
import { missing, type Read } from './read.ts';

/** What a target means in the words of the YAML editor. */

/** Names that its file may have, the first one that exists counts. */
export function targetFiles(target: Target): readonly string[] {
  if (target.kind !== 'kustomization') return [target.file];
  return KUSTOMIZATION_FILES.map((name) => (target.directory === '' ? name : `${target.directory}/${name}`));
}

/** The image that the file names now; `name` is '' where it holds a tag or digest alone. */
export function readTarget(
  target: Target,
  file: string,
  text: string,
): Read<{ file: string; current: ImageReference }> {
  try {
    const current = currentOf(target, file, text);
    return typeof current === 'string' ? missing(current) : { ok: true, value: { file, current } };
  } catch (error) {
    if (error instanceof ManifestError) return missing(error.message);
    throw error;
  }
}

function currentOf(target: Target, file: string, text: string): ImageReference | string {
  const branch = target.into.branch;
  switch (target.kind) {
    case 'kustomization': {
      const entry = readImages(text, file).find(({ name }) => name === target.image);
      return entry?.current ?? `${file} on ${branch} has no images: entry named ${target.image}; add one`;
    }
    case 'environment': {
      const value = readEnvironment(text, { ...target.object, file }).find(
        ({ variable }) => variable === target.variable,
      )?.value;
      return value === undefined
        ? `${file} on ${branch} gives ${target.variable} no value`
        : splitReference(value);
    }
    case 'path': {
      const value = readPath(text, target.path, { file });
      if (typeof value !== 'string' && typeof value !== 'number')
        return `${file} on ${branch} has no text at ${target.path}`;
      return partOf(target.value, String(value));
    }
  }
}

function partOf(part: 'reference' | 'tag' | 'digest' | 'name', value: string): ImageReference {
  switch (part) {
    case 'reference':
      return splitReference(value);
    case 'tag':
      return { name: '', tag: value };
    case 'digest':
      return { name: '', digest: value };
    case 'name':
      return { name: value };
  }
}

/** The edits that move one target, the files of `also:` included. */
export function fileEdits({ target, file, from, to }: Edit): FileEdit[] {
  const edits: FileEdit[] = [mainEdit(target, file, to)];
  if (target.also.length > 0 && (from.tag ?? from.digest) !== undefined)
    edits.push({ type: 'references', globs: target.also, from: joinReference(from), to: joinReference(to) });
  return edits;
}

function mainEdit(target: Target, file: string, to: Required<ImageReference>): FileEdit {
  switch (target.kind) {
    case 'kustomization':
      return {
        type: 'image',
        file,
        image: { name: target.image, newName: to.name, newTag: to.tag, digest: to.digest },
      };
    case 'environment':
      return {
        type: 'environment',
        file,
        variable: target.variable,
        value: joinReference(to),
        ...(target.object && { select: target.object }),
      };
    case 'path': {
      const values = { reference: joinReference(to), tag: to.tag, digest: to.digest, name: to.name };
      return { type: 'path', file, path: target.path, value: values[target.value] };
    }
  }
}
