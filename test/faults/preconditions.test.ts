import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applicationVersionKind } from '../../runtime/api/application-version.ts';
import type { DeliveryAction, DeliveryPlan } from '../../runtime/delivery/actions.ts';
import type { Observed } from '../../runtime/delivery/observed.ts';
import type { DeliverySystem } from '../../runtime/delivery/system.ts';
import { PortError } from '../../runtime/ports/index.ts';
import { formatMarker } from '../../runtime/proposals/marker.ts';
import { MemoryWorld, SOURCES, TARGETS } from '../support/memory/world.ts';

/*
 * Each effect carries its own precondition. A plan is made, the world moves on, and what was planned is then done late:
 * one test for each precondition, which fails when that is removed. Those of the adapters themselves are in their
 * contracts: leases in integration/remote/git/write, a taken tag in integration/remote/registry/client, a second pull
 * request in integration/remote/github/client, resourceVersions in contract/object-store, run names in contract/builder.
 */

const OTHERS = { installation: 'dev', version: 'main', applications: ['server'], change: 'c' };
const signal = new AbortController().signal;
let world: MemoryWorld;
let late: DeliverySystem;

beforeEach(async () => {
  world = await MemoryWorld.open('pullRequests: {strategy: per-tag}\n');
  late = world.start().system;
});

afterEach(() => world[Symbol.asyncDispose]());

async function planned(): Promise<{ plan: DeliveryPlan; observed: Observed }> {
  const observed = await late.observe(world.desired, signal);
  return { observed, plan: late.plan(world.desired, observed, world.clock.now()) };
}

/** Goes on round by round until an action of the kind is planned, and gives it undone. */
async function next<K extends DeliveryAction['kind']>(
  kind: K,
): Promise<Extract<DeliveryAction, { kind: K }>> {
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const { plan, observed } = await planned();
    const found = plan.actions.find((action) => action.kind === kind);
    if (found) return found as Extract<DeliveryAction, { kind: K }>;
    await late.remember(plan, observed, signal);
    for (const action of plan.actions) await late.apply(action, signal);
    await world.builder.changed();
  }
  throw new Error(`no ${kind} is ever planned`);
}

const conflict = expect.objectContaining({ fault: 'conflict' }) as unknown as Error;

describe('what is done late', () => {
  it('pushes nothing over what somebody else has pushed since', async () => {
    const push = await next('push');
    const [{ branch }] = push.branches as [(typeof push.branches)[0]];
    const theirs = world.git.write(TARGETS, branch, { 'README.md': 'A person was here.\n' }, 'main');
    await expect(late.apply(push, signal)).rejects.toEqual(conflict);
    expect(world.git.heads(TARGETS)[`refs/heads/${branch}`]).toBe(theirs);
  });

  it('pushes a branch that is as it should be once only', async () => {
    const push = await next('push');
    await late.apply(push, signal);
    await late.apply(push, signal);
    expect(world.git.pushes).toHaveLength(1);
  });

  it('opens no second pull request from a branch', async () => {
    const opening = await next('open-pull-request');
    await late.apply(opening, signal);
    await late.apply(opening, signal);
    expect(world.forge.all).toHaveLength(1);
  });

  it.each([{ author: { login: 'ann', bot: false } }, { body: formatMarker(OTHERS) }])(
    "takes nobody else's pull request from the branch for ours: %j",
    async (theirs) => {
      const opening = await next('open-pull-request');
      await late.apply(opening, signal);
      world.forge.change(1, theirs);
      await expect(late.apply(opening, signal)).rejects.toThrow('#1 is open from our branch');
    },
  );

  it('starts no build twice', async () => {
    const build = await next('build');
    await late.apply(build, signal);
    const [name] = world.builder.running();
    world.builder.finish(name!);
    await late.apply(build, signal);
    expect(world.builder.started).toHaveLength(1);
  });

  it('gives a release tag that names another image by now to nobody', async () => {
    const retag = await next('retag');
    const other = `sha256:${'0'.repeat(64)}`;
    world.registry.put(retag.image, retag.tag, other);
    await expect(late.apply(retag, signal)).rejects.toEqual(conflict);
    expect(world.registry.tags[`${retag.image}:${retag.tag}`]).toBe(other);
  });

  it('stores nothing over what another controller has stored since it looked', async () => {
    const { plan, observed } = await planned();
    await late.remember(plan, observed, signal);
    const [stored] = (await world.objects.list(applicationVersionKind)).items;
    const second = await planned();
    // Somebody announces another attempt.
    const attempt = { key: 'k', number: 7, build: 'b', startedAt: '2024-01-01T00:00:00Z' };
    await world.objects.updateStatus(applicationVersionKind, {
      ...stored!,
      status: { ...stored!.status!, attempts: [{ ...attempt, outcome: 'started' }] },
    });
    const changed = { ...second.plan, items: second.plan.items.map((one) => ({ ...one, reason: 'newer' })) };
    await expect(late.remember(changed, second.observed, signal)).rejects.toEqual(conflict);
    const after = await world.objects.get(applicationVersionKind, stored!.metadata.name);
    expect(after?.status?.attempts?.[0]?.number).toBe(7);
  });

  describe('closes a pull request', () => {
    async function closing() {
      await world.settle();
      world.git.write(SOURCES, 'main', { 'controller/main.go': 'package controller // 3\n' });
      return next('close-pull-request');
    }

    it.each(['merged', 'closed'] as const)('that was %s meanwhile not at all', async (state) => {
      const close = await closing();
      world.forge.end(close.number, state);
      const before = world.forge.all[close.number - 1];
      await late.apply(close, signal);
      expect(world.forge.all[close.number - 1]).toEqual(before);
    });

    it('that a person has reopened after it closed it not again', async () => {
      const close = await closing();
      await late.apply(close, signal);
      world.forge.reopen(close.number);
      await expect(late.apply(close, signal)).rejects.toEqual(conflict);
      expect(world.forge.all[close.number - 1]?.state).toBe('open');
    });
  });
});

