import { setEnvironment } from './environment.ts';
import type { EnvironmentSelector } from './environment.ts';
import { ManifestError } from './errors.ts';
import type { ImageOverride } from './image-reference.ts';
import { setImages } from './kustomization.ts';
import { setPath } from './path.ts';
import { replaceReferences, selectPaths } from './references.ts';
import type { ResourceSelector } from './resources.ts';
import type { ScalarValue } from './scalar.ts';
import type { Change, EditResult } from './yaml-text.ts';

export interface ImageEdit {
  readonly type: 'image';
  /** A kustomization. */
  readonly file: string;
  readonly image: ImageOverride;
}

export interface EnvironmentEdit {
  readonly type: 'environment';
  readonly file: string;
  readonly variable: string;
  readonly value: string;
  /** @default the only place that has the variable */
  readonly select?: EnvironmentSelector;
}

export interface PathEdit {
  readonly type: 'path';
  readonly file: string;
  /** As `parsePath` reads it. */
  readonly path: string;
  readonly value: ScalarValue;
  /** @default the only document that has the path */
  readonly select?: ResourceSelector;
}

/** Replaces the exact old image reference in every file that the globs name (`also:`). */
export interface ReferenceEdit {
  readonly type: 'references';
  readonly globs: readonly string[];
  readonly from: string;
  readonly to: string;
}

export type Edit = ImageEdit | EnvironmentEdit | PathEdit | ReferenceEdit;

export interface FileChanges {
  /** The new text. */
  readonly text: string;
  readonly changes: readonly Change[];
}

/**
 * Applies the edits one after another. Throws before anything counts: either all of them apply, or none.
 * @param files texts by path; must hold each file that an edit names
 * @returns the files whose text changed
 * @throws ManifestError
 */
export function applyEdits(
  files: ReadonlyMap<string, string>,
  edits: readonly Edit[],
): Map<string, FileChanges> {
  const current = new Map(
    [...files].map(([path, text]): [string, FileChanges] => [path, { text, changes: [] }]),
  );
  for (const edit of edits) {
    const paths = edit.type === 'references' ? selectPaths(files.keys(), edit.globs) : [edit.file];
    for (const path of paths) {
      const before = current.get(path);
      if (before === undefined) {
        throw new ManifestError(path, 'is not in the repository', {
          remedy: 'correct the path of the target',
        });
      }
      const { text, changes } = applyEdit(before.text, path, edit);
      current.set(path, { text, changes: [...before.changes, ...changes] });
    }
  }
  return new Map([...current].filter(([path, { text }]) => text !== files.get(path)));
}

function applyEdit(text: string, file: string, edit: Edit): EditResult {
  switch (edit.type) {
    case 'image':
      return setImages(text, [edit.image], file);
    case 'environment':
      return setEnvironment(text, edit.variable, edit.value, { ...edit.select, file });
    case 'path':
      return setPath(text, edit.path, edit.value, { ...edit.select, file });
    case 'references': {
      const first = text.slice(0, Math.max(text.indexOf(edit.from), 0)).split('\n').length;
      const replaced = replaceReferences(text, edit.from, edit.to);
      const change = { path: edit.from, before: edit.from, after: edit.to, line: first };
      return { text: replaced.text, changes: replaced.count > 0 && replaced.text !== text ? [change] : [] };
    }
  }
}
