import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PortError } from '../../runtime/ports/index.ts';
import { MemoryWorld, SOURCES, TARGETS } from '../support/memory/world.ts';

type Step =
  /** A process makes its next calls to the outside; a new one starts where none runs. */
  | { readonly do: 'step'; readonly slot: 0 | 1; readonly calls: number }
  /** It ends; what it was about to call may still come through later. */
  | { readonly do: 'crash'; readonly slot: 0 | 1 }
  | { readonly do: 'late-call' }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'finish-build' }
  | { readonly do: 'lose-build'; readonly published: boolean }
  | { readonly do: 'commit'; readonly application: 'base' | 'server' | 'controller' }
  | { readonly do: 'backup' }
  /** Both processes end and start again on an older store. */
  | { readonly do: 'restore' };

const slot = fc.constantFrom(0 as const, 1 as const);
const calls = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 20, max: 150 }));
const step = fc.record({ do: fc.constant('step' as const), slot, calls });
const anything = fc.oneof(
  { weight: 12, arbitrary: step },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), slot }) },
  { weight: 2, arbitrary: fc.constant({ do: 'late-call' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      ms: fc.constantFrom(-3_600_000, -10_000, 10_000, 3_600_000),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'finish-build' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose-build' as const), published: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      application: fc.constantFrom('base' as const, 'server' as const, 'controller' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'backup' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
);
const history: fc.Arbitrary<Step[]> = fc.array(anything, { minLength: 10, maxLength: 60 });

/** A process whose calls wait until they are let through, one by one. */
class Paused {
  readonly #pending: (() => void)[] = [];
  isRunning = true;
  isDead = false;

  constructor(world: MemoryWorld) {
    const pass = world
      .start(
        (_, perform) =>
          new Promise((resolve, reject) => {
            this.#pending.push(() => void perform().then(resolve, reject));
          }),
      )
      .pass();
    pass
      .catch((error: unknown) => {
        if (!(error instanceof PortError)) throw error;
      })
      .finally(() => (this.isRunning = false));
  }

  async release(calls: number): Promise<void> {
    for (let left = calls; left > 0 && this.isRunning; left -= 1) {
      this.#pending.shift()?.();
      await turn();
    }
  }

  /** Ends it, and gives what it was about to call. */
  crash(): (() => void)[] {
    this.isRunning = false;
    return this.#pending.splice(0);
  }
}

class History {
  readonly world: MemoryWorld;
  readonly #slots: (Paused | undefined)[] = [undefined, undefined];
  #late: (() => void)[] = [];
  #restores: (() => Promise<void>)[] = [];
  #commits = 0;
  readonly #lost = new Map<string, number>();

  constructor(world: MemoryWorld) {
    this.world = world;
  }

  async follow(one: Step): Promise<void> {
    const { world } = this;
    switch (one.do) {
      case 'step': {
        if (!this.#slots[one.slot]?.isRunning) this.#slots[one.slot] = new Paused(world);
        await this.#slots[one.slot]?.release(one.calls);
        return;
      }
      case 'crash':
        this.#crash(one.slot);
        return;
      case 'late-call':
        this.#late.shift()?.();
        await turn();
        return;
      case 'jump':
        world.clock.jump(one.ms);
        return;
      case 'finish-build': {
        const [oldest] = world.builder.running();
        if (oldest !== undefined) world.builder.finish(oldest);
        return;
      }
      case 'lose-build': {
        const [oldest] = world.builder.running();
        const key = world.builder.started.find(({ name }) => name === oldest)?.key;
        if (oldest === undefined || key === undefined) return;
        world.builder.lose(oldest, one.published);
        this.#lost.set(key, (this.#lost.get(key) ?? 0) + 1);
        return;
      }
      case 'commit':
        this.#commits += 1;
        world.git.write(SOURCES, 'main', {
          [`${one.application}/main.go`]: `package p // ${this.#commits}\n`,
        });
        return;
      case 'backup':
        this.#restores.push(await world.backup());
        return;
      case 'restore':
        this.#crash(0);
        this.#crash(1);
        await this.#restores.shift()?.();
        return;
    }
  }

  #crash(slot: 0 | 1): void {
    this.#late.push(...(this.#slots[slot]?.crash() ?? []));
    this.#slots[slot] = undefined;
  }

  /** Everything ends, what was under way comes through, and a fresh process puts things right. */
  async end(): Promise<void> {
    this.#crash(0);
    this.#crash(1);
    await this.world.settle();
    for (const call of this.#late) call();
    await turn();
    await this.world.settle();
  }

  /** What happened outside more often than it may. */
  excesses(): string[] {
    const { builder, git, forge } = this.world;
    const builds = [...Map.groupBy(builder.started, ({ key }) => key)].flatMap(([key, all]) =>
      all.length > 1 + (this.#lost.get(key) ?? 0) ? [`${all.length} builds of ${key.slice(0, 8)}`] : [],
    );
    const moves = git.pushes.flatMap(({ moved }) =>
      moved.map(({ ref, to }) => `${ref} to ${to ?? 'nothing'}`),
    );
    const proposals = forge.all.map(({ head, base }) => `${head.branch} into ${base}`);
    return [...builds, ...repeated(moves), ...repeated(proposals)];
  }
}

function repeated(events: readonly string[]): string[] {
  return [...Map.groupBy(events, (one) => one)].flatMap(([event, all]) =>
    all.length > 1 ? [`${all.length} times ${event}`] : [],
  );
}

it('two controllers never do outside what one has done, however they are interleaved', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      await using world = await MemoryWorld.open();
      const model = new History(world);
      for (const one of steps) await model.follow(one);
      await model.end();
      expect(model.excesses()).toEqual([]);

      // Nothing lost either: the branches are those of a world in which the same commits came in peace.
      await using quiet = await MemoryWorld.open();
      const peaceful = new History(quiet);
      for (const one of steps.filter((each) => each.do === 'commit')) await peaceful.follow(one);
      await peaceful.end();
      expect(world.git.heads(TARGETS)).toEqual(quiet.git.heads(TARGETS));
    }),
    {
      numRuns: process.env['CI'] === 'true' ? 300 : 50,
      ...(process.env['SEED'] && { seed: Number(process.env['SEED']) }),
    },
  );
}, 600_000);
