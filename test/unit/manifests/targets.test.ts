import { describe, expect, it } from '@jest/globals';
import { ManifestError } from '../../../runtime/manifests/errors.ts';
import { applyEdits } from '../../../runtime/manifests/targets.ts';
import type { Edit } from '../../../runtime/manifests/targets.ts';

const FILES = new Map([
  ['base/kustomization.yaml', 'images:\n- name: a\n  newTag: v1\n- name: b\n  newTag: v1\n'],
  [
    'base/deployment.yaml',
    'spec:\n  containers:\n  - name: c\n    env:\n    - name: IMAGE\n      value: a:v1\n',
  ],
  ['base/config.yaml', 'image: {tag: v1}\n'],
  ['tests/golden.go', 'x := `\n  image: a:v1\n`\n'],
  ['tests/other.go', 'nothing\n'],
]);

const EDITS: Edit[] = [
  { type: 'image', file: 'base/kustomization.yaml', image: { name: 'a', newTag: 'v2' } },
  { type: 'image', file: 'base/kustomization.yaml', image: { name: 'b', newTag: 'v3' } },
  { type: 'environment', file: 'base/deployment.yaml', variable: 'IMAGE', value: 'a:v2' },
  { type: 'path', file: 'base/config.yaml', path: 'image.tag', value: 'v2' },
  { type: 'references', globs: ['tests/**'], from: 'a:v1', to: 'a:v2' },
];

describe('applyEdits', () => {
  it('gives the files that changed', () => {
    const changed = applyEdits(FILES, EDITS);
    expect([...changed].map(([path, { text }]) => [path, text])).toEqual([
      ['base/kustomization.yaml', 'images:\n- name: a\n  newTag: v2\n- name: b\n  newTag: v3\n'],
      ['base/deployment.yaml', FILES.get('base/deployment.yaml')?.replace('a:v1', 'a:v2')],
      ['base/config.yaml', 'image: {tag: v2}\n'],
      ['tests/golden.go', 'x := `\n  image: a:v2\n`\n'],
    ]);
    expect(changed.get('base/kustomization.yaml')?.changes).toHaveLength(2);
    expect(changed.get('tests/golden.go')?.changes).toEqual([
      { path: 'a:v1', before: 'a:v1', after: 'a:v2', line: 2 },
    ]);
  });

  it('gives nothing when all is as wanted', () => {
    const after = new Map(FILES);
    for (const [path, { text }] of applyEdits(FILES, EDITS)) after.set(path, text);
    expect(applyEdits(after, EDITS).size).toBe(0);
  });

  it('names a file that is not there', () => {
    const edit: Edit = { type: 'path', file: 'gone.yaml', path: 'a', value: 'b' };
    expect(() => applyEdits(FILES, [edit])).toThrow(ManifestError);
    expect(() => applyEdits(FILES, [edit])).toThrow('gone.yaml: is not in the repository');
  });
});
