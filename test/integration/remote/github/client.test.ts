import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { GitHubForge } from '../../../../runtime/remote/github/client.ts';
import type {
  AnswerStore,
  Call,
  GitHubForgeOptions,
  RememberedAnswer,
} from '../../../../runtime/remote/github/client.ts';
import { systemClock } from '../../../../runtime/control/clock.ts';
import { PortError } from '../../../../runtime/ports/index.ts';
import { accountId } from '../../../../runtime/standins/forge/accounts.ts';
import { ForgeState } from '../../../../runtime/standins/forge/state.ts';
import { call, git, openForge } from '../../../support/forge.ts';
import type { ForgeFixture } from '../../../support/forge.ts';
import { GitHubSchema, checkedFetch } from '../../../support/github-schema.ts';

const checked = checkedFetch(new GitHubSchema());
const SECRET = 'as-slipway-bot';

let forge: ForgeFixture;
let calls: Call[];
/** What the forge is made to answer instead, by each request. */
let fault: (request: Request) => Response | undefined | Promise<Response | undefined>;

beforeEach(async () => {
  calls = [];
  fault = () => undefined;
  forge = await openForge({ intercept: (request) => fault(request) });
});
afterEach(() => forge.dispose());

const client = (options: Partial<GitHubForgeOptions> = {}) =>
  new GitHubForge({
    host: forge.host,
    api: forge.url,
    credential: { token: () => Promise.resolve(SECRET) },
    onCall: (one) => calls.push(one),
    retryDelay: 1,
    ...options,
  });
const repository = () => ({ host: forge.host, owner: 'kubeflow', name: 'manifests' });
const from = (branch: string, owner = 'kubeflow') => ({
  title: `Move ${branch}`,
  body: 'To the latest',
  head: { owner, branch },
  base: 'main',
});
const failure = async (promise: Promise<unknown>): Promise<PortError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PortError) return error;
    throw error;
  }
  throw new Error('it should have failed');
};
const reply = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });
const writes = () => calls.filter(({ method }) => method !== 'GET');

describe('pull requests', () => {
  it('are opened, read, changed and closed, by exchanges as GitHub publishes them', async () => {
    const commit = await forge.push('one', 'one.txt', '1\n');
    const github = client({ fetch: checked });
    expect(await github.account(forge.host)).toEqual({ login: 'slipway-bot', bot: false });
    expect(await github.account(forge.host)).toEqual({ login: 'slipway-bot', bot: false });
    expect(calls.map(({ status }) => status)).toEqual([200, 304]);
    const { pullRequest, created } = await github.createPullRequest(repository(), from('one'));
    expect(created).toBe(true);
    expect(pullRequest).toMatchObject({
      number: 1,
      url: `${forge.url}/kubeflow/manifests/pull/1`,
      state: 'open',
      title: 'Move one',
      author: { login: 'slipway-bot', bot: false },
      head: { repository: 'kubeflow/manifests', branch: 'one', commit },
      base: 'main',
    });
    expect(await github.openPullRequests(repository())).toEqual([pullRequest]);
    const changed = await github.updatePullRequest(repository(), 1, { title: 'New', state: 'closed' });
    expect(changed).toMatchObject({ title: 'New', body: 'To the latest', state: 'closed' });
    expect(await github.openPullRequests(repository())).toEqual([]);
    expect(await github.pullRequest(repository(), 1)).toEqual(changed);
    expect(await github.pullRequestsFrom(repository(), { owner: 'kubeflow', branch: 'one' })).toEqual([
      changed,
    ]);
    expect(await github.closedBy(repository(), 1)).toEqual({ login: 'slipway-bot', bot: false });
    expect(writes()).toHaveLength(2);
  });

  it('that exist already are returned, whoever opened them', async () => {
    await forge.push('one', 'one.txt', '1\n');
    const body = { title: 'By hand', head: 'one', base: 'main' };
    await call(forge, 'POST', '/repos/kubeflow/manifests/pulls', { as: 'ann', body });
    const { pullRequest, created } = await client().createPullRequest(repository(), from('one'));
    expect(created).toBe(false);
    expect(pullRequest).toMatchObject({ number: 1, title: 'By hand', author: { login: 'ann' } });
  });

  it('come from forks, and tell of being merged by a person or closed by a bot', async () => {
    const api = '/repos/kubeflow/manifests';
    await call(forge, 'POST', `${api}/forks`, { as: 'slipway-bot', body: {} });
    await forge.push('one', 'one.txt', '1\n');
    const fork = `http://x:${SECRET}@${forge.host}/slipway-bot/manifests`;
    await git(forge.work, 'push', '--quiet', fork, 'one:one', 'one:two');
    const github = client();
    const one = await github.createPullRequest(repository(), from('one', 'slipway-bot'));
    expect(one.pullRequest.head.repository).toBe('slipway-bot/manifests');
    await github.createPullRequest(repository(), from('two', 'slipway-bot'));
    await call(forge, 'PATCH', `${api}/pulls/2`, { as: 'stale[bot]', body: { state: 'closed' } });
    await call(forge, 'PUT', `${api}/pulls/1/merge`, { as: 'ann', body: {} });
    expect(await github.pullRequest(repository(), 1)).toMatchObject({ state: 'merged' });
    expect(await github.closedBy(repository(), 1)).toEqual({ login: 'ann', bot: false });
    expect(await github.closedBy(repository(), 2)).toEqual({ login: 'stale[bot]', bot: true });
  });
});

