import { describe, expect, it } from '@jest/globals';
import { parseImageArgument } from '../../../runtime/manifests/image-reference.ts';
import { setImages } from '../../../runtime/manifests/kustomization.ts';
import { KUSTOMIZATION_CASES } from '../../fixtures/manifests/kustomizations.ts';
import { editWithKustomize, findKustomize } from './kustomize.ts';

const kustomize = findKustomize();
const edit = (text: string, images: readonly string[]) =>
  setImages(text, images.map(parseImageArgument), 'kustomization.yaml').text;

describe('what `kustomize edit set image` means', () => {
  if (kustomize === undefined) {
    it('is known without it from recorded files alone', () => {
      console.warn(
        'SKIPPED: comparison with kustomize; go install sigs.k8s.io/kustomize/kustomize/v5@latest, then set KUSTOMIZE',
      );
      for (const { name, before, images, after } of KUSTOMIZATION_CASES) {
        expect([name, edit(before, images)]).toEqual([name, after]);
      }
    });
    return;
  }

  for (const { name, before, images, kustomizeAccepts = true } of KUSTOMIZATION_CASES) {
    it(name, async () => {
      const theirs = await editWithKustomize(kustomize, before, [...images, 'probe:x']);
      expect(theirs !== undefined).toBe(kustomizeAccepts);
      if (theirs === undefined) return;
      // The probe makes kustomize rewrite our file too: what it then holds is how kustomize reads it.
      expect(await editWithKustomize(kustomize, edit(before, images), ['probe:x'])).toEqual(theirs);
    });
  }

  it('holds for tags of every look', async () => {
    const looks = [
      '0',
      '-1',
      '0x1f',
      '0b1',
      '0o17',
      '1e5',
      '.5',
      '5.',
      '1_000',
      '_1',
      '1_',
      'y',
      'N',
      'yes',
      'Off',
      'TRUE',
    ];
    const more = [
      'null',
      'Null',
      'nan',
      'inf',
      '2024-01-02',
      '20240102',
      '1.2.3',
      'v1',
      '0123',
      '089',
      '1e',
      'e1',
      '_',
    ];
    const tags = [...looks, ...more, '12345e7', '1e1000', '0_1', '0x_1', '1__0', '190.20', '1.0e-3'].filter(
      (tag) => /^\w/.test(tag),
    );
    const text = `images:\n${tags.map((_, index) => `- name: image${index}\n  newTag: old\n`).join('')}`;
    const images = tags.map((tag, index) => `image${index}:${tag}`);
    const read = await editWithKustomize(kustomize, edit(text, images), ['probe:x']);
    const theirs = await editWithKustomize(kustomize, text, [...images, 'probe:x']);
    expect(read).toBeDefined();
    expect(read).toEqual(theirs);
  });
});
