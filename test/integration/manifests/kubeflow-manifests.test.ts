import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import pLimit from 'p-limit';
import { readImages, setImages } from '../../../runtime/manifests/kustomization.ts';
import { parseImageArgument } from '../../../runtime/manifests/image-reference.ts';
import { howToGetKubeflow, kubeflowRepository } from '../../support/kubeflow.ts';
import { editWithKustomize, findKustomize } from './kustomize.ts';
import { changedLines } from './lines.ts';

// Every kustomization with images in kubeflow/manifests, edited by us and by kustomize.

const repository = kubeflowRepository('manifests');
const kustomize = findKustomize();
const BRANCHES = ['master', 'v1.0-branch', 'v1.1-branch', 'v1.2-branch', 'v1.11-branch'];
const DIGEST = `sha256:${'5'.repeat(64)}`;
const OWN_LINE = /^\s*(?:- +)?\{?(?:name|newName|newTag|digest|tagSuffix):/;

interface Found {
  readonly where: string;
  readonly text: string;
}

function git(args: readonly string[], input?: string): string {
  return execFileSync('git', ['-C', repository ?? '', ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 2 ** 28,
  });
}

/** Equal files of several branches count once. */
function kustomizations(): Found[] {
  const places = new Map<string, string>();
  for (const branch of BRANCHES) {
    for (const line of git(['ls-tree', '-r', branch]).split('\n')) {
      const [, oid, path] =
        /^100\d+ blob (\w+)\t(.*(?:^|\/)(?:kustomization\.ya?ml|Kustomization))$/.exec(line) ?? [];
      if (oid !== undefined && path !== undefined) places.set(oid, `${branch}:${path}`);
    }
  }
  return [...places]
    .map(([oid, where]) => ({ where, text: git(['cat-file', 'blob', oid]) }))
    .filter(({ text }) => /^\s*["']?image(?:s|Tags)["']?\s*:/im.test(text));
}

/** Another kind of edit for each entry, and one entry that is new. */
function argumentsFor(text: string, where: string): string[] {
  const names = [...new Set(readImages(text, where).map(({ name }) => name))];
  const kinds = [
    (name: string) => `${name}=registry.example.com/moved/image:v9-g0123456789ab`,
    (name: string) => `${name}=*:1.10`,
    (name: string) => `${name}=*@${DIGEST}`,
    (name: string) => `${name}=registry.example.com:5000/moved:12345e7@${DIGEST}`,
    (name: string) => `${name}:y`,
  ];
  const offset = where.length;
  return [
    ...names.map((name, index) => kinds[(index + offset) % kinds.length]!(name)),
    'zz-new=registry.example.com/zz:on',
  ];
}

describe('every kustomization of kubeflow/manifests', () => {
  if (repository === undefined || kustomize === undefined) {
    it('is compared with kustomize', () => {
      const what = 'the kustomizations of kubeflow/manifests against kustomize';
      console.warn(
        `SKIPPED: ${what}; ${howToGetKubeflow}; ` +
          'set KUSTOMIZE to the program (go install sigs.k8s.io/kustomize/kustomize/v5@latest)',
      );
      expect(repository === undefined || kustomize === undefined).toBe(true);
    });
    return;
  }

  const files = kustomizations();

  it('reads as what `kustomize edit set image` writes, with no other line changed', async () => {
    const limit = pLimit(2);
    const refused: string[] = [];
    await Promise.all(
      files.map(({ where, text }) =>
        limit(async () => {
          const images = argumentsFor(text, where);
          const edited = setImages(text, images.map(parseImageArgument), where);
          const theirs = await editWithKustomize(kustomize, text, [...images, 'probe:x']);
          if (theirs === undefined) refused.push(where);
          else
            expect([where, await editWithKustomize(kustomize, edited.text, ['probe:x'])]).toEqual([
              where,
              theirs,
            ]);
          const unexpected = changedLines(text, edited.text).filter((line) => !OWN_LINE.test(line));
          expect([where, unexpected]).toEqual([where, []]);
          expect(setImages(edited.text, images.map(parseImageArgument), where)).toMatchObject({
            text: edited.text,
            changes: [],
          });
        }),
      ),
    );
    console.info(
      `${files.length} kustomizations compared, ${refused.length} of them refused by kustomize: ${refused.join(' ')}`,
    );
    expect(files.length).toBeGreaterThan(100);
  }, 180_000);

  it('is left byte for byte as it is when it already says so', () => {
    for (const { where, text } of files) {
      const same = readImages(text, where).map(({ name }) => ({
        name,
        newName: '*',
        newTag: '*',
        digest: '*',
      }));
      expect([where, setImages(text, same, where).text]).toEqual([where, text]);
    }
  });
});
