import { describe, expect, it } from '@jest/globals';
import type { DeliveryAction, PushAction } from '../../../runtime/delivery/actions.ts';
import type { Observed, PairFacts, UnitFacts } from '../../../runtime/delivery/observed.ts';
import type { DeliveryOptions } from '../../../runtime/delivery/options.ts';
import type { Desired } from '../../../runtime/delivery/pair.ts';
import { plan } from '../../../runtime/delivery/plan.ts';
import { parseMarker } from '../../../runtime/proposals/marker.ts';
import {
  at,
  build,
  commits,
  desired,
  edited,
  facts,
  imageFacts,
  manifests,
  markerOf,
  now,
  observed,
  options,
  pair,
  proposed,
  pullRequest,
  pushed,
  readyFacts,
  rejected,
  sourceFacts,
  stored,
  target,
  targetFacts,
  unitFacts,
  unitsIn,
  upToDateFacts,
} from '../../support/delivery-facts.ts';

interface World {
  readonly pairs: readonly PairFacts[];
  /** What the forge shows of the units, in their order; the rest has nothing. */
  readonly seen?: readonly (((unit: UnitFacts['unit']) => UnitFacts['facts']) | undefined)[];
  readonly pullRequests?: Partial<Desired['pullRequests']>;
  readonly options?: Partial<DeliveryOptions>;
  readonly over?: Partial<Observed>;
}

function planned({ pairs, seen = [], pullRequests = {}, over = {}, ...world }: World) {
  const given = { ...options, ...world.options };
  const of = desired(
    pairs.map((one) => one.pair),
    pullRequests,
  );
  const units = unitsIn(pairs, of, given).map((unit, index) => unitFacts(unit, seen[index]?.(unit) ?? {}));
  return plan(of, observed(pairs, { units, ...over }), given, now);
}

const ofKind = <K extends DeliveryAction['kind']>(actions: readonly DeliveryAction[], kind: K) =>
  actions.filter((action): action is Extract<DeliveryAction, { kind: K }> => action.kind === kind);
const kinds = (actions: readonly DeliveryAction[]) => actions.map(({ kind }) => kind);
const pushes = (world: World): PushAction[] => ofKind(planned(world).actions, 'push');
const named = (application: string) => pair({ application });
const none = () => ({});