describe('reads', () => {
  it('walk every page, and cost nothing where nothing changed, even in a new process', async () => {
    const kept = new Map<string, RememberedAnswer>();
    const answers: AnswerStore = {
      get: (url) => kept.get(url),
      set: (url, answer) => void kept.set(url, JSON.parse(JSON.stringify(answer)) as RememberedAnswer),
    };
    await openMany(250);
    const first = await client({ answers }).openPullRequests(repository());
    expect(first.map(({ number }) => number)).toEqual(Array.from({ length: 250 }, (_, index) => 250 - index));
    expect(calls.map(({ status }) => status)).toEqual([200, 200, 200]);
    calls = [];
    expect(await client({ answers }).openPullRequests(repository())).toEqual(first);
    expect(calls.map(({ notModified }) => notModified)).toEqual([true, true, true]);
    calls = [];
    await call(forge, 'PATCH', '/repos/kubeflow/manifests/pulls/250', { as: 'ann', body: { title: 'New' } });
    expect((await client({ answers }).openPullRequests(repository()))[0]?.title).toBe('New');
    expect(calls.map(({ notModified }) => notModified)).toEqual([true, true, false]);
    for (const url of kept.keys()) kept.set(url, { etag: '"x"', more: true, value: 'damaged' });
    expect(await client({ answers }).openPullRequests(repository())).toHaveLength(250);
  });

  it('find what opened behind a full page, which itself did not change', async () => {
    await openMany(100);
    const github = client();
    expect(await github.openPullRequests(repository())).toHaveLength(100);
    await forge.push('late', 'late.txt', '1\n');
    const body = { title: 'Late', head: 'late', base: 'main' };
    await call(forge, 'POST', '/repos/kubeflow/manifests/pulls', { as: 'ann', body });
    // Counts in the repository's JSON change, too, but what GitHub takes into an ETag it does not promise.
    fault = (request) =>
      new URL(request.url).searchParams.get('page') === '1' ? new Response(null, { status: 304 }) : undefined;
    calls = [];
    expect((await github.openPullRequests(repository()))[0]).toMatchObject({ number: 101, title: 'Late' });
    expect(calls.map(({ status }) => status)).toEqual([304, 200]);
  });

  it('tell a repository that has moved, whose pull requests would bear another name', async () => {
    await openMany(1);
    await git(forge.root, 'clone', '--quiet', '--bare', 'kubeflow/manifests.git', 'kubeflow/moved.git');
    fault = ({ url }) =>
      url.includes('/kubeflow/manifests')
        ? reply(301, { message: 'Moved' }, { location: url.replace('/manifests', '/moved') })
        : undefined;
    for (const asked of [client().openPullRequests(repository()), client().access(repository())])
      expect(await failure(asked)).toMatchObject({
        fault: 'invalid',
        remedy: 'write its new owner and name in the configuration',
      });
  });

  it('are repeated twice at most when the forge fails', async () => {
    let failures = 2;
    fault = () => (failures-- > 0 ? reply(502, { message: 'Bad gateway' }) : undefined);
    expect(await client().openPullRequests(repository())).toEqual([]);
    failures = Infinity;
    calls = [];
    const error = await failure(client().openPullRequests(repository()));
    expect(error).toMatchObject({ fault: 'transient', subject: 'kubeflow/manifests' });
    expect(error.message).toContain('502');
    expect(calls).toHaveLength(3);
  });
});

