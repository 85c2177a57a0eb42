import { rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World, type Controller, type DeliveryResult, type Fault } from '../support/world.ts';
import { effectsOf } from '../support/world-effects.ts';
import { git, IMAGES } from '../support/world-repositories.ts';

/** An application that has nothing to do with what fails: it proposes to its own repository. */
const SOLO = `  solo: {source: source, context: solo, image: ${IMAGES}/solo, versions: [main], targets: [{kustomization: solo, repository: source}]}\n`;
const solo = {
  'solo/Dockerfile': 'FROM scratch\nCOPY x /x\n',
  'solo/x': '0\n',
  'solo/kustomization.yaml': `images:\n  - name: ${IMAGES}/solo\n    newTag: v0\n`,
};

const says = (status: number, headers: Record<string, string> = {}) =>
  Response.json({ message: `said ${status}` }, { status, headers });
const limited = () =>
  says(403, {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 1800),
  });
const naming = (digest: string) => new Response(null, { headers: { 'docker-content-digest': digest } });

const onForge =
  (methods: string, prefix: string, answer: () => Response): Fault =>
  ({ server, method, path: asked }) =>
    server === 'forge' && methods.split(' ').includes(method) && asked.startsWith(prefix)
      ? answer()
      : undefined;
const listing = (answer: () => Response) => onForge('GET', '/repos/acme/manifests/', answer);
const describing = (answer: () => Response) => onForge('PATCH', '/repos/acme/manifests/', answer);
const opening = (answer: () => Response) => onForge('POST', '/repos/acme/manifests/', answer);
const gitOf = (answer: () => Response) => onForge('GET POST', '/acme/manifests/', answer);
const pushing = (answer: () => Response) => onForge('GET POST', '/acme/manifests/git-receive-pack', answer);
const registry =
  (answer: (method: string) => Response | undefined): Fault =>
  ({ server, method, path: asked }) =>
    server === 'registry' && asked.startsWith('/v2/acme/controller/') ? answer(method) : undefined;

function itemOf({ plan }: DeliveryResult, application: string, version = 'main') {
  const item = plan.items.find((one) => one.application === application && one.version === version);
  if (!item) throw new Error(`no ${application}`);
  return item;
}

let changes = 0;

/** New content for `controller`, which meets the faults, and for `solo`, which does not. */
async function change(world: World): Promise<string> {
  changes += 1;
  const commit = await world.commit('source', 'main', {
    'controller/main.go': `package controller // ${changes}, changed\n`,
    'solo/x': `${changes}\n`,
  });
  return `vmain-g${commit.slice(0, 12)}`;
}

