import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { faultsOf, passWithFault, record, type Fault } from '../support/memory/faults.ts';
import { isEffect, type PortCall } from '../support/memory/intercept.ts';
import { MemoryWorld, SOURCES, TARGETS } from '../support/memory/world.ts';
import { effects } from '../support/memory/effects.ts';

/** What has happened before the pass that meets the faults. */
interface Scenario {
  readonly title: string;
  readonly config?: string;
  readonly prepare: (world: MemoryWorld) => Promise<void>;
}

const scenarios: readonly Scenario[] = [
  { title: 'a first pass', prepare: () => Promise.resolve() },
  {
    title: 'a pass after a commit, which rolls a pull request on',
    async prepare(world) {
      await world.settle();
      world.git.write(SOURCES, 'main', { 'server/main.go': 'package main // 2\n' });
    },
  },
  {
    title: 'a pass that replaces pull requests by newer ones',
    config: 'pullRequests: {strategy: per-tag}\n',
    async prepare(world) {
      await world.settle();
      world.git.write(SOURCES, 'main', { 'controller/main.go': 'package controller // 3\n' });
    },
  },
  {
    title: 'a pass after one pull request was merged, one closed, and one was made needless by hand',
    async prepare(world) {
      await world.settle();
      const number = (branch: string) =>
        world.forge.all.find((one) => one.head.branch === branch)?.number ?? 0;
      world.git.merge(TARGETS, 'slipway/main/controller', 'main');
      world.forge.end(number('slipway/main/controller'), 'merged');
      world.forge.end(number('slipway/main/webhook'), 'closed');
      world.git.merge(TARGETS, 'slipway/main/server', 'main');
    },
  },
];

/** Every fault at every call in CI; elsewhere at the first and the last call of each effect, and at one read of each kind. */
function cases(calls: readonly PortCall[]): { readonly index: number; readonly fault: Fault }[] {
  const all = [...calls.entries()].flatMap(([index, call]) =>
    faultsOf(call).map((fault) => ({ index, fault, call })),
  );
  if (process.env['CI'] === 'true') return all;
  const alike = Map.groupBy(all, ({ call, fault }) => `${call.name} ${fault}`);
  return [...alike.values()].flatMap((group) => {
    const [first, middle, last] = [group[0]!, group[Math.floor(group.length / 2)]!, group.at(-1)!];
    if (!isEffect(first.call)) return [middle];
    return first === last ? [first] : [first, last];
  });
}

interface Outcome {
  readonly state: unknown;
  readonly effects: Readonly<Record<string, number>>;
}

async function opened(scenario: Scenario): Promise<MemoryWorld> {
  const world = await MemoryWorld.open(scenario.config);
  await scenario.prepare(world);
  return world;
}

async function settled(world: MemoryWorld): Promise<Outcome> {
  await world.settle();
  return { state: await world.endState(), effects: effects(world) };
}

async function outcomeWith(scenario: Scenario, index: number, fault: Fault): Promise<Outcome> {
  await using world = await opened(scenario);
  await passWithFault(world, index, fault);
  return await settled(world);
}

/** What differs, in few words; undefined when nothing does. */
function difference(outcome: Outcome, expected: Outcome): string | undefined {
  if (isDeepStrictEqual(outcome, expected)) return undefined;
  const effects = Object.entries({ ...expected.effects, ...outcome.effects })
    .filter(([effect]) => outcome.effects[effect] !== expected.effects[effect])
    .map(([effect]) => `${effect}: ${outcome.effects[effect] ?? 0} times`);
  return effects.length > 0 ? effects.join(', ') : 'another end state';
}

describe.each(scenarios)('$title', (scenario) => {
  it('comes to the same end, with each effect once, whatever happens to any of its calls', async () => {
    await using untouched = await opened(scenario);
    const calls = await record(untouched);
    const expected = await settled(untouched);
    expect(calls.some(isEffect)).toBe(true);
    expect(Math.max(...Object.values(expected.effects))).toBe(1);

    const wrong: string[] = [];
    for (const { index, fault } of cases(calls)) {
      const outcome = await outcomeWith(scenario, index, fault);
      const what = difference(outcome, expected);
      if (what !== undefined) wrong.push(`${fault} at call ${index}, ${calls[index]!.name}: ${what}`);
    }
    expect(wrong).toEqual([]);
  }, 900_000);
});