describe('a push', () => {
  it('carries a commit that edits every place of the pair in the branch', () => {
    const targets = [target({ directory: 'a' }), target({ directory: 'b' })];
    const [old, current] = targets.map((one) => targetFacts(one));
    if (!old || !current) throw new Error('two targets');
    const web = readyFacts({ pair: pair({ targets }), targets: [old, { ...current, relation: 'same' }] });
    const [action] = pushes({ pairs: [web], pullRequests: { signOff: true } });
    expect(action).toMatchObject({ repository: manifests.url, target: manifests.url, deletions: [] });
    const [branch] = action?.branches ?? [];
    expect(branch).toMatchObject({
      branch: 'slipway/v1/web',
      expected: null,
      parent: commits.base,
      author: options.author,
      at: sourceFacts.committedAt,
    });
    expect(branch?.edits).toEqual(
      [old, current].map((one) => ({
        target: one.target,
        file: one.file,
        from: one.current,
        to: { name: 'gcr.io/p/web', tag: 'v1-gaaaaaaaaaaaa', digest: 'sha256:new' },
      })),
    );
    expect(branch?.message).toContain(`\nSlipway-Change: ${branch?.change}\nSlipway-Installation: prod\n`);
    expect(branch?.message).toContain('Signed-off-by: bot <bot@example.com>');
  });

  it('is one for all branches of a repository, and leases what is there', () => {
    const pairs = ['a', 'b', 'c'].map((one) => readyFacts({ pair: named(one) }));
    const older = () => ({ branch: { head: commits.head, change: 'older', stale: false } });
    const [only, ...others] = pushes({ pairs, seen: [older, none, pushed] });
    expect(others).toEqual([]);
    expect(only?.branches.map(({ branch, expected }) => [branch, expected])).toEqual([
      ['slipway/v1/a', commits.head],
      ['slipway/v1/b', null],
    ]);
  });

  it('is one for each repository', () => {
    const into = { ...manifests, url: 'https://github.com/o/other' };
    const pairs = [
      readyFacts(),
      readyFacts({ pair: pair({ application: 'b', targets: [target({ into })] }) }),
    ];
    expect(pushes({ pairs }).map((one) => one.target)).toEqual([manifests.url, into.url]);
  });

  it('goes to the fork, from the mirror of the repository', () => {
    const forked = { headOwner: () => 'bot' };
    const [action] = pushes({ pairs: [readyFacts()], options: forked });
    expect(action).toMatchObject({ repository: manifests.url, target: 'https://github.com/bot/manifests' });
    const { actions } = planned({ pairs: [readyFacts()], options: forked, seen: [pushed] });
    expect(ofKind(actions, 'open-pull-request')).toMatchObject([
      { repository: { owner: 'o' }, head: { owner: 'bot', branch: 'slipway/v1/web' }, base: 'main' },
    ]);
  });

  it('has a key of its own for each state of the remote', () => {
    const key = (seen: World['seen']) => pushes({ pairs: [readyFacts()], ...(seen && { seen }) })[0]?.key;
    const stale = (unit: UnitFacts['unit']) => ({
      branch: { head: commits.head, change: unit.change, stale: true },
    });
    expect(key([])).toBe(key([none]));
    expect(key([stale])).not.toBe(key([]));
  });

  describe('waits for images that are coming', () => {
    const web = (since?: number) =>
      readyFacts(since === undefined ? {} : { stored: stored({}, { state: 'update', since: at(since) }) });
    const unbuilt = facts({ pair: named('b') });
    it.each<[string, World, boolean]>([
      ['none', { pairs: [web()] }, false],
      ['one to build', { pairs: [web(), unbuilt] }, true],
      [
        'one under way',
        { pairs: [web(), unbuilt], over: { builds: [build({ labels: { app: 'b', version: 'v1' } })] } },
        true,
      ],
      ['for no longer than the window', { pairs: [web(-5), unbuilt] }, false],
      ['within the window', { pairs: [web(-4), unbuilt] }, true],
      ['no window', { pairs: [web(), unbuilt], options: { batchWindow: 0 } }, false],
      [
        'one for another repository',
        { pairs: [web(), facts({ pair: pair({ application: 'b', targets: [] }) })] },
        false,
      ],
      ['one that nobody can build', { pairs: [web(), unbuilt], over: { builderProblem: 'none' } }, false],
      ['one that is held', { pairs: [web(), { ...unbuilt, stored: stored({ hold: {} }) }] }, false],
    ])('%s', (_, world, waits) => {
      const result = planned(world);
      expect(ofKind(result.actions, 'push')).toHaveLength(waits ? 0 : 1);
      if (waits)
        expect(result.items[0]).toMatchObject({
          state: 'update',
          reason: expect.stringContaining('waits for 1 more image,'),
        });
    });
  });
});

describe('served branches', () => {
  const deletions = (
    branch: string,
    { installation = 'prod', ...over }: Partial<World> & { change?: undefined; installation?: string } = {},
  ) =>
    pushes({
      pairs: [readyFacts({ pair: named('a') }), upToDateFacts({ pair: named('b') })],
      ...over,
      over: {
        branches: [
          {
            repository: manifests.url,
            branch,
            head: commits.head,
            ...('change' in over ? {} : { change: 'x', installation }),
          },
        ],
        ...over.over,
      },
    })[0]?.deletions;
  const gone = (branch: string) => [{ branch, expected: commits.head }];

  it.each<[string, string, Parameters<typeof deletions>[1], boolean]>([
    ['of a pair that is as it should be', 'slipway/v1/b', {}, true],
    ['of a pair that is not', 'slipway/v1/a', {}, false],
    ['of nobody', 'slipway/v1/c', {}, false],
    ['of another prefix', 'other/v1/b', {}, false],
    ['with a commit of a person', 'slipway/v1/b', { change: undefined }, false],
    ['of another installation', 'slipway/v1/b', { installation: 'dev' }, false],
    [
      'that another has a pull request from',
      'slipway/v1/b',
      { over: { taken: new Set(['slipway/v1/b']) } },
      false,
    ],
    ['of a group that is not done', 'slipway/v1/_all', { pullRequests: { strategy: 'grouped' } }, false],
    [
      'of a tag: another installation may have made it',
      'update_b_v1-gaaaaaaaaaaaa',
      { pullRequests: { strategy: 'per-tag' } },
      false,
    ],
  ])('%s', (_, branch, over, expected) =>
    expect(deletions(branch, over)).toEqual(expected ? gone(branch) : []),
  );

  it('of a group that is done', () => {
    const pairs = [readyFacts({ pair: pair({ version: 'v2' }) }), upToDateFacts({ pair: named('b') })];
    expect(deletions('slipway/v1/_all', { pairs, pullRequests: { strategy: 'grouped' } })).toEqual(
      gone('slipway/v1/_all'),
    );
  });

  it('not while a pull request is open', () => {
    const [unit] = unitsIn([readyFacts({ pair: named('b') })]);
    if (!unit) throw new Error('a unit');
    expect(deletions('slipway/v1/b', { over: { pullRequests: [pullRequest(unit)] } })).toEqual([]);
  });
});