describe('writes', () => {
  it('are sent once: after a lost answer the forge is asked what became of them', async () => {
    await forge.push('one', 'one.txt', '1\n');
    let lost = true;
    fault = async (request) => {
      if (request.method !== 'POST' || !lost) return undefined;
      lost = false;
      const body = await request.text();
      await call(forge, 'POST', '/repos/kubeflow/manifests/pulls', { as: 'slipway-bot', body });
      return reply(502, { message: 'Bad gateway' });
    };
    // The second POST is the one inside the fault itself.
    const { pullRequest, created } = await client().createPullRequest(repository(), from('one'));
    expect({ created, number: pullRequest.number }).toEqual({ created: false, number: 1 });
    expect(writes()).toHaveLength(1);
  });

  it('that failed before they arrived fail as transient', async () => {
    await forge.push('one', 'one.txt', '1\n');
    fault = (request) => (request.method === 'GET' ? undefined : reply(503, { message: 'Unavailable' }));
    const github = client();
    expect(await failure(github.createPullRequest(repository(), from('one')))).toMatchObject({
      fault: 'transient',
    });
    expect(await failure(github.updatePullRequest(repository(), 1, { title: 'x' }))).toMatchObject({
      fault: 'transient',
    });
    expect(writes()).toHaveLength(2);
  });

  it('do not follow a repository that moved', async () => {
    fault = () => reply(307, { message: 'Moved' }, { location: `${forge.url}/repositories/1/pulls` });
    const error = await failure(client().createPullRequest(repository(), from('one')));
    expect(error).toMatchObject({ fault: 'invalid' });
    expect(error.message).toContain('moved');
  });

  it('keep their distance', async () => {
    await forge.push('one', 'one.txt', '1\n');
    const at: number[] = [];
    const github = client({
      writeInterval: 100,
      fetch: (input, init) => {
        at.push(performance.now());
        return fetch(input, init);
      },
    });
    await github.createPullRequest(repository(), from('one'));
    await Promise.all(['a', 'b', 'c'].map((title) => github.updatePullRequest(repository(), 1, { title })));
    expect(at).toHaveLength(4);
    // Four writes are three intervals; a busy machine may have begun the first one late.
    expect((at[3] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(200);
  });
});

describe('failures', () => {
  it.each([
    [401, 'denied', {}, 'Bad credentials'],
    [403, 'denied', {}, 'Resource not accessible by integration'],
    [
      403,
      'rate-limited',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600) },
      'API rate limit exceeded',
    ],
    [403, 'rate-limited', { 'retry-after': '120' }, 'You have exceeded a secondary rate limit'],
    [429, 'rate-limited', {}, 'Too many requests'],
    [404, 'not-found', {}, 'Not Found'],
    [409, 'conflict', {}, 'Conflict'],
    [422, 'invalid', {}, 'Validation Failed'],
    [451, 'denied', {}, 'Blocked'],
  ] as const)('%i means %s', async (status, expected, headers, message) => {
    fault = () => reply(status, { message: `${message} ${SECRET}` }, { ...headers });
    const error = await failure(client().pullRequest(repository(), 7));
    expect(error).toMatchObject({ fault: expected, subject: 'kubeflow/manifests#7' });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain(SECRET);
    expect(error.retryAfter !== undefined).toBe(expected === 'rate-limited');
    expect(calls).toHaveLength(1);
  });

  it('of a limit say how long to wait, and a short wait is waited', async () => {
    fault = () =>
      reply(403, { message: 'You have exceeded a secondary rate limit' }, { 'retry-after': '120' });
    expect((await failure(client().openPullRequests(repository()))).retryAfter).toBe(120_000);
    let limited = true;
    fault = () => {
      const answer = limited
        ? reply(429, { message: 'secondary rate limit' }, { 'retry-after': '1' })
        : undefined;
      limited = false;
      return answer;
    };
    expect(await client().openPullRequests(repository())).toEqual([]);
  });

  const secondary = (seconds: number) =>
    reply(403, { message: 'You have exceeded a secondary rate limit' }, { 'retry-after': String(seconds) });
  const spent = () =>
    reply(
      403,
      { message: 'API rate limit exceeded' },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600) },
    );

  it('of a limit end every call to the host until its time, without asking', async () => {
    let ahead = 0;
    const github = client({ clock: { ...systemClock, now: () => Date.now() + ahead } });
    fault = () => secondary(60);
    const open = (branch: string) => failure(github.createPullRequest(repository(), from(branch)));
    const failures = [await open('one'), ...(await Promise.all(['two', 'three', 'four'].map(open)))];
    expect(new Set(failures.map((one) => one.fault))).toEqual(new Set(['rate-limited']));
    expect(failures.every(({ retryAfter = 0 }) => retryAfter > 50_000 && retryAfter <= 60_000)).toBe(true);
    expect(calls).toHaveLength(1);
    fault = () => undefined;
    expect(await failure(github.openPullRequests(repository()))).toMatchObject({ fault: 'rate-limited' });
    expect(calls).toHaveLength(1);
    ahead = 60_000;
    expect(await github.openPullRequests(repository())).toEqual([]);
  });

  it('of a spent limit end the calls of that credential alone', async () => {
    let token = 'as-ann';
    const github = client({ credential: { token: () => Promise.resolve(token) } });
    fault = (request) => (request.headers.get('authorization') === 'Bearer as-ann' ? spent() : undefined);
    const twice = [
      await failure(github.openPullRequests(repository())),
      await failure(github.openPullRequests(repository())),
    ];
    expect(twice.map((one) => one.fault)).toEqual(['rate-limited', 'rate-limited']);
    expect(calls).toHaveLength(1);
    token = 'as-ben';
    expect(await github.openPullRequests(repository())).toEqual([]);
  });

  it('of a forge that hangs end in time, or with the signal', async () => {
    fault = () => new Promise(() => undefined);
    const error = await failure(client({ timeout: 50 }).pullRequest(repository(), 1));
    expect(error.fault).toBe('transient');
    const stop = new AbortController();
    const waiting = failure(client().pullRequest(repository(), 1, stop.signal));
    stop.abort();
    expect(await waiting).toMatchObject({ fault: 'cancelled' });
    expect(await failure(client().openPullRequests(repository(), AbortSignal.abort()))).toMatchObject({
      fault: 'cancelled',
    });
  });

  it.each([
    ['cut JSON', () => new Response('{"number": 1', { headers: { 'content-type': 'application/json' } })],
    ['a login page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['other JSON', () => reply(200, { number: 'one' })],
  ])('of an answer that is not GitHub: %s', async (_what, answer) => {
    fault = answer;
    const error = await failure(client().pullRequest(repository(), 1));
    expect(error.fault).toBe('transient');
    expect(error.remedy).toContain(`forges.${forge.host}.api`);
  });

  it('of a list without end', async () => {
    fault = (request) => reply(200, [], { link: `<${request.url}>; rel="next"` });
    expect((await failure(client().openPullRequests(repository()))).message).toContain('more than 100 pages');
  });

  it('of a host that is down', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const error = await failure(client({ api: `http://127.0.0.1:${port}` }).pullRequest(repository(), 1));
    expect(error.fault).toBe('transient');
  });

  it('of an empty token', async () => {
    const error = await failure(
      client({ credential: { token: () => Promise.resolve(' ') } }).account(forge.host),
    );
    expect(error).toMatchObject({ fault: 'denied' });
    expect(calls).toEqual([]);
  });
});

