import { afterAll, beforeAll, expect, it } from '@jest/globals';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Branches } from '../../../../runtime/standins/forge/branches.ts';
import { git, openForge } from '../../../support/forge.ts';
import type { ForgeFixture } from '../../../support/forge.ts';

let forge: ForgeFixture;
beforeAll(async () => {
  forge = await openForge();
});
afterAll(() => forge.dispose());

it('a reading is never older than the last change, however fast and by whatever way it came', async () => {
  const directory = path.join(forge.root, 'kubeflow/manifests.git');
  const repository = { owner: 'kubeflow', name: 'manifests', fullName: 'kubeflow/manifests', directory };
  const first = await git(directory, 'rev-parse', 'main');
  const second = await git(directory, 'commit-tree', 'main^{tree}', '-p', 'main', '-m', 'Second');
  const branches = new Branches();
  const point = (name: string, commit: string) => git(directory, 'update-ref', `refs/heads/${name}`, commit);
  const changes = [
    () => point('a', first),
    () => point('a', second),
    () => point('deep/er/b', first),
    () => point('deep/er/b', second),
    () => git(directory, 'pack-refs', '--all'),
    () => point('a', first),
    () => git(directory, 'update-ref', '-d', 'refs/heads/deep/er/b'),
    () => git(directory, 'pack-refs', '--all'),
    () => git(directory, 'update-ref', '-d', 'refs/heads/a'),
  ];
  for (const pause of [0, 150]) {
    for (const change of changes) {
      await change();
      const found = [...(await branches.of(repository))].map(
        ([name, { commit }]) => `${commit} refs/heads/${name}`,
      );
      const refs = await git(directory, 'for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads');
      expect(found).toEqual(refs.split('\n'));
      // Long enough that the reading is kept.
      await sleep(pause);
      await branches.of(repository);
    }
  }
});

it('an unchanged repository is read once', async () => {
  const directory = path.join(forge.root, 'kubeflow/manifests.git');
  const repository = { owner: 'kubeflow', name: 'manifests', fullName: 'kubeflow/manifests', directory };
  const branches = new Branches();
  await sleep(150);
  expect(await branches.of(repository)).toBe(await branches.of(repository));
});
