import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Settings } from '../../runtime/api/settings.ts';
import { systemClock } from '../../runtime/control/clock.ts';
import { openHome, type Home } from '../../runtime/home.ts';
import { accountId } from '../../runtime/standins/forge/accounts.ts';
import { git, openForge, type ForgeFixture } from '../support/forge.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const MAIN = 'refs/heads/main';

let folder: string;
let forge: ForgeFixture;
/** Owner of each repository that an installation token was asked for, and the `Authorization` headers that git sent. */
let issuedFor: string[];
let shown: Set<string | null>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-home-'));
  forge = await openForge({
    intercept: (request) => {
      const { pathname } = new URL(request.url);
      const installation = /^\/repos\/(.+)\/installation$/.exec(pathname)?.[1];
      if (installation) issuedFor.push(installation);
      if (installation === 'elsewhere/public')
        return Response.json({ message: 'Not Found' }, { status: 404 });
      if (pathname.includes('.git/') || pathname.includes('/info/refs'))
        shown.add(request.headers.get('authorization'));
      return undefined;
    },
  });
  for (const name of ['elsewhere/public', 'bot/manifests'])
    await git(forge.work, 'clone', '--quiet', '--bare', forge.work, path.join(forge.root, `${name}.git`));
  await writeFile(path.join(folder, 'key.pem'), privateKey);
  await writeFile(
    path.join(folder, 'gitconfig'),
    `[url "${forge.url}/"]\n\tinsteadOf = https://github.com/\n`,
  );
});

afterAll(async () => {
  await forge.dispose();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  issuedFor = [];
  shown = new Set();
});

async function open(settings: Settings, environment: Record<string, string> = {}): Promise<Home> {
  const state = await mkdtemp(path.join(folder, 'state-'));
  return openHome({
    settings: { ...settings, state: { directory: state } },
    clock: systemClock,
    environment: {
      PATH: process.env['PATH'],
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: path.join(folder, 'gitconfig'),
      ...environment,
    },
  });
}

async function pushTo(home: Home, repository: string, target: string, branch: string): Promise<void> {
  const refs = await home.git.refs(repository, [MAIN]);
  await home.git.fetch(repository, refs);
  const parent = refs.get(MAIN) ?? '';
  const commit = await home.git.createCommit(repository, {
    parent,
    changes: [{ path: 'image', content: Buffer.from(`${branch}\n`) }],
    message: 'Move the image',
    author: { name: 'Slipway', email: 'slipway@example.com' },
    at: 0,
  });
  const ref = `refs/heads/${branch}`;
  expect(await home.git.push(repository, target, [{ ref, to: commit, expected: null }])).toEqual([
    { ref, status: 'updated' },
  ]);
  expect((await home.git.refs(target, [ref])).get(ref)).toBe(commit);
}

const manifests = 'https://github.com/kubeflow/manifests';

describe('a GitHub App', () => {
  const settings = (): Settings => ({
    forges: {
      'github.com': { api: forge.url, app: { id: 42, privateKey: { file: path.join(folder, 'key.pem') } } },
    },
  });

  it('lets git fetch and push with a token for that very repository, the fork too', async () => {
    await using home = await open(settings());
    await pushTo(home, manifests, manifests, 'app');
    expect(new Set(issuedFor)).toEqual(new Set(['kubeflow/manifests']));
    await pushTo(home, manifests, 'https://github.com/bot/manifests', 'app');
    expect(new Set(issuedFor)).toEqual(new Set(['kubeflow/manifests', 'bot/manifests']));
    expect([...shown].some((header) => header?.startsWith('Basic '))).toBe(true);
  });

  it('reads without a credential where it is not installed', async () => {
    await using home = await open(settings());
    expect((await home.git.refs('https://github.com/elsewhere/public', [MAIN])).size).toBe(1);
    expect(issuedFor).toEqual(['elsewhere/public']);
    expect(shown).toEqual(new Set([null]));
  });

  it('reads without a credential outside the one installation that was named', async () => {
    const { app, ...forgeSettings } = settings().forges?.['github.com'] ?? {};
    if (!app) throw new Error('no App');
    const named = { ...forgeSettings, app: { ...app, installation: accountId('kubeflow') } };
    await using home = await open({ forges: { 'github.com': named } });
    expect((await home.git.refs('https://github.com/elsewhere/public', [MAIN])).size).toBe(1);
    expect(shown).toEqual(new Set([null]));
  });

  it('may push wherever it gets a token', async () => {
    await using home = await open(settings());
    const repository = { host: 'github.com', owner: 'kubeflow', name: 'manifests' };
    expect(await home.forge.access(repository)).toEqual({ push: true });
    await expect(home.forge.access({ ...repository, name: 'missing' })).rejects.toMatchObject({
      fault: 'not-found',
    });
  });
});

describe('a token', () => {
  it('serves git and the forge alike', async () => {
    await using home = await open(
      { forges: { 'github.com': { api: forge.url, token: { env: 'TOKEN' } } } },
      { TOKEN: 'as-robot' },
    );
    await pushTo(home, manifests, manifests, 'token');
    expect(await home.forge.account('github.com')).toEqual({ login: 'robot', bot: false });
    expect(await home.forge.access({ host: 'github.com', owner: 'kubeflow', name: 'manifests' })).toEqual({
      push: true,
    });
    expect(issuedFor).toEqual([]);
  });

  it('in GITHUB_TOKEN is enough to begin with', async () => {
    await using home = await open({}, { GITHUB_TOKEN: 'as-robot' });
    await expect(home.forge.account('ghe.example.com')).rejects.toMatchObject({
      message: 'no forge is configured for ghe.example.com: only github.com are',
    });
  });
});

describe('registries', () => {
  it.each([
    [{ insecure: true }, true],
    [{ insecure: false }, false],
    [{}, false],
    [{ endpoint: 'http://127.0.0.1:5000' }, true],
  ])('%j make builders skip certificates: %s', async (registry, insecure) => {
    await using home = await open({ registries: { 'registry.example.com': registry } });
    expect(home.registry.location('registry.example.com/team/web').insecure).toBe(insecure);
  });
});
