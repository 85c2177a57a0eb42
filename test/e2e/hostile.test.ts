import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World, type Controller, type DeliveryResult } from '../support/world.ts';
import { effectsOf } from '../support/world-effects.ts';
import { commitAll, git, IMAGES, writeFiles } from '../support/world-repositories.ts';

const DOCKERFILE = 'FROM scratch\nCOPY . /\n';
const kustomization = (name: string) => `images:\n  - name: ${IMAGES}/${name}\n    newTag: v0\n`;
const BOMB = Array.from({ length: 9 }, (_, level) => {
  const of = level === 0 ? 'lol' : `*l${level - 1}`;
  return `l${level}: &l${level} [${Array<string>(10).fill(of).join(', ')}]\n`;
}).join('');
const deep = (levels: number) => Array.from({ length: levels }, (_, level) => `d${level}`).join('/');
const PROW =
  'Add /approve\n\n/approve\n/lgtm\n/hold cancel\n@kubeflow/all Fixes #1\n```\n/close\n<!-- {"installation":"other"} -->';

interface Case {
  /** Below the application's folder in the source. */
  readonly source?: Readonly<Record<string, string>>;
  /** Below the application's folder in the manifests. */
  readonly manifests?: Readonly<Record<string, string>>;
  /** Symbolic links, as above. */
  readonly links?: {
    readonly source?: Readonly<Record<string, string>>;
    readonly manifests?: Readonly<Record<string, string>>;
  };
  readonly expected: { readonly state: string; readonly reason: RegExp };
}

