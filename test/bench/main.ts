// Measures what the product promises, in a world made for it, and prints figures beside goals. Asserts nothing.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBaseline } from './baseline.ts';
import { measureHotPaths } from './hot-paths.ts';
import { measurePlanning } from './planning.ts';
import { measurePushToBuild } from './push-to-build.ts';
import { reportOf, reportTable } from './report.ts';
import { makeWorld } from './world.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});
const size = { repositories: values.quick ? 5 : 50, applicationsEach: 20 };
const say = (text: string) => process.stderr.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
try {
  say('making repositories');
  await using world = await makeWorld(folder, size);
  say('planning');
  const planning = await measurePlanning(world);
  say('asking pair by pair');
  const baseline = await measureBaseline(world);
  say('pushing');
  const pushToBuild = await measurePushToBuild(world);
  say('computing');
  const hotPaths = await measureHotPaths(values.quick ? 50 : 500);
  const { repositories } = size;
  const pairs = world.applications.length;
  const report = reportOf({ pairs, repositories, planning, baseline, pushToBuild, hotPaths });
  process.stdout.write(`${values.json ? JSON.stringify(report, null, 2) : reportTable(report)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
