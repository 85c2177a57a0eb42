import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HomeObserver } from '../../../runtime/home.ts';
import { World, type Controller } from '../../support/world.ts';
import { effectsOf } from '../../support/world-effects.ts';

/** What went through the ports since it was last taken. */
class Calls {
  #git: string[] = [];
  #forge: string[] = [];
  #registry: string[] = [];
  readonly observer: HomeObserver = {
    onGit: ({ command, repository }) => this.#git.push(`${command} ${repository.split('/').at(-1) ?? ''}`),
    onForge: ({ method, path, status }) =>
      this.#forge.push(`${method} ${path.split('?')[0] ?? ''} ${status ?? 'none'}`),
    onRegistry: ({ method, status }) => this.#registry.push(`${method} ${status ?? 'none'}`),
  };

  take() {
    const taken = { git: this.#git.toSorted(), forge: this.#forge.toSorted(), registry: this.#registry };
    [this.#git, this.#forge, this.#registry] = [[], [], []];
    return taken;
  }
}

const matching = (calls: readonly string[], pattern: RegExp) => calls.filter((one) => pattern.test(one));

describe('the cost of a pass, counted at the ports', () => {
  const calls = new Calls();
  let world: World;
  let controller: Controller;

  beforeAll(async () => {
    world = await World.open();
    controller = await world.controller({ observer: calls.observer });
  });

  afterAll(async () => {
    await controller[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it('costs one push for each repository and one REST write for each new pull request', async () => {
    const { plan, settled } = await controller.pass();
    expect(settled).toBe(true);
    expect(plan.items.map(({ state }) => state).sort()).toEqual([
      ...Array<string>(6).fill('proposed'),
      ...Array<string>(2).fill('up-to-date'),
    ]);

    const { git, forge } = calls.take();
    expect(matching(git, /^push/)).toEqual(['push manifests']);
    expect(matching(git, /^(clone|checkout|switch|worktree|reset|pull) /)).toEqual([]);
    // Files are written for builds alone, each its own context.
    expect(matching(git, /^checkout-index/)).toHaveLength(4);
    const pulls = /^POST .*\/repos\/acme\/manifests\/pulls 201$/;
    expect(matching(forge, pulls)).toHaveLength(6);
    expect(forge.filter((one) => !/^(GET|HEAD) /.test(one) && !pulls.test(one))).toEqual([]);

    const { builds, pushes, pullRequests } = await effectsOf(world);
    expect(builds).toHaveLength(4);
    expect(new Set(builds.map(({ key }) => key)).size).toBe(4);
    expect(pushes).toHaveLength(1);
    expect(pushes[0]).toHaveLength(6);
    expect(pullRequests).toHaveLength(6);
  });

  it('asks in the steady state for the refs of each repository, and what the forge answers with 304', async () => {
    const seen = world.requests.length;
    const { plan, rounds, outcomes } = await controller.pass();
    expect(plan.actions).toEqual([]);
    expect(outcomes).toEqual([]);
    expect(rounds).toBe(1);

    const { git, forge, registry } = calls.take();
    expect(git).toEqual(['ls-remote manifests', 'ls-remote source']);
    expect(forge).toEqual(['GET /repos/acme/manifests/pulls 304', 'GET /user 304']);
    expect(registry).toEqual([]);
    // The same seen from the other side.
    expect(world.requests.slice(seen).filter(({ server }) => server === 'registry')).toEqual([]);
  });

  it('costs as little after a restart: what it knew is stored', async () => {
    await using restarted = await world.controller({ observer: calls.observer });
    const { plan } = await restarted.pass();
    expect(plan.actions).toEqual([]);
    const { git, forge, registry } = calls.take();
    expect(matching(git, /^ls-remote/)).toEqual(['ls-remote manifests', 'ls-remote source']);
    expect(git.filter((one) => !/^(ls-remote|cat-file|config) /.test(one))).toEqual([]);
    expect(forge).toEqual(['GET /repos/acme/manifests/pulls 304', 'GET /user 304']);
    expect(registry).toEqual([]);
  });

  it('builds one image for a commit to one component, in one push and one REST write for each pull request', async () => {
    await world.commit('source', 'main', { 'server/main.go': 'package main // 2\n' });
    const { settled } = await controller.pass();
    expect(settled).toBe(true);
    const { git, forge } = calls.take();
    expect(matching(git, /^push/)).toEqual(['push manifests']);
    expect(matching(git, /^fetch/)).toEqual(['fetch source', 'fetch source']);
    expect(forge.filter((one) => !one.startsWith('GET '))).toEqual([
      'PATCH /repos/acme/manifests/pulls/1 200',
    ]);
    expect((await effectsOf(world)).builds).toHaveLength(5);
  });

  it('does nothing for a commit outside every closure but learn it', async () => {
    await world.commit('source', 'main', { 'README.md': 'Still outside.\n' });
    const { plan, outcomes } = await controller.pass();
    expect(plan.actions).toEqual([]);
    expect(outcomes).toEqual([]);
    const { git, forge, registry } = calls.take();
    expect(matching(git, /^(ls-remote|fetch|push)/)).toEqual([
      'fetch source',
      'ls-remote manifests',
      'ls-remote source',
    ]);
    expect(matching(forge, / 304$/)).toEqual(forge);
    expect(registry).toEqual([]);
  });
});
