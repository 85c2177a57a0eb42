import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { delivery, json, pulls } from '../support/delivery-cli.ts';
import { call } from '../support/forge.ts';
import { pushImage } from '../support/oci.ts';
import { World } from '../support/world.ts';
import { git } from '../support/world-repositories.ts';

// Each step is a process of its own, and other tests may use the machine meanwhile.
jest.setTimeout(120_000);

describe("a pipeline's last task", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const update = (digest: string, ...rest: string[]) => {
    const pair = ['--application', 'controller', '--version', 'main'];
    return delivery(world, 'update-manifests', ...pair, '--digest', digest, ...rest);
  };

  it('proposes the published image of its pair, and nothing else', async () => {
    const { items } = json(await delivery(world, 'plan', '-o', 'json'));
    const { commit } = items.find(
      (one) => one.application === 'controller' && one.version === 'main',
    )!.source;
    const { digest } = await pushImage(
      world.registry.url,
      'acme/controller',
      'by-hand',
      'made by a pipeline',
    );

    const [absent, other, unnamed] = await Promise.all([
      update(`sha256:${'0'.repeat(64)}`, '--commit', commit),
      update(digest, '--commit', 'abcdef0'),
      update(digest),
    ]);
    expect(absent).toMatchObject({ status: 1, stderr: expect.stringContaining('the registry has no') });
    expect(other).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('it was built from abcdef0'),
    });
    expect(unnamed).toMatchObject({ status: 1, stderr: expect.stringContaining('name the commit') });
    expect(await pulls(world)).toEqual([]);

    const done = await update(digest, '--commit', commit.slice(0, 10), '-o', 'json');
    expect(done.status).toBe(0);
    expect(json(done).items).toMatchObject([
      { application: 'controller', version: 'main', state: 'proposed', image: { digest } },
    ]);
    expect((await pulls(world)).map(({ head }) => head.ref)).toEqual(['slipway/main/controller']);
    expect(existsSync(world.ledger)).toBe(false);
    expect(json(await update(digest, '-o', 'json')).outcomes).toEqual([]);
  });
});

describe('close-superseded', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    await propose('update_controller_vmain-g1111111', 'main');
    await propose('update_controller_vmain-g2222222', 'main');
    await propose('update_controller_v1.0-g1111111', 'v1.0');
    await propose('update_other_vmain-g1111111', 'main');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  async function propose(branch: string, base: string): Promise<void> {
    await git(path.join(world.directory, 'forge', 'acme', 'manifests.git'), 'branch', branch, base);
    await world.commit('manifests', branch, { [`${branch}.md`]: 'x\n' });
    await call(world.forge, 'POST', '/repos/acme/manifests/pulls', {
      as: 'slipway-bot',
      body: { title: branch, head: branch, base },
    });
  }

  it('closes what the original tools left behind, once it is told to', async () => {
    const dry = await delivery(world, 'close-superseded', '--dry-run');
    expect(dry).toMatchObject({ status: 0, stdout: expect.stringContaining('#1: superseded by #2') });
    expect((await pulls(world)).map(({ state }) => state)).toEqual(['open', 'open', 'open', 'open']);
    const done = await delivery(world, 'close-superseded', '-o', 'json');
    expect(done.status).toBe(0);
    expect((await pulls(world)).map(({ state }) => state)).toEqual(['closed', 'open', 'open', 'open']);
    const again = await delivery(world, 'close-superseded', '-o', 'json');
    expect(JSON.parse(again.stdout)).toEqual({ dryRun: false, closings: [] });
  });
});

describe('plan --diff', () => {
  it('shows what a push would change, and changes nothing', async () => {
    await using world = await World.open();
    await delivery(world, 'build', 'controller', 'main');
    await delivery(world, 'build', 'server', 'main');
    await delivery(world, 'hold', 'v1.0');
    const { stdout, status } = await delivery(world, 'plan', '--diff');
    expect(status).toBe(0);
    expect(stdout).toContain('--- a/controller/kustomization.yaml\n+++ b/controller/kustomization.yaml\n');
    expect(stdout).toMatch(
      /^-.*newTag: v0 # released by hand\n\+.*newTag: vmain-g[0-9a-f]{12} # released by hand$/m,
    );
    expect(await pulls(world)).toEqual([]);
  });
});
