import { describe, expect, it } from '@jest/globals';
import { nearest, suggest } from '../../../runtime/config/nearest.ts';

describe('nearest', () => {
  it.each([
    ['dockerfle', ['context', 'dockerfile'], 'dockerfile'],
    ['build_args', ['buildArgs', 'target'], 'buildArgs'],
    ['IMAGE', ['image'], 'image'],
    ['manifest', ['manifests', 'kubeflow'], 'manifests'],
    ['foo', ['tag', 'image'], undefined],
    ['x'.repeat(101), ['x'.repeat(100)], undefined],
    ['', ['a'], undefined],
  ])('of %s among %j is %s', (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });

  it('takes the closest, the first of equals', () => {
    expect(nearest('kfan', ['kfal', 'kfam', 'kfan2'])).toBe('kfal');
  });
});

describe('suggest', () => {
  it('lists the few that there are when none is near', () => {
    expect(suggest('x', ['aa', 'bb'])).toBe('known: `aa`, `bb`');
    expect(suggest('x', [])).toBeUndefined();
    expect(
      suggest(
        'x',
        Array.from({ length: 13 }, (_, at) => `name${at}`),
      ),
    ).toMatch(/`name11`, …$/);
  });
});
