import { join } from 'node:path';
import { run } from './run.ts';
import { pullRequestsUrl, repositoryUrl, type World } from './world.ts';

export interface Baseline {
  /** Pairs that were really asked for. */
  readonly sample: number;
  /** Milliseconds for every pair of the world, scaled from the sample. */
  readonly milliseconds: number;
}

/** Pairs to ask for at least, in whole repositories. */
const SAMPLE = 100;

/** The plain way: for each pair one `git log -n1 -- path` in a clone that is there, and one list of pull requests. */
export async function measureBaseline(world: World): Promise<Baseline> {
  const repositories = new Set<string>();
  const sample = world.applications.filter(({ repository }, index) => {
    if (index < SAMPLE) repositories.add(repository);
    return repositories.has(repository);
  });
  const cloneOf = (repository: string) => join(world.folder, 'clones', repository);
  for (const repository of repositories)
    await run('git', ['clone', '--quiet', repositoryUrl(repository), cloneOf(repository)], world);
  const from = performance.now();
  for (const { repository, directory } of sample) {
    const args = ['log', '-n1', '--format=%h', 'origin/main', '--', directory];
    await run('git', args, { cwd: cloneOf(repository), environment: world.environment });
    await (await fetch(pullRequestsUrl(world))).json();
  }
  const milliseconds = performance.now() - from;
  return {
    sample: sample.length,
    milliseconds: (milliseconds / sample.length) * world.applications.length,
  };
}