describe('a pull request', () => {
  it('is opened once its branch is there, then left', () => {
    const steps = [none, pushed, proposed, () => edited, rejected].map((seen) =>
      kinds(planned({ pairs: [readyFacts()], seen: [seen] }).actions),
    );
    expect(steps).toEqual([['push'], ['open-pull-request'], [], [], []]);
  });

  it('says what it is, by the template of the config', () => {
    const { actions } = planned({
      pairs: [readyFacts()],
      seen: [pushed],
      pullRequests: { title: 'Move {application}', draft: true },
    });
    const [action] = ofKind(actions, 'open-pull-request');
    expect(action).toMatchObject({ base: 'main', title: 'Move web', draft: true });
    expect(parseMarker(action?.body ?? '')).toMatchObject({
      installation: 'prod',
      version: 'v1',
      applications: ['web'],
    });
  });

  it('is described anew when its branch has moved on', () => {
    const { actions } = planned({
      pairs: [readyFacts()],
      seen: [(unit) => ({ ...pushed(unit), open: { number: 1, current: false } })],
    });
    expect(actions).toMatchObject([{ kind: 'describe-pull-request', number: 1 }]);
    expect(parseMarker(ofKind(actions, 'describe-pull-request')[0]?.body ?? '')?.applications).toEqual([
      'web',
    ]);
  });

  it.each([
    ['diverged', 'have parted'],
    ['unresolved', 'The tag `v1-g@user` names a commit that the source does not have'],
    ['ahead', 'a person has accepted to go back'],
  ] as const)('tells a reviewer of a deployed commit that is %s', (relation, note) => {
    const places = pair().targets.map((one) =>
      targetFacts(one, { relation, current: { name: 'x', tag: 'v1-g@user' } }),
    );
    const web = readyFacts({ targets: places, stored: stored({ accept: commits.new }) });
    const [action] = ofKind(planned({ pairs: [web], seen: [pushed] }).actions, 'open-pull-request');
    expect(action?.body).toContain(note);
  });

  it('links to the page of a source that is read over ssh', () => {
    const web = pair({ source: { name: 'web', url: 'ssh://git@github.com/o/web', branch: 'main' } });
    const [action] = ofKind(
      planned({ pairs: [readyFacts({ pair: web })], seen: [pushed] }).actions,
      'open-pull-request',
    );
    expect(action?.body).toContain(`(https://github.com/o/web/commit/${commits.new})`);
  });
});

describe('a pair in two repositories', () => {
  const into = { ...manifests, url: 'https://github.com/o/other' };
  const both = readyFacts({ pair: pair({ targets: [target(), target({ into })] }) });

  it('goes on in one when a person rejects the other', () => {
    const result = planned({ pairs: [both], seen: [rejected, pushed] });
    expect(result.items[0]?.state).toBe('rejected');
    expect(result.actions).toMatchObject([{ kind: 'open-pull-request', repository: { name: 'other' } }]);
  });

  it('goes on in one when the other cannot be read', () => {
    const units = unitsIn([both]).map((unit, index) =>
      index === 0
        ? unitFacts(unit, {}, { problem: { reason: 'down', retryable: true } })
        : unitFacts(unit, pushed(unit)),
    );
    const result = planned({ pairs: [both], over: { units } });
    expect(result.items[0]).toMatchObject({ state: 'blocked', reason: 'down', unreadable: true });
    expect(kinds(result.actions)).toEqual(['open-pull-request']);
  });
});

