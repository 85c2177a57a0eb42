import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlanPass, PlanReport } from './processes/plan.ts';
import { median, run } from './run.ts';
import type { World } from './world.ts';

export interface Planning {
  /** Milliseconds of the first pass of a new process, no mirrors there, start-up included. */
  readonly cold: number;
  /** Milliseconds of a pass in a process that has made one, median. */
  readonly warm: number;
  /** Milliseconds of `slipway delivery plan` from start to end, mirrors there, median. */
  readonly command: number;
  /** Bytes of the process that plans cold and goes on, with the young heap of a small machine (`SMALL_HEAP`). */
  readonly peakMemory: number;
  /** Bytes of the whole command, with whatever young heap Node gives itself on this machine. */
  readonly commandMemory: number;
  /** What the last warm pass asked of the outside, and what it found. */
  readonly steady: PlanPass;
}

/** Node lets the young heap grow with the machine's memory, to 128 MiB and more on large ones. */
export const SMALL_HEAP = '--max-semi-space-size=16';

const PASSES = 6;
const COMMANDS = 3;
const NO_BUILDER = ['false'];

/** Plans for every pair: without mirrors, again in the same process, and by new processes. */
export async function measurePlanning(world: World): Promise<Planning> {
  const settings = await world.settings('planning', NO_BUILDER);
  const output = await run(
    process.execPath,
    [SMALL_HEAP, 'test/bench/processes/plan.ts', world.config, settings, String(PASSES)],
    world,
  );
  const { passes, peakMemory } = JSON.parse(output) as PlanReport;
  const [cold, ...warm] = passes;
  const steady = warm.at(-1);
  if (!cold || !steady) throw new Error('no passes were made');
  const commands: { readonly milliseconds: number; readonly peakMemory: number }[] = [];
  for (let at = 0; at < COMMANDS; at++) commands.push(await planByCommand(world, settings));
  return {
    cold: cold.milliseconds,
    warm: median(warm.map(({ milliseconds }) => milliseconds)),
    command: median(commands.map(({ milliseconds }) => milliseconds)),
    peakMemory,
    commandMemory: Math.max(...commands.map((one) => one.peakMemory)),
    steady,
  };
}

async function planByCommand(world: World, settings: string) {
  const PEAK_MEMORY = join(world.folder, 'peak-memory');
  const from = performance.now();
  await run(
    process.execPath,
    [
      ...['--import', './test/bench/processes/report-memory.ts', 'runtime/slipway.js'],
      ...['delivery', 'plan', '--config', world.config, '--settings', settings, '--output', 'json'],
    ],
    { environment: { ...world.environment, PEAK_MEMORY } },
  );
  const milliseconds = performance.now() - from;
  return { milliseconds, peakMemory: Number(await readFile(PEAK_MEMORY, 'utf8')) };
}
