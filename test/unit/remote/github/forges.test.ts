import { describe, expect, it } from '@jest/globals';
import { forgesByHost } from '../../../../runtime/remote/github/forges.ts';
import type { Forge } from '../../../../runtime/ports/index.ts';

/** Answers every method with its name and what it was given. */
function echo(name: string): Forge {
  const answer =
    (method: string) =>
    (...given: unknown[]) =>
      Promise.resolve([name, method, ...given] as never);
  return {
    account: answer('account'),
    access: answer('access'),
    openPullRequests: answer('openPullRequests'),
    pullRequestsFrom: answer('pullRequestsFrom'),
    pullRequest: answer('pullRequest'),
    closedBy: answer('closedBy'),
    createPullRequest: answer('createPullRequest'),
    updatePullRequest: answer('updatePullRequest'),
  };
}

describe('forgesByHost', () => {
  const forges = forgesByHost(
    new Map([
      ['github.com', echo('public')],
      ['ghe.example.com', echo('enterprise')],
    ]),
  );
  const { signal } = new AbortController();
  const at = (host: string) => ({ host, owner: 'kubeflow', name: 'manifests' });

  it.each(['github.com', 'ghe.example.com'])('hands every call for %s to that forge', async (host) => {
    const name = host === 'github.com' ? 'public' : 'enterprise';
    const repository = at(host);
    const head = { owner: 'kubeflow', branch: 'one' };
    const wanted = { title: 't', body: 'b', head, base: 'main' };
    expect(await forges.account(host, signal)).toEqual([name, 'account', host, signal]);
    expect(await forges.access(repository, signal)).toEqual([name, 'access', repository, signal]);
    expect(await forges.openPullRequests(repository, signal)).toEqual([
      name,
      'openPullRequests',
      repository,
      signal,
    ]);
    expect(await forges.pullRequestsFrom(repository, head, signal)).toEqual([
      name,
      'pullRequestsFrom',
      repository,
      head,
      signal,
    ]);
    expect(await forges.pullRequest(repository, 7, signal)).toEqual([
      name,
      'pullRequest',
      repository,
      7,
      signal,
    ]);
    expect(await forges.closedBy(repository, 7, signal)).toEqual([name, 'closedBy', repository, 7, signal]);
    expect(await forges.createPullRequest(repository, wanted, signal)).toEqual([
      name,
      'createPullRequest',
      repository,
      wanted,
      signal,
    ]);
    expect(await forges.updatePullRequest(repository, 7, { state: 'closed' }, signal)).toEqual([
      name,
      'updatePullRequest',
      repository,
      7,
      { state: 'closed' },
      signal,
    ]);
  });

  it('names the setting that a host lacks', async () => {
    await expect(forges.openPullRequests(at('gitlab.com'))).rejects.toMatchObject({
      fault: 'invalid',
      subject: 'gitlab.com',
      remedy: 'add forges.gitlab.com with a token or an app to the settings',
    });
    await expect(forgesByHost(new Map()).account('github.com')).rejects.toThrow('none is');
  });
});
