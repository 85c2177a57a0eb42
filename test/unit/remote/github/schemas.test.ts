import { describe, expect, it } from '@jest/globals';
import { hasNextPage, memoryAnswers } from '../../../../runtime/remote/github/conditional.ts';
import * as schemas from '../../../../runtime/remote/github/schemas.ts';

const wire = {
  number: 7,
  html_url: 'https://github.com/kubeflow/manifests/pull/7',
  state: 'closed',
  merged_at: null,
  title: 'T',
  body: null,
  user: null,
  head: { ref: 'b', sha: 'c', repo: null },
  base: { ref: 'main' },
  updated_at: '2026-01-01T00:00:00Z',
  labels: ['ignored'],
};
const read = (change: object) => schemas.toPullRequest(schemas.pullRequest.parse({ ...wire, ...change }));

describe('a pull request', () => {
  it('may lack its text, its author and the repository of its head', () => {
    expect(read({})).toEqual({
      number: 7,
      url: wire.html_url,
      state: 'closed',
      title: 'T',
      body: '',
      author: { login: 'ghost', bot: false },
      head: { repository: undefined, branch: 'b', commit: 'c' },
      base: 'main',
      updatedAt: Date.UTC(2026, 0, 1),
    });
  });

  it('ended when it was closed, not when it was touched last', () => {
    expect(read({ closed_at: '2025-12-31T00:00:00Z' }).endedAt).toBe(Date.UTC(2025, 11, 31));
    expect(read({ closed_at: null }).endedAt).toBeUndefined();
  });

  it('is merged when it has a time of merging, wherever it was read', () => {
    expect(read({ merged_at: '2026-01-01T00:00:00Z' }).state).toBe('merged');
    expect(read({ state: 'open', merged_at: undefined }).state).toBe('open');
  });

  it.each([{ number: 0 }, { state: 'merged' }, { updated_at: 'yesterday' }, { head: {} }])(
    'is not %j',
    (change) => {
      expect(() => read(change)).toThrow();
    },
  );

  it.each([
    ['Bot', 'dependabot[bot]', true],
    [undefined, 'stale[bot]', true],
    ['User', 'kubeflow-bot', false],
  ])('by an account of type %s named %s: bot %s', (type, login, bot) => {
    expect(read({ user: { login, type } }).author).toEqual({ login, bot });
  });
});

describe('hasNextPage', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['<https://x/?page=1>; rel="prev", <https://x/?page=1>; rel="first"', false],
    ['<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next"', true],
  ])('of %s is %s', (link, expected) => {
    expect(hasNextPage(link)).toBe(expected);
  });
});

it('memoryAnswers remembers by address', async () => {
  const answers = memoryAnswers();
  const answer = { etag: '"1"', more: false, value: [] };
  await answers.set('a', answer);
  expect([await answers.get('a'), await answers.get('b')]).toEqual([answer, undefined]);
});
