import { describe, expect, it } from '@jest/globals';
import type { BuildAction, DeliveryPlan } from '../../../runtime/delivery/actions.ts';
import type { Observed, PairFacts } from '../../../runtime/delivery/observed.ts';
import { plan } from '../../../runtime/delivery/plan.ts';
import {
  at,
  build,
  commits,
  desired,
  facts,
  imageFacts,
  now,
  observed,
  options,
  pair,
  readyFacts,
  stored,
  without,
} from '../../support/delivery-facts.ts';

function planned(pairs: readonly PairFacts[], over: Partial<Observed> = {}): DeliveryPlan {
  return plan(desired(pairs.map((one) => one.pair)), observed(pairs, over), options, now);
}

const builds = ({ actions }: DeliveryPlan) =>
  actions.filter((action): action is BuildAction => action.kind === 'build');
const states = ({ items }: DeliveryPlan) => items.map(({ application, state }) => `${application} ${state}`);

describe('a build', () => {
  it('is asked for with all that the builder needs', () => {
    const web = pair({
      context: 'app',
      dockerfile: 'app/Dockerfile',
      target: 'server',
      platforms: ['linux/amd64', 'linux/arm64'],
      buildArgs: { VERSION: '${commit} of ${commit}', BASE: 'declared' },
      parents: [{ application: 'base', buildArg: 'BASE' }],
    });
    const parents = [
      { application: 'base', buildArg: 'BASE', reference: 'b@sha256:1', pull: 'host:5000/b@sha256:1' },
    ];
    const [action] = builds(planned([facts({ pair: web, parents, key: 'f'.repeat(64) })]));
    expect(action).toEqual({
      key: `build/gcr.io/p/web/${'f'.repeat(64)}/1`,
      kind: 'build',
      why: 'the inputs of gcr.io/p/web changed last in aaaaaaaaaaaa and have no image yet',
      pairs: ['v1-web'],
      attempt: 1,
      request: {
        name: 'cd-web-v1-ffffffff-1',
        key: 'f'.repeat(64),
        labels: { app: 'web', version: 'v1', image_tag: 'v1-gaaaaaaaaaaaa', 'slipway.dev/owner': 'prod' },
        source: {
          repository: 'https://github.com/o/web',
          commit: commits.new,
          context: 'app',
          dockerfile: 'app/Dockerfile',
        },
        target: 'server',
        platforms: ['linux/amd64', 'linux/arm64'],
        buildArgs: { VERSION: `${commits.new} of ${commits.new}`, BASE: 'host:5000/b@sha256:1' },
        image: { name: 'gcr.io/p/web', tags: ['k-1', 'v1-gaaaaaaaaaaaa'] },
      },
    });
  });

  const shared = (application: string, over: Partial<PairFacts> = {}) =>
    facts({ pair: pair({ application, image: 'gcr.io/p/shared' }), key: 'k', ...over });

  it('is shared by all pairs with its image and key', () => {
    const [only, ...others] = builds(planned([shared('a'), shared('b'), shared('c')]));
    expect(only?.pairs).toEqual(['v1-a', 'v1-b', 'v1-c']);
    expect(others).toEqual([]);
    expect(builds(planned([shared('a'), shared('b', { key: 'other' })]))).toHaveLength(2);
  });

  it.each<[string, PairFacts]>([
    ['is held', shared('a', { stored: stored({ hold: {} }) })],
    ['cannot be read', without(shared('a', { problem: { reason: 'no answer', retryable: true } }), 'image')],
  ])('is led by a pair that wants it when the first one %s', (_, first) => {
    const [only] = builds(planned([first, shared('b')]));
    expect(only).toMatchObject({ pairs: ['v1-b', 'v1-a'], request: { labels: { app: 'b' } } });
  });

  it('is not started twice, whoever of its pairs it is named after', () => {
    const running = build({ key: 'k', labels: { app: 'a', version: 'v1' } });
    const result = planned([shared('a'), shared('b')], { builds: [running] });
    expect(result.actions).toEqual([]);
    expect(result.items.map((item) => [item.state, item.build])).toEqual([
      ['building', running.name],
      ['building', running.name],
    ]);
  });

  it('of somebody else counts for its pair, and is nothing to wait for', () => {
    const running = build({ owned: false });
    const [item] = planned([facts()], { builds: [running] }).items;
    expect(item).toMatchObject({ state: 'building', reason: expect.stringContaining("somebody's run") });
    expect(item?.build).toBeUndefined();
    for (const other of [
      { ...running, labels: { app: 'web', version: 'v2' } },
      { ...running, phase: 'failed' as const },
    ])
      expect(states(planned([facts()], { builds: [other] }))).toEqual(['web build']);
  });

  it('starts as long as there is room', () => {
    const three = ['a', 'b', 'c'].map((application) => facts({ pair: pair({ application }) }));
    for (const [capacity, started] of [
      [0, 0],
      [2, 2],
      [-1, 0],
    ] as const)
      expect(builds(planned(three, { capacity }))).toHaveLength(started);
    const { items } = planned(three, { capacity: 1 });
    expect(items.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('no image yet'),
      'waits for a free builder',
      'waits for a free builder',
    ]);
    const none = planned(three, { builderProblem: 'no builder; install buildah' });
    expect(builds(none)).toEqual([]);
    expect(none.items[0]).toMatchObject({ state: 'build', reason: 'no builder; install buildah' });
  });

  it('is announced again under the same name until the builder knows it', () => {
    const [first] = builds(planned([facts()]));
    const attempts = [
      {
        key: first?.request.key ?? '',
        number: 1,
        build: first?.request.name ?? '',
        startedAt: at(-1),
        outcome: 'started' as const,
      },
    ];
    const [again] = builds(planned([facts({ stored: stored({}, { attempts }) })]));
    expect(again).toEqual(first);
  });
});