describe('a token of an installation, as workflows have', () => {
  const workflow = async () => {
    const state = new ForgeState(`${forge.root}/.forge.sqlite`);
    state.addToken({
      token: 'ghs_workflow',
      login: 'github-actions[bot]',
      expires_at: Date.now() + 60_000,
      repositories: '["kubeflow/manifests"]',
      permissions: '{"contents":"write","issues":"read","pull_requests":"write"}',
    });
    state.close();
    await forge.push('one', 'one.txt', '1\n');
    return () => Promise.resolve('ghs_workflow');
  };

  it('may not ask who it is, and opens pull requests as github-actions', async () => {
    const token = await workflow();
    const asked = await call(forge, 'GET', '/user', { token: await token() });
    expect(asked).toMatchObject({
      status: 403,
      body: { message: 'Resource not accessible by integration' },
    });
    const github = client({ credential: { token } });
    const account = await github.account(forge.host);
    expect(account).toEqual({ login: 'github-actions[bot]', bot: true });
    expect((await github.createPullRequest(repository(), from('one'))).pullRequest.author).toEqual(account);
  });

  it('acts as the settings say', async () => {
    const github = client({ credential: { token: await workflow(), login: 'release-app[bot]' } });
    expect(await github.account(forge.host)).toEqual({ login: 'release-app[bot]', bot: true });
    expect(calls).toEqual([]);
  });
});

