import { describe, expect, it } from '@jest/globals';
import { ManifestError } from '../../../runtime/manifests/errors.ts';
import { parseImageArgument } from '../../../runtime/manifests/image-reference.ts';
import { readImages, setImages } from '../../../runtime/manifests/kustomization.ts';
import { KUSTOMIZATION_CASES } from '../../fixtures/manifests/kustomizations.ts';

const FILE = 'base/kustomization.yaml';

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ManifestError);
    return (error as ManifestError).message;
  }
  throw new Error('nothing was thrown');
}

describe('setImages', () => {
  for (const { name, before, images, after } of KUSTOMIZATION_CASES) {
    it(name, () => {
      const overrides = images.map(parseImageArgument);
      const edited = setImages(before, overrides, FILE);
      expect(edited.text).toBe(after);
      expect(edited.changes.length).toBeGreaterThan(0);
      expect(setImages(after, overrides, FILE)).toMatchObject({ text: after, changes: [] });
    });
  }

  it('says what it changed and where', () => {
    const { changes } = setImages(
      'images:\n- name: a\n  newTag: v1\n',
      [{ name: 'a', newName: 'b', newTag: 'v2' }],
      FILE,
    );
    expect(changes).toEqual([
      { path: 'images[0].newName', before: undefined, after: 'b', line: 3 },
      { path: 'images[0].newTag', before: 'v1', after: 'v2', line: 4 },
    ]);
  });

  it('takes the last of two overrides for one name', () => {
    const edited = setImages(
      'images:\n- name: a\n  newTag: v1\n',
      [
        { name: 'a', newTag: 'v2' },
        { name: 'a', newTag: 'v3' },
      ],
      FILE,
    );
    expect(edited.text).toBe('images:\n- name: a\n  newTag: v3\n');
  });

  it.each([
    ['images: {}\n', 'base/kustomization.yaml:1:9: images: is not a list of images'],
    ['images:\n- a\n', 'base/kustomization.yaml:2:3: images[0]: is no mapping with a name'],
    ['- a\n', 'is no kustomization: its first document is no mapping'],
    [
      'images:\n- name: a\n  newTag: v1\n  newTag: v2\n',
      'base/kustomization.yaml:4:3: the key `newTag` is given twice',
    ],
    [
      'images:\n- name: a\n  newTag: v1\n  newtag: v2\n',
      'has `newTag` and `newtag`, which are one field to kustomize',
    ],
    [
      'images:\n- name: a\n  newTag: &t v1\nx: *t\n',
      'images[0].newTag: is anchored as &t and used again on line 4',
    ],
    ['x: &t v1\nimages:\n- name: a\n  newTag: *t\n', 'images[0].newTag: is the alias *t'],
    ['x: &i\n- name: a\nimages: *i\n', 'is the alias *i'],
    ['x: &d {newName: q}\nimages:\n- <<: *d\n  name: a\n', 'images[0]: merges another mapping (<<)'],
    ['images:\n- name: a\n newTag: v1\n', 'base/kustomization.yaml:3:1: not valid YAML'],
    ['images: [\n', 'base/kustomization.yaml:2:1: not valid YAML'],
  ])('refuses %j', (text, message) => {
    expect(messageOf(() => setImages(text, [{ name: 'a', newTag: 'v9' }], FILE))).toContain(message);
  });

  it('refuses a YAML bomb', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const items = level === 0 ? 'x' : Array.from({ length: 9 }, () => `*l${level - 1}`).join(', ');
      return `l${level}: &l${level} [${items}]`;
    });
    expect(
      messageOf(() => setImages(`${levels.join('\n')}\n`, [{ name: 'a', newTag: 'v1' }], FILE)),
    ).toContain('YAML bomb');
  });

  it('refuses nesting without end', () => {
    expect(messageOf(() => readImages('['.repeat(100_000), FILE))).toMatch(
      /nested too deeply|not valid YAML/,
    );
  });

  it('refuses what no registry accepts', () => {
    expect(messageOf(() => setImages('', [{ name: 'a', newTag: 'v 1' }], FILE))).toContain('`v 1` is no tag');
  });
});

describe('readImages', () => {
  it('reads what a container runs', () => {
    const text = `images:
- name: a
  newName: registry.example.com:5000/a
  newTag: v1
- digest: sha256:12
  name: b
  newName: registry.example.com:5000/b:v2
- name: c
  newTag: 1.10
- name: d
  newName: ""
`;
    expect(readImages(text, FILE)).toEqual([
      {
        name: 'a',
        newName: 'registry.example.com:5000/a',
        newTag: 'v1',
        current: { name: 'registry.example.com:5000/a', tag: 'v1' },
        line: 2,
      },
      {
        name: 'b',
        newName: 'registry.example.com:5000/b:v2',
        digest: 'sha256:12',
        current: { name: 'registry.example.com:5000/b', tag: 'v2', digest: 'sha256:12' },
        line: 5,
      },
      { name: 'c', newTag: '1.10', current: { name: 'c', tag: '1.10' }, line: 8 },
      { name: 'd', current: { name: 'd' }, line: 10 },
    ]);
  });

  it('follows aliases', () => {
    expect(readImages('x: &t v1\nimages:\n- name: a\n  newTag: *t\n', FILE)[0]?.current.tag).toBe('v1');
  });

  it('finds none in an empty file', () => {
    expect(readImages('# nothing\n', FILE)).toEqual([]);
  });
});
