import { describe, expect, it } from '@jest/globals';
import { closeSuperseded, ownPullRequests } from '../../../runtime/delivery/superseded.ts';
import type { Forge, PullRequest } from '../../../runtime/ports/index.ts';
import { closedByUs, formatMarker, markClosed } from '../../../runtime/proposals/marker.ts';
import { options, target } from '../../support/delivery-facts.ts';
import { fake } from '../../support/fake.ts';
import { desiredOf, pairOf } from './pairs.ts';

const desired = desiredOf([
  pairOf('master', 'tf-operator', { tag: 'vmaster', image: 'gcr.io/kubeflow/tf_operator' }),
  pairOf('master', 'tf', { tag: 'vmaster', image: 'gcr.io/kubeflow/tf' }),
  pairOf('master', 'dash', { tag: 'vmaster', image: 'gcr.io/kubeflow/dash' }),
  pairOf('master', 'dash-v3', { tag: 'vmaster', image: 'gcr.io/kubeflow/dash' }),
]);

function pull(number: number, branch: string, fields: Partial<PullRequest> = {}): PullRequest {
  return {
    number,
    url: `https://github.com/kubeflow/manifests/pull/${number}`,
    state: 'open',
    title: branch,
    body: '',
    author: { login: 'kubeflow-bot', bot: false },
    head: { repository: 'kubeflow-bot/manifests', branch, commit: 'c0ffee' },
    base: 'master',
    updatedAt: 0,
    ...fields,
  };
}

function marked(
  number: number,
  applications: string[],
  installation = 'prod',
  version = 'master',
): PullRequest {
  const body = formatMarker({ installation, version, applications, change: 'c' });
  return pull(number, `slipway/${version}/${applications[0] ?? ''}`, { body });
}

function closed(...pullRequests: PullRequest[]): number[] {
  const repository = 'https://github.com/kubeflow/manifests';
  const forge = { host: 'github.com', owner: 'kubeflow', name: 'manifests' };
  const actions = closeSuperseded(desired, { repository, forge, pullRequests }, 'prod', [
    { repository, branch: 'slipway/master/edited', head: 'c0ffee' },
  ]);
  expect(actions.every(({ body }) => closedByUs(body))).toBe(true);
  return actions.map(({ number }) => number);
}

describe('ownPullRequests', () => {
  it("are our account's from the repository that holds our branches, and no other", async () => {
    const from = (repository: string, login = 'kubeflow-bot') => ({
      head: { repository, branch: 'update_dash_vmaster-g1', commit: 'c0ffee' },
      author: { login, bot: false },
    });
    const open = [
      pull(1, '', from('Kubeflow-Bot/manifests')),
      pull(2, '', from('kubeflow/manifests')),
      pull(3, '', from('kubeflow-bot/manifests', 'ann')),
    ];
    const forge = fake<Forge>({
      account: () => Promise.resolve({ login: 'kubeflow-bot', bot: false }),
      openPullRequests: () => Promise.resolve(open),
    });
    const into = { name: 'manifests', url: 'https://github.com/kubeflow/manifests', branch: 'master' };
    const found = await ownPullRequests(
      desiredOf([pairOf('master', 'tf', { targets: [target({ into })] })]),
      { forge },
      { ...options, headOwner: () => 'kubeflow-bot' },
      new AbortController().signal,
    );
    expect(found.flatMap(({ pullRequests }) => pullRequests.map(({ number }) => number))).toEqual([1]);
  });
});

describe('closeSuperseded', () => {
  it("closes all but the newest of the original's, image names with `_` included", () => {
    expect(
      closed(
        pull(1, 'update_tf_operator_vmaster-g1111111'),
        pull(3, 'update_tf_operator_vmaster-g3333333'),
        pull(2, 'update_tf_operator_vmaster-g2222222'),
      ),
    ).toEqual([1, 2]);
  });

  it('keeps apart images whose names begin alike, and base branches', () => {
    expect(closed(pull(1, 'update_tf_vmaster-g1'), pull(2, 'update_tf_operator_vmaster-g2'))).toEqual([]);
    expect(
      closed(pull(1, 'update_tf_vmaster-g1'), pull(2, 'update_tf_vmaster-g2', { base: 'v1.0-branch' })),
    ).toEqual([]);
  });

  it("closes one of the original's once ours carry everything that it may be for", () => {
    const old = pull(1, 'update_dash_vmaster-g1111111');
    expect(closed(old, marked(2, ['dash']))).toEqual([]);
    expect(closed(old, marked(2, ['dash']), marked(3, ['dash-v3']))).toEqual([1]);
    expect(closed(old, marked(2, ['dash', 'dash-v3']))).toEqual([1]);
  });

  it('leaves alone what has a commit of a person', () => {
    const edited = pull(1, 'slipway/master/edited', { body: marked(1, ['tf']).body });
    expect(closed(edited, marked(2, ['tf']))).toEqual([]);
  });

  it('leaves alone what another installation made, what names no pair, and what it has closed before', () => {
    expect(closed(marked(1, ['tf'], 'dev'), marked(2, ['tf']))).toEqual([]);
    expect(closed(pull(1, 'update_nothing_vmaster-g1'), pull(2, 'update_nothing_vmaster-g2'))).toEqual([]);
    expect(closed(pull(1, 'fix-typo'), pull(2, 'fix-typo'))).toEqual([]);
    const reopened = marked(1, ['tf']);
    expect(closed({ ...reopened, body: markClosed(reopened.body, 'x') }, marked(2, ['tf']))).toEqual([]);
  });
});