describe('access', () => {
  it('is what the forge says of the credential', async () => {
    expect(await client({ fetch: checked }).access(repository())).toEqual({ push: true });
  });

  it.each([
    ['that it may only read', { permissions: { push: false } }],
    ['nothing', {}],
    ['that nobody may write any more', { archived: true, permissions: { push: true } }],
  ])('is no right to push where the forge says %s', async (_, answer) => {
    fault = () => reply(200, answer);
    expect(await client().access(repository())).toEqual({ push: false });
  });

  it('is none to a repository that we cannot see', async () => {
    const error = await failure(client().access({ ...repository(), name: 'secret' }));
    expect(error).toMatchObject({ fault: 'not-found', subject: 'kubeflow/secret' });
  });
});

describe('an App', () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const app = (key = privateKey) => ({ app: { appId: 42, privateKey: () => Promise.resolve(key) } });
  const issued = () => calls.filter(({ path }) => path.endsWith('/access_tokens')).length;

  it('gets a token for one repository, which git takes too, and keeps it until shortly before its end', async () => {
    await forge.push('one', 'one.txt', '1\n');
    let ahead = 0;
    const github = client({
      credential: app(),
      fetch: checked,
      clock: { ...systemClock, now: () => Date.now() + ahead },
    });
    expect(await github.account(forge.host)).toEqual({ login: 'slipway[bot]', bot: true });
    const [token, again] = await Promise.all([
      github.tokenFor(repository(), 'write'),
      github.tokenFor(repository(), 'write'),
    ]);
    expect(again).toBe(token);
    const { pullRequest } = await github.createPullRequest(repository(), from('one'));
    expect(pullRequest.author).toEqual({ login: 'slipway[bot]', bot: true });
    expect(issued()).toBe(1);
    const remote = `http://x-access-token:${token}@${forge.host}/kubeflow/manifests`;
    await git(forge.work, 'push', '--quiet', remote, 'one:app');
    ahead = 51 * 60_000;
    expect(await github.tokenFor(repository(), 'write')).not.toBe(token);
    expect(issued()).toBe(2);
  });

  it('waits until a new token is known everywhere', async () => {
    let unknown = 1;
    fault = (request) =>
      request.url.endsWith('/repos/kubeflow/manifests') && unknown-- > 0
        ? reply(404, { message: 'Not Found' })
        : undefined;
    expect(await client({ credential: app() }).openPullRequests(repository())).toEqual([]);
  });

  it('waits by the clock and no longer than its caller, while others go on waiting', async () => {
    let known = false;
    const slept: number[] = [];
    const { promise: asleep, resolve } = Promise.withResolvers<undefined>();
    const clock = {
      now: () => systemClock.now(),
      sleep: (milliseconds: number, signal?: AbortSignal) => {
        slept.push(milliseconds);
        if (slept.length > 1) return Promise.resolve();
        resolve(undefined);
        return systemClock.sleep(3_600_000, signal);
      },
    };
    fault = (request) =>
      !known && request.url.endsWith('/repos/kubeflow/manifests')
        ? reply(404, { message: 'Not Found' })
        : undefined;
    const github = client({ credential: app(), clock });
    const stop = new AbortController();
    const first = failure(github.tokenFor(repository(), 'read', stop.signal));
    const second = github.tokenFor(repository(), 'read');
    await asleep;
    known = true;
    stop.abort();
    expect(await first).toMatchObject({ fault: 'cancelled' });
    expect(await second).toMatch(/^ghs_/);
    expect(slept).toEqual([250]);
  });

  it('asks for no more than reading takes where it only reads', async () => {
    const asked: unknown[] = [];
    fault = async (request) => {
      if (request.url.endsWith('/access_tokens')) asked.push(await request.clone().json());
      return undefined;
    };
    const github = client({ credential: app() });
    await github.tokenFor(repository(), 'read');
    await github.tokenFor(repository(), 'write');
    expect(asked).toEqual([
      { repositories: ['manifests'], permissions: { contents: 'read', metadata: 'read' } },
      {
        repositories: ['manifests'],
        permissions: { contents: 'write', issues: 'read', metadata: 'read', pull_requests: 'write' },
      },
    ]);
  });

  it('without the permissions that it needs names them', async () => {
    fault = (request) =>
      request.url.endsWith('/access_tokens')
        ? reply(422, { message: 'The permissions requested are not granted to this installation.' })
        : undefined;
    expect(await failure(client({ credential: app() }).access(repository()))).toMatchObject({
      fault: 'denied',
      remedy: expect.stringContaining('issues: read'),
    });
  });

  it('remembers for some minutes where it is not installed, whoever says so', async () => {
    const elsewhere = { ...repository(), name: 'elsewhere' };
    const { body } = await call(forge, 'GET', '/repos/kubeflow/manifests');
    const installationId = accountId((body as { owner: { login: string } }).owner.login);
    for (const credential of [app(), { app: { ...app().app, installationId } }]) {
      let ahead = 0;
      calls = [];
      const clock = { ...systemClock, now: () => Date.now() + ahead };
      const github = client({ credential, clock });
      const ask = async () => (await failure(github.tokenFor(elsewhere, 'read'))).fault;
      expect([await ask(), await ask()]).toEqual(['not-found', 'not-found']);
      expect(calls).toHaveLength(1);
      ahead = 5 * 60_000;
      expect(await ask()).toBe('not-found');
      expect(calls).toHaveLength(2);
    }
  });

  it('gets another token when the one it holds is refused', async () => {
    const github = client({ credential: app() });
    await github.openPullRequests(repository());
    let refusals = 1;
    fault = (request) =>
      request.url.includes('/pulls') && refusals-- > 0
        ? reply(401, { message: 'Bad credentials' })
        : undefined;
    expect(await github.openPullRequests(repository())).toEqual([]);
    expect(issued()).toBe(2);
  });

  it('without a usable key says so, and not the key', async () => {
    const error = await failure(
      client({ credential: app('-----BEGIN nothing-----') }).openPullRequests(repository()),
    );
    expect(error).toMatchObject({ fault: 'denied' });
    expect(`${error.message}${error.remedy ?? ''}${String(error.cause)}`).not.toContain('BEGIN');
  });

  it('that is not installed says where', async () => {
    const error = await failure(
      client({ credential: app() }).openPullRequests({ ...repository(), name: 'elsewhere' }),
    );
    expect(error).toMatchObject({ fault: 'not-found', subject: 'kubeflow/elsewhere' });
  });
});

/** Opens pull requests from as many branches, each of one commit. */
async function openMany(count: number): Promise<void> {
  const tip = await forge.push('seed', 'seed.txt', 'seed\n');
  const bare = `${forge.root}/kubeflow/manifests.git`;
  const base = await git(bare, 'rev-parse', 'main');
  const state = new ForgeState(`${forge.root}/.forge.sqlite`);
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  for (const number of numbers)
    state.addPull({
      repository: 'kubeflow/manifests',
      title: `Number ${number}`,
      body: null,
      draft: false,
      author: 'ann',
      head_repository: 'kubeflow/manifests',
      head_ref: `b${number}`,
      head_sha: tip,
      base_ref: 'main',
      base_sha: base,
      created_at: number,
    });
  state.close();
  const refs = numbers.map((number) => `+seed:refs/heads/b${number}`);
  await git(forge.work, 'push', '--quiet', bare, ...refs);
}
