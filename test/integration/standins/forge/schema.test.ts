import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, openForge } from '../../../support/forge.ts';
import type { ForgeFixture } from '../../../support/forge.ts';
import { GitHubSchema, checkedFetch } from '../../../support/github-schema.ts';

/** `eyJ…`: the shape of an App's signed token; the forge believes any signature. */
const jwt = [{ alg: 'RS256' }, { iss: 42, exp: 4_102_444_800 }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

const repo = '/repos/kubeflow/manifests';
const seen = new Set<string>();
const checked = checkedFetch(new GitHubSchema(), seen);

describe("every answer is valid against GitHub's published schema", () => {
  let forge: ForgeFixture;
  beforeAll(async () => {
    forge = await openForge();
    await forge.push('one', 'one.txt', '1\n');
    await forge.push('two', 'two.txt', '2\n');
  });
  afterAll(() => forge.dispose());

  const ask = (
    method: string,
    route: string,
    options: { as?: string; token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ) => call(forge, method, route, { as: 'ann', ...options, fetch: checked });
  const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;

  it('accounts and limits', async () => {
    expect((await ask('GET', '/user')).body).toMatchObject({ login: 'ann', type: 'User' });
    expect((await ask('GET', '/user', { as: 'stale[bot]' })).body).toMatchObject({ type: 'Bot' });
    expect((await ask('GET', '/user', { token: 'anything' })).body).toMatchObject({ login: 'slipway-bot' });
    expect(await status('GET', '/user', { token: 'ghs_never-issued' })).toBe(401);
    expect(await status('GET', '/rate_limit')).toBe(200);
    expect((await call(forge, 'GET', '/user', { fetch: checked })).status).toBe(401);
  });

  it('repositories, branches and forks', async () => {
    expect((await ask('GET', repo)).body).toMatchObject({
      full_name: 'kubeflow/manifests',
      default_branch: 'main',
    });
    expect(await status('GET', '/repos/kubeflow/none')).toBe(404);
    expect((await ask('GET', `${repo}/branches`)).body).toHaveLength(3);
    expect(await status('POST', '/user/repos', { body: { name: 'scratch' } })).toBe(201);
    expect(await status('POST', '/user/repos', { body: { name: 'scratch' } })).toBe(422);
    expect(await status('POST', '/user/repos', { body: { name: '../out' } })).toBe(422);
    expect(
      await status('POST', '/orgs/kubeflow/repos', { body: { name: 'testing', description: 'CD' } }),
    ).toBe(201);
    const fork = await ask('POST', `${repo}/forks`, { as: 'bob', body: {} });
    expect(fork).toMatchObject({ status: 202, body: { full_name: 'bob/manifests', fork: true } });
    expect(await status('POST', `${repo}/forks`, { as: 'bob', body: {} })).toBe(202);
    expect(await status('POST', `${repo}/forks`, { body: { organization: 'ann', name: 'scratch' } })).toBe(
      422,
    );
  });

  it('the life of a pull request', async () => {
    const body = { title: 'One', body: 'First', head: 'one', base: 'main' };
    expect(await status('POST', `${repo}/pulls`, { body })).toBe(201);
    expect((await ask('POST', `${repo}/pulls`, { body })).body).toMatchObject({
      message: 'Validation Failed',
      errors: [{ message: 'A pull request already exists for kubeflow:one.' }],
    });
    expect(await status('POST', `${repo}/pulls`, { body: { ...body, head: 'ann:two', draft: true } })).toBe(
      422,
    );
    expect(await status('POST', `${repo}/pulls`, { body: { ...body, head: 'kubeflow:two' } })).toBe(201);
    expect(await status('POST', `${repo}/pulls`, { body: { ...body, title: '' } })).toBe(422);
    expect(await status('POST', `${repo}/pulls`, { body: { title: 'x' } })).toBe(422);
    expect(await status('POST', `${repo}/pulls`, { body: { ...body, base: 'none' } })).toBe(422);
    expect(await status('POST', `${repo}/pulls`, { body: { ...body, head: 'main' } })).toBe(422);
    expect(await status('POST', `${repo}/pulls`, { body: { ...body, body: 'x'.repeat(65_537) } })).toBe(422);
    expect(await status('POST', `${repo}/pulls`, { body: '{' })).toBe(400);
    expect(await status('POST', `${repo}/pulls`, { body: '[]' })).toBe(400);
    expect(await status('POST', `${repo}/pulls`, { body: { ...body, body: 'x'.repeat(1_100_000) } })).toBe(
      413,
    );
    expect((await ask('GET', `${repo}/pulls?state=all&per_page=1`)).headers.get('link')).toContain(
      'rel="next"',
    );
    expect(await status('GET', `${repo}/pulls?state=odd`)).toBe(422);
    const whole = await ask('GET', `${repo}/pulls/1`);
    expect(whole.body).toMatchObject({ mergeable: true, commits: 1, additions: 1, changed_files: 1 });
    expect(
      await status('GET', `${repo}/pulls/1`, {
        headers: { 'if-none-match': whole.headers.get('etag') ?? '' },
      }),
    ).toBe(304);
    expect(await status('GET', `${repo}/pulls/99`)).toBe(404);
    expect(await status('PATCH', `${repo}/pulls/1`, { body: { title: 'Uno', state: 'closed' } })).toBe(200);
    expect((await ask('GET', `${repo}/issues/1`)).body).toMatchObject({
      closed_by: { login: 'ann' },
      title: 'Uno',
    });
    expect(await status('PUT', `${repo}/pulls/1/merge`, { body: {} })).toBe(405);
    expect(await status('PATCH', `${repo}/pulls/1`, { body: { state: 'open' } })).toBe(200);
    expect(await status('PATCH', `${repo}/pulls/1`, { body: { base: 'none' } })).toBe(422);
    expect(await status('PUT', `${repo}/pulls/1/merge`, { body: { sha: '0'.repeat(40) } })).toBe(409);
    expect(await status('PUT', `${repo}/pulls/1/merge`, { body: { merge_method: 'squash' } })).toBe(200);
    expect((await ask('GET', `${repo}/pulls/1`)).body).toMatchObject({
      merged: true,
      merged_by: { login: 'ann' },
    });
    expect(await status('PATCH', `${repo}/pulls/1`, { body: { state: 'open' } })).toBe(422);
  });

  it('comments', async () => {
    expect(await status('POST', `${repo}/issues/2/comments`, { body: { body: 'Good' } })).toBe(201);
    expect(await status('POST', `${repo}/issues/2/comments`, { body: { body: '' } })).toBe(422);
    expect((await ask('GET', `${repo}/issues/2/comments`)).body).toMatchObject([{ body: 'Good' }]);
    expect(await status('GET', `${repo}/issues/77/comments`)).toBe(404);
  });

  it('Apps, whose tokens do what they were made for', async () => {
    expect((await ask('GET', '/app', { token: jwt })).body).toMatchObject({ id: 42, slug: 'slipway' });
    expect(await status('GET', '/app')).toBe(401);
    const installation = await ask('GET', `${repo}/installation`, { token: jwt });
    const { id } = installation.body as { id: number };
    const tokens = `/app/installations/${id}/access_tokens`;
    expect(await status('POST', tokens, { token: jwt, body: { repositories: ['none'] } })).toBe(422);
    expect(await status('POST', '/app/installations/1/access_tokens', { token: jwt })).toBe(404);
    const limited = await ask('POST', tokens, {
      token: jwt,
      body: { repositories: ['manifests'], permissions: { pull_requests: 'write' } },
    });
    const { token } = limited.body as { token: string };
    expect(await status('PATCH', `${repo}/pulls/2`, { token, body: { body: 'by an App' } })).toBe(200);
    expect(await status('PUT', `${repo}/pulls/2/merge`, { token, body: {} })).toBe(403);
    expect(await status('PATCH', '/repos/kubeflow/testing/pulls/1', { token, body: {} })).toBe(403);
    expect(await status('POST', '/user/repos', { token, body: { name: 'x' } })).toBe(403);
    expect(await status('GET', '/user', { token })).toBe(403);
  });
});

describe('the limit on requests', () => {
  it('refuses what goes over it, tells when it ends, and does not count what did not change', async () => {
    let at = Date.parse('2026-01-01T00:00:00Z');
    const forge = await openForge({ rateLimit: 2, now: () => at });
    try {
      const ask = (headers: Record<string, string> = {}, as = 'ann') =>
        call(forge, 'GET', repo, { as, headers, fetch: checked });
      const first = await ask();
      expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
      const etag = { 'if-none-match': first.headers.get('etag') ?? '' };
      expect(await ask(etag)).toMatchObject({ status: 304 });
      expect((await ask()).headers.get('x-ratelimit-remaining')).toBe('0');
      const refused = await ask();
      expect(refused.status).toBe(403);
      expect(refused.headers.get('x-ratelimit-reset')).toBe(
        String(Date.parse('2026-01-01T01:00:00Z') / 1000),
      );
      expect((await ask({}, 'bob')).status).toBe(200);
      at += 3_600_000;
      expect((await ask()).status).toBe(200);
    } finally {
      await forge.dispose();
    }
  });
});

it('this file has met every kind of answer', () => {
  const statuses = new Set([...seen].map((one) => one.split(' ')[1]));
  expect([...statuses].sort()).toEqual(
    ['200', '201', '202', '304', '400', '401', '403', '404', '405', '409', '413', '422'].sort(),
  );
});
