import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PushedClone, PushReport } from './processes/push-to-build.ts';
import { median, run } from './run.ts';
import { repositoryUrl, type World } from './world.ts';

const PUSHES = 5;

/** Writes down what it is to build, and fails: this is about how soon it starts. */
const BUILDER = (ledger: string) => ['sh', '-c', 'cat >> "$0"; echo "nothing is built" >&2; exit 1', ledger];

/** Milliseconds from a push to the start of its build in a process that runs on and is woken, median. */
export async function measurePushToBuild(world: World): Promise<number> {
  const ledger = join(world.folder, 'ledger');
  await writeFile(ledger, '');
  const settings = await world.settings('running', BUILDER(ledger));
  const clones: PushedClone[] = [];
  const current = world.applications.filter(({ deployment }) => deployment === 'current');
  for (let at = 0; at < PUSHES; at++) {
    const one = current[at * Math.floor(current.length / PUSHES)];
    if (!one) throw new Error('the world is too small');
    const folder = join(world.folder, 'pushed', one.name);
    await run('git', ['clone', '--quiet', repositoryUrl(one.repository), folder], world);
    await run(
      'git',
      ['-C', folder, 'remote', 'set-url', '--push', 'origin', pushUrl(world, one.repository)],
      world,
    );
    clones.push({ folder, application: one.name, input: one.input });
  }
  const output = await run(
    process.execPath,
    ['test/bench/processes/push-to-build.ts', world.config, settings, ledger, JSON.stringify(clones)],
    world,
  );
  return median((JSON.parse(output) as PushReport).milliseconds);
}

/** The forge wants to know who pushes. */
function pushUrl(world: World, repository: string): string {
  const url = new URL(repositoryUrl(repository));
  return `${world.forge.replace('://', '://ann:as-ann@')}${url.pathname}`;
}