it('proposes nothing again that a person has closed, while the forge does not say who closed it', async () => {
  await world.settle();
  const [first] = world.forge.all;
  world.forge.end(first!.number, 'closed');
  const silent = world.start((call, perform) =>
    call.name === 'forge.closedBy'
      ? Promise.reject(new PortError('transient', 'forge', 'no answer'))
      : perform(),
  );
  await silent.pass();
  expect(world.forge.all).toHaveLength(6);
});

it('builds nothing again that a build has just pushed, while the registry does not show it', async () => {
  const { request } = await next('build');
  const unbuilt = await planned();
  await late.remember(unbuilt.plan, unbuilt.observed, signal);
  for (const action of unbuilt.plan.actions) await late.apply(action, signal);
  world.builder.finish(request.name);
  const { system } = world.start((call, perform) =>
    call.name === 'registry.digest' ? Promise.resolve(undefined) : perform(),
  );
  const observed = await system.observe(world.desired, signal);
  const { actions } = system.plan(world.desired, observed, world.clock.now());
  expect(actions.filter((one) => one.kind === 'build' && one.request.key === request.key)).toEqual([]);
});

describe('a build that was announced for a pair which has moved on since', () => {
  /** `server` of both versions wants one key, until a commit moves that of main on. */
  async function announced(start: boolean) {
    await next('build');
    await settleBuildsOf('base');
    const { plan, observed } = await planned();
    const build = plan.actions.find(
      (one) => one.kind === 'build' && one.request.image.name.endsWith('server'),
    );
    if (build?.kind !== 'build') throw new Error('the server is not to be built');
    await late.remember(plan, observed, signal);
    if (start) await late.apply(build, signal);
    world.git.write(SOURCES, 'main', { 'server/main.go': 'package main // 2\n' });
    const { actions } = (await planned()).plan;
    return {
      request: build.request,
      again: actions.flatMap((one) =>
        one.kind === 'build' && one.request.key === build.request.key ? [one.request.name] : [],
      ),
    };
  }

  async function settleBuildsOf(image: string): Promise<void> {
    const { plan, observed } = await planned();
    await late.remember(plan, observed, signal);
    for (const one of plan.actions)
      if (one.kind === 'build' && one.request.image.name.endsWith(image)) {
        await late.apply(one, signal);
        world.builder.finish(one.request.name);
      }
  }

  it('is waited for by the next pair that wants its key', async () => {
    expect((await announced(true)).again).toEqual([]);
  });

  it('keeps its name, so that a late start of it finds itself done', async () => {
    const { request, again } = await announced(false);
    expect(again).toEqual([request.name]);
  });
});
