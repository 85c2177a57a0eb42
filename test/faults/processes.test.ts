import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultProxy, type HttpCall, type HttpFault } from '../support/fault-proxy.ts';
import { World } from '../support/world.ts';
import { effectsOf, endState } from '../support/world-effects.ts';

const inCi = process.env['CI'] === 'true';

/** Builds by key, pushes by new value of a ref, pull requests by branch: each is to be there once. */
async function repeated(world: World): Promise<string[]> {
  const { builds, pushes, pullRequests } = await effectsOf(world);
  const all = [
    ...builds.map(({ key }) => `build ${key}`),
    ...pushes.flat().map((line) => `push ${line.slice(line.indexOf(' '))}`),
    ...pullRequests.map(({ head, base }) => `pull request ${head.ref} to ${base.ref}`),
  ];
  return [...Map.groupBy(all, (one) => one)].flatMap(([one, times]) => (times.length > 1 ? [one] : []));
}

/** Passes until one has nothing left to do. */
async function settle(world: World): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    const { outcomes, plan } = await world.deliver();
    if (outcomes.length === 0 && plan.items.every(({ unreadable }) => !unreadable)) return;
  }
  throw new Error('5 passes did not settle it');
}

/** 3 where one has read a list from before the other's pull request: it leaves that one to the next pass. */
function expectEndedWell(both: readonly { readonly status: number | null; readonly stderr: string }[]) {
  for (const { status, stderr } of both) {
    expect([0, 3]).toContain(status);
    expect(stderr).toBe('');
  }
}

describe('real processes, a real forge and a real registry', () => {
  let first: World;
  let expected: unknown;

  beforeAll(async () => {
    first = await World.open();
    await settle(first);
    expected = await endState(first);
  }, 60_000);

  afterAll(() => first[Symbol.asyncDispose]());

  /** Images that the first pass has built: what follows needs no builder, and is quick. */
  const images = () => path.join(first.directory, 'registry');

  describe('two at once', () => {
    it('on the same state do everything once', async () => {
      await using world = await World.open();
      const both = await Promise.all([world.apply(), world.apply()]);
      expectEndedWell(both);
      await settle(world);
      expect(await endState(world)).toEqual(expected);
      expect(await repeated(world)).toEqual([]);
    }, 120_000);

    it('on two machines, neither of which leads, push and propose once', async () => {
      await using world = await World.open({ images: images() });
      const both = await Promise.all([world.apply({ state: 'one' }), world.apply({ state: 'other' })]);
      expectEndedWell(both);
      await settle(world);
      expect(await endState(world)).toEqual(expected);
      expect(await repeated(world)).toEqual([]);
    }, 120_000);
  });

  describe('an HTTP call on its way', () => {
    const isPush = ({ path }: HttpCall) => path.endsWith('/git-receive-pack');
    const isOpening = ({ method, path }: HttpCall) => method === 'POST' && path.endsWith('/pulls');
    const isEffect = (call: HttpCall) => isPush(call) || isOpening(call);
    const ofEffects: readonly HttpFault[] = [
      'drop-answer',
      'hold',
      'duplicate',
      'kill-after',
      'drop-before',
      'kill-before',
      'unavailable',
    ];
    const ofReads: readonly HttpFault[] = ['drop-before', 'stale', 'unavailable', 'kill-before'];

    async function fails(meets: (call: HttpCall, index: number) => boolean, fault: HttpFault) {
      await using proxy = await FaultProxy.open();
      await using world = await World.open({ images: images(), through: proxy.through });
      const kills = fault.startsWith('kill') || fault === 'hold';
      if (kills) {
        const running = await world.start('apply');
        proxy.plan({ fault, meets, kill: () => running.process.kill('SIGKILL') });
        await running.ended;
      } else {
        proxy.plan({ fault, meets });
        await world.deliver();
      }
      const met = proxy.isDone;
      proxy.plan(undefined);
      await settle(world);
      await proxy.release();
      await settle(world);
      return { met, state: await endState(world), repeated: await repeated(world) };
    }

    const perfect = () => ({ met: true, state: expected, repeated: [] });

    it.each(inCi ? ofEffects : ofEffects.slice(0, 3))(
      'pushes once: %s',
      async (fault) => {
        expect(await fails(isPush, fault)).toEqual(perfect());
      },
      60_000,
    );

    it.each(inCi ? ofEffects : ofEffects.slice(0, 2))(
      'proposes once: %s',
      async (fault) => {
        expect(await fails(isOpening, fault)).toEqual(perfect());
      },
      60_000,
    );

    it('reads what it needs in the end, whichever question failed', async () => {
      await using proxy = await FaultProxy.open();
      await using world = await World.open({ images: images(), through: proxy.through });
      await world.deliver();
      const kinds = Map.groupBy(
        [...proxy.calls.entries()],
        ([, { method, path }]) =>
          `${method} ${(path.split('?')[0] ?? '').replace(/(sha256:|k-|g)[0-9a-f]+$/, '$1')}`,
      );
      const reads = [...kinds.values()].map((group) => group.at(-1)!).filter(([, call]) => !isEffect(call));
      const chosen = inCi ? reads : reads.slice(0, 2);
      for (const [position, [index]] of chosen.entries())
        for (const fault of inCi ? ofReads : [ofReads[position % ofReads.length]!])
          expect({ index, fault, ...(await fails((_, at) => at === index, fault)), met: true }).toEqual({
            index,
            fault,
            ...perfect(),
          });
    }, 900_000);
  });

  describe('killed by a git that it started', () => {
    /** A `git` before the real one on PATH, that kills its caller before or after the first run of one command. */
    async function gitThatKills(world: World, when: 'before' | 'after', command: string) {
      const folder = path.join(world.directory, 'shim');
      await mkdir(folder);
      const script = `#!/bin/sh
PATH=\${PATH#*:}
kill_caller() { mkdir "${folder}/done" 2>/dev/null && kill -9 $PPID; }
case " $* " in *" ${command} "*) this=yes ;; *) this=no ;; esac
if [ $this = yes ] && [ ${when} = before ] && kill_caller; then exit 1; fi
git "$@"
status=$?
if [ $this = yes ] && [ ${when} = after ]; then kill_caller; fi
exit $status
`;
      await writeFile(path.join(folder, 'git'), script);
      await chmod(path.join(folder, 'git'), 0o755);
      return { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    }

    const commands = inCi ? ['push', 'ls-remote', 'fetch', 'commit-tree', 'cat-file'] : ['push'];
    const cases = commands
      .flatMap((command) => (['before', 'after'] as const).map((when) => ({ command, when })))
      // It lives as long as its caller: there is no after.
      .filter(({ command, when }) => command !== 'cat-file' || when === 'before');

    it.each(cases)(
      '$when git $command',
      async ({ command, when }) => {
        await using world = await World.open({ images: images() });
        const environment = await gitThatKills(world, when, command);
        const { status } = await world.apply({ environment });
        expect(status).toBe(null);
        await settle(world);
        expect(await endState(world)).toEqual(expected);
        expect(await repeated(world)).toEqual([]);
      },
      60_000,
    );
  });
});