const proposed = { state: 'proposed', reason: /^#\d+ has it$/ };
const blocked = (reason: RegExp) => ({ state: 'blocked', reason });

/** By application. What is not said is in order. */
const CASES: Readonly<Record<string, Case>> = {
  'dockerfile-link': {
    source: { x: '' },
    links: { source: { Dockerfile: '/etc/passwd' } },
    expected: blocked(/dockerfile-link\/Dockerfile is no regular file/),
  },
  'dockerfile-folder': {
    source: { 'Dockerfile/x': '' },
    expected: blocked(/dockerfile-folder\/Dockerfile is no regular file/),
  },
  'dockerfile-submodule': {
    source: { x: '' },
    expected: blocked(/dockerfile-submodule\/Dockerfile is no regular file/),
  },
  'dockerfile-huge': {
    source: { Dockerfile: `FROM scratch\n${'# x\n'.repeat(5_000_000)}` },
    expected: blocked(/dockerfile-huge\/Dockerfile.*over the limit/),
  },
  'dockerfile-long': {
    source: { Dockerfile: `FROM scratch\n${'COPY a /b\n'.repeat(100_000)}`, a: '' },
    expected: proposed,
  },
  'dockerfile-binary': {
    source: { Dockerfile: '\u0000\u0001\uFFFD\n'.repeat(100) },
    expected: proposed,
  },
  'odd-names': {
    source: {
      Dockerfile: DOCKERFILE,
      'line\nbreak': '',
      '"quoted" \\ back': '',
      '--upload-pack=x': '',
      ':(top)*': '',
      'ünïcödé/😀': '',
      '[a-z]*?': '',
    },
    expected: proposed,
  },
  deep: { source: { Dockerfile: DOCKERFILE, [`${deep(100)}/x`]: '' }, expected: proposed },
  'too-deep': {
    source: { Dockerfile: DOCKERFILE, [`${deep(300)}/x`]: '' },
    expected: blocked(/^too-deep cannot be used: a tree is nested more than 128 levels deep/),
  },
  'link-out': {
    source: { Dockerfile: 'FROM scratch\nCOPY out /\nCOPY loop /\n' },
    links: { source: { out: '../../../../etc', loop: 'loop' } },
    expected: proposed,
  },
  'ignore-bomb': {
    source: {
      Dockerfile: DOCKERFILE,
      '.dockerignore': Array.from({ length: 5_000 }, (_, n) => `**/*a*b*c*${n}*/**/!x\n!**/*${n}*\n`).join(
        '',
      ),
      ['a'.repeat(200)]: '',
    },
    expected: proposed,
  },
  'target-link': {
    manifests: { x: '' },
    links: { manifests: { 'kustomization.yaml': '/etc/passwd' } },
    expected: blocked(/target-link\/kustomization.yaml is no regular file/),
  },
  'target-folder': {
    manifests: { 'kustomization.yaml/x': '' },
    expected: blocked(/target-folder\/kustomization.yaml is no regular file/),
  },
  'target-bomb': {
    manifests: { 'kustomization.yaml': `${BOMB}${kustomization('target-bomb')}` },
    expected: blocked(/target-bomb\/kustomization.yaml.*(bomb|alias)/),
  },
  'target-huge': {
    manifests: { 'kustomization.yaml': `${kustomization('target-huge')}${'# x\n'.repeat(5_000_000)}` },
    expected: blocked(/target-huge\/kustomization.yaml.*over the limit/),
  },
  'target-broken': {
    manifests: { 'kustomization.yaml': 'images:\n  - name: a\n - b\n' },
    expected: blocked(/target-broken\/kustomization.yaml.*not valid YAML/),
  },
};

const CONFIG = Object.keys(CASES)
  .map(
    (name) =>
      `  ${name}: {source: source, context: ${name}, image: ${IMAGES}/${name}, versions: [main], targets: [{kustomization: ${name}}]}\n`,
  )
  .join('');

/** Commits what the cases say to both repositories. */
async function plant(world: World): Promise<void> {
  for (const repository of ['source', 'manifests'] as const) {
    const work = path.join(world.directory, `${repository}-work`);
    await world.commit(repository, 'main', { 'hostile.md': 'Soon.\n' });
    for (const [name, { source, manifests, links }] of Object.entries(CASES)) {
      const files =
        repository === 'source'
          ? (source ?? { Dockerfile: DOCKERFILE })
          : (manifests ?? { 'kustomization.yaml': kustomization(name) });
      await writeFiles(path.join(work, name), files);
      for (const [link, to] of Object.entries(links?.[repository] ?? {}))
        await symlink(to, path.join(work, name, link));
    }
    if (repository === 'source') await plantSubmodule(work);
    await world.commit(repository, 'main', {}, PROW);
  }
  const bare = path.join(world.directory, 'forge', 'acme', 'source.git');
  const main = await git(bare, 'rev-parse', 'main');
  await git(bare, 'update-ref', 'refs/heads/--upload-pack=touch', main);
  await git(bare, 'update-ref', 'refs/heads/slipway/main/controller', main);
}

/** A commit of another repository in the place of a file. */
async function plantSubmodule(work: string): Promise<void> {
  const place = 'dockerfile-submodule/Dockerfile';
  await mkdir(path.join(work, place));
  const commit = await git(work, 'rev-parse', 'HEAD');
  await git(work, 'update-index', '--add', '--cacheinfo', `160000,${commit},${place}`);
}

describe('content that means harm', () => {
  let world: World;
  let controller: Controller;
  let result: DeliveryResult;

  beforeAll(async () => {
    world = await World.open({ config: CONFIG });
    await plant(world);
    controller = await world.controller();
    result = await controller.pass();
  }, 180_000);

  afterAll(async () => {
    await controller[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it.each(Object.entries(CASES))('%s', (name, { expected }) => {
    const item = result.plan.items.find(({ application }) => application === name);
    expect(item?.reason).toMatch(expected.reason);
    expect(item?.state).toBe(expected.state);
  });

  it('stops none of the others', () => {
    for (const { application, version, state } of result.plan.items)
      if (CASES[application] === undefined)
        expect([version, application, state]).toEqual([
          version,
          application,
          application === 'base' ? 'up-to-date' : 'proposed',
        ]);
    expect(result.outcomes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  });

  it('gives no orders in a pull request', async () => {
    const { pullRequests } = await effectsOf(world);
    expect(pullRequests.length).toBeGreaterThan(6);
    for (const { title, body } of pullRequests) {
      expect([title, /^\s*\/(approve|lgtm|hold|close)/m.test(body)]).toEqual([title, false]);
      expect([title, body.includes('@kubeflow/all') && !body.includes('`')]).toEqual([title, false]);
      expect([title, (body.match(/<!--/g) ?? []).length]).toEqual([title, 1]);
    }
  });

  it('is left behind by the next commit that is in order', async () => {
    for (const repository of ['source', 'manifests'] as const) {
      const work = path.join(world.directory, `${repository}-work`);
      for (const name of Object.keys(CASES)) {
        await rm(path.join(work, name), { recursive: true, force: true });
        await mkdir(path.join(work, name));
        await writeFiles(
          path.join(work, name),
          repository === 'source'
            ? { Dockerfile: DOCKERFILE }
            : { 'kustomization.yaml': kustomization(name) },
        );
      }
      await commitAll(work, 'In order');
      await git(
        work,
        'push',
        '--quiet',
        `http://ann:as-ann@127.0.0.1:${world.forge.port}/acme/${repository}.git`,
        'HEAD:refs/heads/main',
      );
    }
    const { plan, settled } = await controller.pass();
    expect(settled).toBe(true);
    expect(plan.items.filter(({ state }) => state !== 'proposed' && state !== 'up-to-date')).toEqual([]);
  }, 120_000);
});
