import { describe, expect, it } from '@jest/globals';
import type { DeliveryAction, DeliveryPlan, PushAction } from '../../../runtime/delivery/actions.ts';
import type { Observed, PairFacts, UnitFacts } from '../../../runtime/delivery/observed.ts';
import { pairName } from '../../../runtime/delivery/pair.ts';
import { towards, type Goal } from '../../../runtime/delivery/towards.ts';
import { desiredOf, pairOf } from './pairs.ts';

const forge = { host: 'github.com', owner: 'kubeflow', name: 'manifests' };
const repository = 'https://github.com/kubeflow/manifests';
const pairs = [
  pairOf('main', 'base'),
  pairOf('main', 'server', { parents: [{ application: 'base' }] }),
  pairOf('main', 'other'),
];
const [base, server, other] = pairs as [(typeof pairs)[0], (typeof pairs)[0], (typeof pairs)[0]];

function facts(pair: (typeof pairs)[0]): PairFacts {
  const image = { name: pair.image, keyTag: 'k-1', releaseTag: `v-${pair.application}`, released: false };
  return { pair, targets: [], parents: [], image };
}

function unit(...members: (typeof pairs)[0][]): UnitFacts {
  const branch = `slipway/main/${members[0]?.application ?? ''}`;
  const head = { repository, owner: 'kubeflow', branch };
  const names = members.map(pairName);
  return {
    unit: {
      id: branch,
      repository,
      forge,
      base: 'master',
      baseHead: 'c0',
      head,
      members: names,
      change: 'c',
    },
    facts: {},
  };
}

const observed: Observed = {
  pairs: new Map(pairs.map((pair) => [pairName(pair), facts(pair)])),
  units: [unit(server), unit(other)],
  pullRequests: [server, other].map(({ application }, at) => ({
    repository,
    forge,
    base: 'master',
    branch: `slipway/main/${application}`,
    number: at + 1,
    url: '',
    title: '',
    body: '',
    marker: { installation: 'i', version: 'main', applications: [application], change: 'c' },
  })),
  branches: [],
  ended: new Map(),
  builds: [],
  capacity: 1,
};

const common = { why: '' };
const build = (pair: (typeof pairs)[0]): DeliveryAction => ({
  ...common,
  key: `build ${pair.application}`,
  kind: 'build',
  pairs: [pairName(pair)],
  attempt: 1,
  request: {
    name: pair.application,
    key: 'k',
    labels: {},
    source: { repository, commit: 'c', context: '', dockerfile: 'Dockerfile' },
    platforms: [],
    buildArgs: {},
    image: { name: pair.image, tags: [] },
  },
});
const retag = (pair: (typeof pairs)[0]): DeliveryAction => ({
  ...common,
  key: `retag ${pair.application}`,
  kind: 'retag',
  image: pair.image,
  digest: 'sha256:d',
  tag: `v-${pair.application}`,
});
const branch = ({ application }: (typeof pairs)[0]): PushAction['branches'][0] => ({
  branch: `slipway/main/${application}`,
  expected: null,
  parent: 'c0',
  change: 'c',
  edits: [],
  message: '',
  author: { name: 'a', email: 'a@example.com' },
  at: 0,
});
const close = (number: number): DeliveryAction => ({
  ...common,
  key: `close ${number}`,
  kind: 'close-pull-request',
  repository: forge,
  number,
  body: '',
});
const open = ({ application }: (typeof pairs)[0]): DeliveryAction => ({
  ...common,
  key: `open ${application}`,
  kind: 'open-pull-request',
  repository: forge,
  head: { owner: 'kubeflow', branch: `slipway/main/${application}` },
  base: 'master',
  title: '',
  body: '',
  draft: false,
});

const plan: DeliveryPlan = {
  system: 'delivery',
  at: '',
  items: [],
  actions: [
    ...pairs.flatMap((pair) => [build(pair), retag(pair)]),
    {
      ...common,
      key: 'push',
      kind: 'push',
      repository,
      target: repository,
      branches: [branch(server), branch(other)],
      deletions: [{ branch: 'slipway/main/old', expected: 'c1' }],
    },
    open(server),
    open(other),
    close(1),
    close(2),
    { ...common, key: 'prune', kind: 'prune-build', name: 'x' },
  ],
};

const keys = (goal: Goal, pair: (typeof pairs)[0]) =>
  towards(goal, pair, plan, desiredOf(pairs), observed).actions.map(({ key }) => key);

describe('towards an image', () => {
  it('leads the building and tagging of the pair and of all that it is built on', () => {
    expect(keys('image', server)).toEqual(['build base', 'retag base', 'build server', 'retag server']);
    expect(keys('image', base)).toEqual(['build base', 'retag base']);
  });
});

describe('towards a pull request', () => {
  it('leads what concerns the pair and nothing else', () => {
    expect(keys('pull-request', other)).toEqual(['retag other', 'push/main-other', 'open other', 'close 2']);
  });

  it('takes no place of the same name on another forge or of another owner for its own', () => {
    const elsewhere = [
      { ...forge, owner: 'someone' },
      { ...forge, host: 'git.example.com' },
    ];
    const actions = elsewhere.flatMap((place) =>
      [open(server), close(1)].map((action) => ({ ...action, repository: place }) as DeliveryAction),
    );
    const push = plan.actions.filter((action) => action.kind === 'push');
    const others = push.map((action) => ({
      ...action,
      repository: `${repository}-2`,
      target: `${repository}-2`,
    }));
    const only = { ...plan, actions: [...actions, ...others] };
    expect(towards('pull-request', server, only, desiredOf(pairs), observed).actions).toEqual([]);
  });

  it('pushes the branch of the pair alone, and deletes none', () => {
    const { actions } = towards('pull-request', server, plan, desiredOf(pairs), observed);
    const push = actions.find((action) => action.kind === 'push');
    expect(push).toMatchObject({ branches: [{ branch: 'slipway/main/server' }], deletions: [] });
  });
});