describe('a child', () => {
  const base = facts({ pair: pair({ application: 'base', targets: [] }) });
  const child = without(
    facts({ pair: pair({ application: 'child', parents: [{ application: 'base' }] }) }),
    'key',
    'image',
  );

  it('waits for its parent', () => {
    const result = planned([base, child]);
    expect(builds(result).map(({ pairs }) => pairs)).toEqual([['v1-base']]);
    expect(result.items[1]).toMatchObject({ state: 'build', reason: 'waits for the image of base' });
  });

  it('says that its parent cannot be built', () => {
    const held = { ...base, stored: stored({ hold: { reason: 'audit' } }) };
    expect(planned([held, child]).items[1]?.reason).toBe(
      'waits for the image of base (held: held until it is released: audit)',
    );
  });
});

describe('a retag', () => {
  it('comes once for pairs with one image, and the pull request in the next round', () => {
    const of = (application: string, released: boolean) => {
      const web = pair({ application, image: 'gcr.io/p/shared' });
      return facts({ pair: web, image: imageFacts(web, { released }) });
    };
    const result = planned([of('a', false), of('b', false)]);
    expect(states(result)).toEqual(['a retag', 'b retag']);
    expect(result.actions).toEqual([
      {
        key: 'retag/gcr.io/p/shared:v1-gaaaaaaaaaaaa@sha256:new',
        kind: 'retag',
        why: 'gcr.io/p/shared:k-1 has these inputs already',
        image: 'gcr.io/p/shared',
        digest: 'sha256:new',
        tag: 'v1-gaaaaaaaaaaaa',
      },
    ]);
    expect(states(planned([of('a', true)]))).toEqual(['a update']);
  });
});

describe('ended builds', () => {
  it('go beyond the newest few of each pair, foreign and running ones never', () => {
    const ended = (name: string, finishedAt: number, over = {}) =>
      build({ name, key: 'old', phase: 'succeeded', finishedAt, ...over });
    const result = planned([readyFacts()], {
      builds: [
        ended('a', 1),
        ended('b', 3),
        ended('c', 2),
        ended('foreign', 0, { owned: false }),
        ended('other', 0, { labels: { app: 'other', version: 'v1' } }),
        build({ name: 'running', key: 'old' }),
      ],
    });
    expect(result.actions.filter(({ kind }) => kind === 'prune-build')).toMatchObject([{ name: 'a' }]);
  });
});