describe('a grouped pull request', () => {
  const pullRequests = { strategy: 'grouped' } as const;
  const [a, b] = [readyFacts({ pair: named('a') }), readyFacts({ pair: named('b') })];

  it('takes in a pair that becomes ready later, and says so', () => {
    const [alone] = unitsIn([a], desired([a.pair, b.pair], pullRequests));
    if (!alone) throw new Error('a unit');
    const before = {
      branch: { head: commits.head, change: alone.change, stale: false },
      open: { number: 1, current: false },
    };
    const push = planned({ pairs: [a, b], pullRequests, seen: [() => before] });
    expect(ofKind(push.actions, 'push')[0]?.branches).toMatchObject([
      { branch: 'slipway/v1/_all', expected: commits.head },
    ]);
    const describe_ = planned({
      pairs: [a, b],
      pullRequests,
      seen: [(unit) => ({ ...pushed(unit), open: { number: 1, current: false } })],
    });
    expect(
      parseMarker(ofKind(describe_.actions, 'describe-pull-request')[0]?.body ?? '')?.applications,
    ).toEqual(['a', 'b']);
  });

  it('loses no image because its pair cannot be read just now', () => {
    const unreadable = { ...b, problem: { reason: 'no answer', retryable: true } };
    const of = desired([a.pair, b.pair], pullRequests);
    const [carried] = unitsIn([a, b], of);
    const [left] = unitsIn([a, unreadable], of);
    if (!carried || !left) throw new Error('units');
    const shown = unitFacts(left, { ...pushed(carried), open: { number: 1, current: false } });
    const units = [{ ...shown, pullRequest: pullRequest(carried) }];
    const result = plan(of, observed([a, unreadable], { units }), options, now);
    expect(result.actions).toEqual([]);
    expect(result.items[0]).toMatchObject({
      state: 'update',
      reason: 'waits until b can be read, which #1 carries too',
    });
    // A fact that no retry changes is another matter.
    const broken = { ...b, problem: { reason: 'no such file', retryable: false } };
    expect(kinds(plan(of, observed([a, broken], { units }), options, now).actions)).toEqual(['push']);
  });
});

describe('the limit of open pull requests', () => {
  const pairs = ['a', 'b', 'c'].map((one) => readyFacts({ pair: named(one) }));
  const limited = (openPullRequests: number, seen: World['seen'] = []) =>
    planned({ pairs, seen, options: { openPullRequests } });

  it('makes the others wait', () => {
    const result = limited(2, [proposed]);
    expect(ofKind(result.actions, 'push')[0]?.branches.map(({ branch }) => branch)).toEqual(['slipway/v1/b']);
    expect(result.items[2]?.reason).toBe('waits until fewer than 2 pull requests are open in the repository');
    expect(kinds(limited(1, [none, proposed, pushed]).actions)).toEqual([]);
  });

  it('stops no work on those that are open', () => {
    const moved = () => ({ open: { number: 1, current: false } });
    expect(ofKind(limited(1, [moved]).actions, 'push')[0]?.branches).toHaveLength(1);
  });

  it('counts none that is rejected or a person works on', () => {
    expect(ofKind(limited(1, [rejected, () => edited]).actions, 'push')[0]?.branches).toMatchObject([
      { branch: 'slipway/v1/c' },
    ]);
  });

  it('lets a new tag take the place of the old one', () => {
    const web = readyFacts();
    const of = { strategy: 'per-tag' } as const;
    const [unit] = unitsIn([web], desired([web.pair], of));
    if (!unit) throw new Error('a unit');
    const old = pullRequest(unit, {
      number: 1,
      branch: 'update_web_v1-gbbbbbbbbbbbb',
      marker: markerOf(unit, 'old'),
    });
    const result = planned({
      pairs: [web],
      pullRequests: of,
      options: { openPullRequests: 1 },
      over: { pullRequests: [old] },
    });
    expect(kinds(result.actions)).toEqual(['push']);
  });
});

describe('retag', () => {
  it('comes before the pull request', () => {
    const web = pair();
    const world = (released: boolean) =>
      planned({ pairs: [readyFacts({ image: imageFacts(web, { released }) })] });
    expect([kinds(world(false).actions), kinds(world(true).actions)]).toEqual([['retag'], ['push']]);
  });
});
