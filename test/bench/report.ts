import Table from 'cli-table3';
import type { Baseline } from './baseline.ts';
import type { HotPath } from './hot-paths.ts';
import { SMALL_HEAP, type Planning } from './planning.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'MiB' | 'times';
  /** In the same unit; what is meant by it says `holds`. */
  readonly goal?: { readonly kind: 'below' | 'at least'; readonly value: number; readonly holds: boolean };
}

export interface Report {
  readonly pairs: number;
  readonly repositories: number;
  readonly figures: readonly Figure[];
  readonly sample: number;
  readonly steady: Planning['steady'];
}

export interface Measured {
  readonly pairs: number;
  readonly repositories: number;
  readonly planning: Planning;
  readonly baseline: Baseline;
  /** Milliseconds. */
  readonly pushToBuild: number;
  readonly hotPaths: readonly HotPath[];
}

export function reportOf({ planning, baseline, pushToBuild, hotPaths, ...size }: Measured): Report {
  const { cold, warm, command, peakMemory, commandMemory, steady } = planning;
  return {
    ...size,
    figures: [
      { name: 'plan, cold: new process, no mirrors', value: cold, unit: 'ms' },
      below({ name: 'plan, warm: the process goes on', value: warm, unit: 'ms' }, 2000),
      below({ name: 'plan, warm: slipway delivery plan, whole command', value: command, unit: 'ms' }, 2000),
      { name: 'one git log and one pull request list per pair', value: baseline.milliseconds, unit: 'ms' },
      atLeast(
        { name: 'times faster, the process goes on', value: baseline.milliseconds / warm, unit: 'times' },
        10,
      ),
      atLeast(
        { name: 'times faster, whole command', value: baseline.milliseconds / command, unit: 'times' },
        10,
      ),
      below(
        { name: `peak memory, cold and warm, node ${SMALL_HEAP}`, value: peakMemory / 2 ** 20, unit: 'MiB' },
        256,
      ),
      below(
        { name: 'peak memory, whole command, plain node', value: commandMemory / 2 ** 20, unit: 'MiB' },
        256,
      ),
      below({ name: 'from a push to its started build, woken', value: pushToBuild, unit: 'ms' }, 1000),
      ...hotPaths.map(({ name, milliseconds }) => ({ name, value: milliseconds, unit: 'ms' as const })),
    ],
    sample: baseline.sample,
    steady,
  };
}

function below(figure: Figure, value: number): Figure {
  return { ...figure, goal: { kind: 'below', value, holds: figure.value < value } };
}

function atLeast(figure: Figure, value: number): Figure {
  return { ...figure, goal: { kind: 'at least', value, holds: figure.value >= value } };
}

export function reportTable({ pairs, repositories, figures, sample, steady }: Report): string {
  const table = new Table({
    head: ['', 'measured', 'goal', ''],
    colAligns: ['left', 'right', 'left', 'left'],
    style: { head: [], border: [] },
  });
  for (const { name, value, unit, goal } of figures)
    table.push([
      name,
      `${shown(value)} ${unit}`,
      goal ? `${goal.kind} ${goal.value} ${unit}` : '',
      goal ? (goal.holds ? 'holds' : 'MISSED') : '',
    ]);
  return [
    `${pairs} pairs over ${repositories} repositories, on ${process.platform}/${process.arch}, Node ${process.versions.node}`,
    table.toString(),
    `One git log and one list per pair: measured on ${sample} pairs, scaled to ${pairs}. Memory: the process's own, without git's.`,
    `A warm pass asks: ${listed(steady.calls)}. It finds: ${listed(steady.states)}.`,
  ].join('\n');
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
