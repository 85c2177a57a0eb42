import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Person } from './person.ts';
import { katib, kubeflow, manifests, type Change } from './repositories.ts';

/**
 * Makes the repositories, as a person who pushes to a forge.
 * @param owner folder of the forge that holds the repositories of one owner
 */
export async function populate(owner: string, person: Person): Promise<void> {
  const [deployedKubeflow] = await create(owner, 'kubeflow', kubeflow, person);
  const [deployedKatib] = await create(owner, 'katib', katib, person);
  const deployed = { kubeflow: deployedKubeflow, katib: deployedKatib };
  await create(owner, 'manifests', manifests(deployed), person);
}

/** @returns the commits */
async function create(
  owner: string,
  name: string,
  history: readonly [Change, ...Change[]],
  person: Person,
): Promise<[string, ...string[]]> {
  const bare = join(owner, `${name}.git`);
  await mkdir(bare, { recursive: true });
  await execa('git', ['init', '--quiet', '--bare', '--initial-branch=master', bare], {
    env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  });
  await person.begin(name);
  const [first, ...others] = history;
  const commits: [string, ...string[]] = [await person.commit(name, first)];
  for (const change of others) commits.push(await person.commit(name, change));
  return commits;
}