describe('a fault outside', () => {
  let world: World;
  let controller: Controller;

  beforeAll(async () => {
    world = await World.open({ config: SOLO });
    await world.commit('source', 'main', solo);
    controller = await world.controller();
    await controller.pass();
  });

  afterAll(async () => {
    await controller[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it.each<[string, Fault, RegExp]>([
    [
      'forge: 401',
      listing(() => says(401)),
      /github.com answered 401: said 401; the credential is not valid \(any more\): renew forges.github.com.token/,
    ],
    [
      'forge: 404',
      listing(() => says(404)),
      /answered 404: said 404; check the name, and that the credential of forges.github.com may see/,
    ],
    [
      'forge: a page of a proxy',
      listing(() => new Response('<html>', { headers: { 'content-type': 'text/html' } })),
      /gave an answer that is not GitHub's.*check the address of the API in forges.github.com.api/,
    ],
    [
      'forge: refuses a description',
      describing(() => says(403)),
      /last tried: .*answered 403: said 403; grant the credential of forges.github.com/,
    ],
    [
      'git: 401',
      gitOf(() => says(401)),
      /git could not read refs of https:\/\/github.com\/acme\/manifests.*configured credentials may use it/,
    ],
    [
      'git: 404',
      gitOf(() => says(404)),
      /git could not read refs of https:\/\/github.com\/acme\/manifests.*not found; check the address/,
    ],
    ['git: 503', gitOf(() => says(503)), /git could not read refs of .*acme\/manifests.*503/],
    [
      'git: refuses the push',
      pushing(() => says(403)),
      /last tried: git could not push to .*acme\/manifests.*403.*configured credentials/,
    ],
    [
      'registry: 401',
      registry(() => says(401)),
      /denies access to acme\/controller \(401\); run `docker login/,
    ],
    ['registry: 429', registry(() => says(429)), /acme\/controller cannot be read at k-\w+ \(429/],
    ['registry: 503', registry(() => says(503)), /acme\/controller cannot be read at k-\w+ \(503/],
    [
      'registry: a digest of nothing',
      registry((method) => (method === 'HEAD' ? naming(`sha256:${'0'.repeat(64)}`) : undefined)),
      /names sha256:0+, which the registry does not hold; delete the tag/,
    ],
    [
      'registry: no digest at all',
      registry((method) => (method === 'HEAD' ? naming('../../etc') : undefined)),
      /gives a wrong digest: \.\.\/\.\.\/etc/,
    ],
  ])('%s: stops its pairs alone, which say so, and is over when it ends', async (_, fault, reason) => {
    const tag = await change(world);
    world.fault = fault;
    const during = await controller.pass();
    world.fault = undefined;
    expect(itemOf(during, 'controller').reason).toMatch(reason);
    expect(itemOf(during, 'solo')).toMatchObject({ state: 'proposed', image: { tag } });

    const after = await controller.pass();
    expect(itemOf(after, 'controller')).toMatchObject({ state: 'proposed', image: { tag } });
    expect(after.outcomes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(after.plan.actions).toEqual([]);
  });

  it('forge: 503: keeps what is proposed', async () => {
    world.fault = listing(() => says(503));
    const during = await controller.pass();
    world.fault = undefined;
    expect(itemOf(during, 'controller')).toMatchObject({ state: 'blocked', unreadable: true });
    expect(itemOf(during, 'controller').reason).toMatch(/answered 503: said 503/);
    expect(itemOf(during, 'solo').state).toBe('proposed');
    const after = await controller.pass();
    expect(itemOf(after, 'controller').state).toBe('proposed');
    expect(after.rounds).toBe(1);
  });
});

describe('a forge whose limit is used up', () => {
  it.each<[string, () => Response]>([
    ['by the hour', limited],
    ['for now', () => says(429, { 'retry-after': '1800' })],
  ])('%s is left alone, while images are built; afterwards all is proposed', async (_, answer) => {
    await using world = await World.open();
    {
      await using controller = await world.controller();
      world.fault = listing(answer);
      const during = await controller.pass();
      expect(itemOf(during, 'base').state).toBe('up-to-date');
      expect(itemOf(during, 'controller')).toMatchObject({ state: 'blocked', unreadable: true });
      expect(itemOf(during, 'controller').reason).toMatch(/answered (403: said 403|429: said 429)/);
      const asked = world.requests.length;
      await controller.pass();
      expect(world.requests.slice(asked).filter(({ path: one }) => /^\/(repos|user)/.test(one))).toEqual([]);
    }
    world.fault = undefined;
    expect(itemOf(await world.deliver(), 'controller').state).toBe('proposed');
    const { pullRequests, builds } = await effectsOf(world);
    expect(pullRequests).toHaveLength(6);
    expect(builds).toHaveLength(4);
  });
});

describe('a forge that opens no pull request', () => {
  it('leaves the pairs waiting with its word, whichever it is, and gets one of each in the end', async () => {
    await using world = await World.open();
    await using controller = await world.controller();
    for (const status of [401, 403, 404, 409, 422, 500, 503]) {
      world.fault = opening(() => says(status));
      const result = await controller.pass();
      expect(itemOf(result, 'base').state).toBe('up-to-date');
      expect(itemOf(result, 'webhook')).toMatchObject({
        state: 'update',
        reason: expect.stringContaining(`answered ${status}: said ${status}`),
      });
    }
    world.fault = undefined;
    expect(itemOf(await controller.pass(), 'webhook').state).toBe('proposed');
    const { pullRequests, builds } = await effectsOf(world);
    expect(pullRequests).toHaveLength(6);
    expect(builds).toHaveLength(4);
  });
});

describe('a repository', () => {
  it('that is gone blocks what reads it, and nothing else; back, all goes on', async () => {
    await using world = await World.open({ config: SOLO });
    await world.commit('source', 'main', solo);
    const [there, away] = ['manifests.git', 'away.git'].map((name) =>
      path.join(world.directory, 'forge', 'acme', name),
    ) as [string, string];
    await rename(there, away);
    await using controller = await world.controller();
    const without = await controller.pass();
    expect(itemOf(without, 'solo').state).toBe('proposed');
    expect(itemOf(without, 'base').state).toBe('up-to-date');
    expect(itemOf(without, 'server')).toMatchObject({ state: 'blocked' });
    expect(itemOf(without, 'server').reason).toMatch(/acme\/manifests/);
    await rename(away, there);
    expect(itemOf(await controller.pass(), 'server').state).toBe('proposed');
  });

  it('whose history was replaced is followed, and goes back to nothing older unasked', async () => {
    await using world = await World.open();
    await using controller = await world.controller();
    await controller.pass();
    const bare = path.join(world.directory, 'forge', 'acme', 'source.git');
    const tree = await git(bare, 'rev-parse', 'main^{tree}');
    const orphan = await git(bare, 'commit-tree', tree, '-m', 'All anew');
    await git(bare, 'update-ref', 'refs/heads/main', orphan);
    const same = await controller.pass();
    // Equal content has an image already; what is proposed stays as it is or is described anew.
    expect((await effectsOf(world)).builds).toHaveLength(4);
    expect(itemOf(same, 'controller')).toMatchObject({ state: 'proposed', source: { head: orphan } });

    await git(bare, 'update-ref', '-d', 'refs/heads/main');
    const gone = await controller.pass();
    expect(itemOf(gone, 'controller')).toMatchObject({
      state: 'blocked',
      reason: 'https://github.com/acme/source has no branch main',
    });
    expect(itemOf(gone, 'controller', 'v1.0').state).toBe('proposed');
    expect((await effectsOf(world)).pullRequests.map(({ state }) => state)).toEqual(Array(6).fill('open'));
  });
});
