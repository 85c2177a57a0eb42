import { itemsTable } from '../../runtime/commands/delivery-table.ts';
import { labels } from '../../runtime/api/labels.ts';
import type { DeliveryItem } from '../../runtime/delivery/actions.ts';
import type { PassFacts } from './delivery.ts';
import { claim, command, heading, progress, say, showDiff, showLog } from './narrate.ts';
import type { Change } from './repositories.ts';
import type { World } from './world.ts';

/** The steps of the walk, in order; each one begins where the one before has ended. */
export const steps: readonly ((walk: Walk) => Promise<void>)[] = [
  firstPass,
  oneComponent,
  outsideEveryClosure,
  baseImage,
  brokenDockerfile,
  mergedPullRequests,
  closedPullRequest,
];

/** What the steps have in common. */
export class Walk {
  readonly world: World;
  readonly #signal: AbortSignal;

  constructor(world: World, signal: AbortSignal) {
    this.world = world;
    this.#signal = signal;
  }

  /** One pass of app CD, with its table. */
  async pass(): Promise<PassFacts> {
    command('slipway delivery apply --config examples/delivery.yaml');
    const { onRound, end } = progress();
    const facts = await this.world.delivery.pass(this.#signal, onRound).finally(end);
    say();
    say(itemsTable(facts.plan.items));
    say();
    return facts;
  }

  async commit(repository: string, change: Change): Promise<void> {
    command(
      `git commit -m '${change.message}' && git push origin ${change.branch}   (kubeflow/${repository})`,
    );
    await this.world.alice.commit(repository, change);
  }
}

async function firstPass(walk: Walk): Promise<void> {
  const { alice } = walk.world;
  heading(
    'The first pass builds images and opens pull requests',
    'The manifests run images of old commits. Some components have changed since then.',
  );
  const facts = await walk.pass();
  claim(
    '6 builds made 8 images up to date: two applications share one, and both versions share the base',
    built(facts),
    [
      'base',
      'centraldashboard',
      'centraldashboard',
      'jupyter-web-app',
      'jupyter-web-app',
      'katib-controller',
    ],
  );
  claim('6 pull requests are open', (await alice.pullRequests()).length, 6);
  claim('one push carried all their branches', count(facts, 'push'), 1);
  claim(
    'what is deployed with the same inputs was left alone',
    inState(facts, 'up-to-date').filter((name) => !name.endsWith('/base')),
    ['master/kfam', 'v1-2/kfam', 'v1-2/katib-controller'],
  );
  const katib = await alice.pullRequest('master', 'katib-controller');
  say();
  say(
    `All of #${katib.number}: the image, and the golden file that must name it too. No other line changes.`,
  );
  showDiff(await alice.diff(katib));
}

async function oneComponent(walk: Walk): Promise<void> {
  const { alice } = walk.world;
  heading('A commit to one component rebuilds that one, and its pull request moves on');
  const before = await alice.pullRequest('master', 'jupyter-web-app');
  await walk.commit('kubeflow', {
    branch: 'master',
    message: 'Notebooks: offer GPUs of Intel',
    files: { 'components/jupyter-web-app/app.py': "GPU_VENDORS = ['nvidia', 'amd', 'intel']\n" },
  });
  const facts = await walk.pass();
  const after = await alice.pullRequest('master', 'jupyter-web-app');
  claim('1 build: jupyter-web-app', built(facts), ['jupyter-web-app']);
  claim(`#${before.number} is still the pull request`, after.number, before.number);
  claim('it carries the new image', after.head.sha !== before.head.sha && after.title !== before.title, true);
}

async function outsideEveryClosure(walk: Walk): Promise<void> {
  heading(
    'A commit outside of what the images are made of builds nothing',
    "The README lies in the dashboard's build context, but .dockerignore keeps it out of the image.",
  );
  await walk.commit('kubeflow', {
    branch: 'master',
    message: 'Docs: how the parts work together',
    files: {
      'docs/architecture.md': '# Architecture\n\nThe dashboard shows the other components.\n',
      'components/centraldashboard/README.md': '# Central dashboard\n\nListens on port 8082.\n',
    },
  });
  claimNothingDone(await walk.pass());
}

async function baseImage(walk: Walk): Promise<void> {
  const { alice } = walk.world;
  heading('A commit to the base image rebuilds what stands on it, the base first');
  const before = await alice.pullRequests();
  await walk.commit('kubeflow', {
    branch: 'master',
    message: 'Base: update to 1.3',
    files: { 'components/base/rootfs/etc/os-release': 'ID=kubeflow\nVERSION_ID=1.3.0\n' },
  });
  const facts = await walk.pass();
  claim('3 builds: the base, and the two web applications of master', built(facts), [
    'base',
    'centraldashboard',
    'jupyter-web-app',
  ]);
  const moved = (await alice.pullRequests()).filter(
    ({ number, head }) => before.find((one) => one.number === number)?.head.sha !== head.sha,
  );
  claim(
    `${moved.map(({ number }) => `#${number}`).join(', ')} moved on, no other`,
    moved.map(({ head }) => head.ref).sort(),
    ['centraldashboard', 'centraldashboard-v3', 'jupyter-web-app'].map((name) => `slipway/master/${name}`),
  );
}

const katibDockerfile = 'cmd/katib-controller/v1beta1/Dockerfile';

async function brokenDockerfile(walk: Walk): Promise<void> {
  const { alice, home } = walk.world;
  heading('A broken Dockerfile fails, is remembered and explained');
  const before = await alice.pullRequest('master', 'katib-controller');
  await walk.commit('katib', {
    branch: 'master',
    message: 'Ship the scripts',
    files: { [katibDockerfile]: 'FROM scratch\nCOPY cmd/katib-controller /src/cmd\nCOPY pkg script /src/\n' },
  });
  const failing = await walk.pass();
  claim('1 build, and it failed; the others went on as before', inState(failing, 'failed'), [
    'master/katib-controller',
  ]);
  const [build] = failing.builds;
  claim('the Dockerfile is to blame, so it is not tried again and again', build?.failure?.kind, 'permanent');
  claim(
    `#${before.number} stays as it was`,
    (await alice.pullRequest('master', 'katib-controller')).head.sha,
    before.head.sha,
  );
  say('The end of its log:');
  await showLog(home.builder.logs(build?.name ?? ''));
  say();
  say('The next pass knows:');
  claimNothingDone(await walk.pass());
  await walk.commit('katib', {
    branch: 'master',
    message: 'Ship the scripts from where they are',
    files: {
      [katibDockerfile]: 'FROM scratch\nCOPY cmd/katib-controller /src/cmd\nCOPY pkg scripts /src/\n',
      'scripts/run.sh': '#!/bin/sh\n',
    },
  });
  const cured = await walk.pass();
  claim('the next commit cured it: 1 build', built(cured), ['katib-controller']);
  const after = await alice.pullRequest('master', 'katib-controller');
  claim(
    `#${after.number} moved on`,
    [after.number, after.head.sha !== before.head.sha],
    [before.number, true],
  );
}

const undecided = { version: 'v1-2', application: 'centraldashboard' } as const;

async function mergedPullRequests(walk: Walk): Promise<void> {
  const { alice } = walk.world;
  heading('Merged pull requests lead to a steady state, in which a pass does nothing');
  const kept = await alice.pullRequest(undecided.version, undecided.application);
  for (const one of await alice.pullRequests()) {
    if (one.number === kept.number) continue;
    command(`gh pr merge ${one.number}`);
    await alice.merge(one);
  }
  const facts = await walk.pass();
  claim('all but the pair that is still proposed are up to date', others(facts, 'up-to-date'), [
    'v1-2/centraldashboard',
  ]);
  claimNothingDone(facts);
  const { asked } = await walk.pass();
  claim('a pass at rest asks git for one ls-remote per repository', asked.lsRemotes, 3);
  claim(
    `it reads the forge ${asked.forgeReads} times, always answered "not modified"`,
    asked.notModified,
    asked.forgeReads,
  );
  claim(
    'nothing was fetched, written, or asked of the registry',
    [asked.transfers, asked.forgeWrites, asked.registry],
    [0, 0, 0],
  );
}

async function closedPullRequest(walk: Walk): Promise<void> {
  const { alice } = walk.world;
  heading('A closed pull request stays closed, until there is something new to propose');
  const { version, application } = undecided;
  const closed = await alice.pullRequest(version, application);
  command(`gh pr close ${closed.number}`);
  await alice.close(closed);
  const facts = await walk.pass();
  claim(`#${closed.number} counts as a no`, inState(facts, 'rejected'), [`${version}/${application}`]);
  claimNothingDone(facts);
  await walk.commit('kubeflow', {
    branch: 'v1.2-branch',
    message: 'Dashboard: link to Katib',
    files: {
      'components/centraldashboard/public/index.html': '<h1>Kubeflow</h1>\n<a href="/katib/">Katib</a>\n',
    },
  });
  claim('a new commit: 1 build', built(await walk.pass()), ['centraldashboard']);
  const anew = await alice.pullRequest(version, application);
  claim(`#${anew.number} proposes it`, [anew.state, anew.number > closed.number], ['open', true]);
  const old = (await alice.pullRequests()).find(({ number }) => number === closed.number);
  claim(`#${closed.number} stays closed`, old?.state, 'closed');
}

function claimNothingDone({ builds, done }: PassFacts): void {
  claim('0 builds, 0 actions', [builds.length, done.length], [0, 0]);
}

function nameOf({ version, application }: DeliveryItem): string {
  return `${version}/${application}`;
}

function inState({ plan }: PassFacts, state: DeliveryItem['state']): string[] {
  return plan.items.filter((item) => item.state === state).map(nameOf);
}

function others({ plan }: PassFacts, state: DeliveryItem['state']): string[] {
  return plan.items.filter((item) => item.state !== state).map(nameOf);
}

/** Applications whose builds were started, sorted. */
function built({ builds }: PassFacts): string[] {
  return builds.map((build) => build.labels[labels.application] ?? '').sort();
}

function count({ done }: PassFacts, kind: string): number {
  return done.filter((action) => action.kind === kind).length;
}
