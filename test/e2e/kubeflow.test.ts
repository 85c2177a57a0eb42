import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { DeliveryItem } from '../../runtime/delivery/actions.ts';
import { parseDelivery } from '../../runtime/delivery/config/parse.ts';
import { slipway } from '../support/cli.ts';
import { call } from '../support/forge.ts';
import { howToGetKubeflow, Kubeflow, kubeflowFolder } from '../support/kubeflow.ts';
import type { DeliveryResult } from '../support/world.ts';

// The real configuration of kubeflow/testing with the real repositories, and git as the judge.

const folder = kubeflowFolder();
if (folder === undefined) {
  if (process.env['SLIPWAY_KUBEFLOW'] !== undefined)
    throw new Error(`SLIPWAY_KUBEFLOW lacks repositories; ${howToGetKubeflow}`);
  console.warn(`SKIPPED: delivery of Kubeflow's own repositories; ${howToGetKubeflow}`);
}

const nameOf = (repository: string) => repository.split('/').at(-1) ?? '';
const pulls = z.array(
  z.object({
    number: z.int(),
    state: z.string(),
    title: z.string(),
    head: z.object({ sha: z.string() }),
    base: z.object({ sha: z.string(), ref: z.string() }),
  }),
);

(folder === undefined ? describe.skip : describe)('the applications of Kubeflow', () => {
  let kubeflow: Kubeflow;
  let planned: DeliveryResult;

  beforeAll(async () => {
    kubeflow = await Kubeflow.open(folder ?? '');
    planned = await kubeflow.pass({ suspended: true });
  }, 300_000);

  afterAll(() => kubeflow[Symbol.asyncDispose]());

  type Known = DeliveryItem & {
    readonly source: Required<NonNullable<DeliveryItem['source']>>;
    readonly inputs: NonNullable<DeliveryItem['inputs']>;
  };
  const known = ({ plan }: DeliveryResult) =>
    plan.items.filter(
      (item): item is Known => item.source?.commit !== undefined && item.inputs !== undefined,
    );

  it('all have a state and a reason', () => {
    expect(planned.plan.items).toHaveLength(48);
    expect(planned.plan.items.filter(({ reason }) => reason === '')).toEqual([]);
    expect(planned.plan.items.filter(({ unreadable }) => unreadable)).toEqual([]);
    const states = Map.groupBy(planned.plan.items, ({ state }) => state);
    console.info([...states].map(([state, items]) => `${items.length} ${state}`).join(', '));
    expect(known(planned).length).toBeGreaterThan(25);
  });

  it('have the commit that git log names for their inputs', async () => {
    for (const { application, version, source, inputs } of known(planned)) {
      const last = await kubeflow.git(
        nameOf(source.repository),
        'log',
        '-n1',
        '--format=%H',
        source.head,
        '--',
        ...inputs.paths,
      );
      expect([version, application, source.commit]).toEqual([version, application, last]);
    }
  }, 300_000);

  it('have the commit that last touched the context, where the whole context counts', async () => {
    const text = await readFile(kubeflow.config, 'utf8');
    const { pairs } = parseDelivery({ name: 'applications.yaml', text });
    const whole = await kubeflow.pass({ suspended: true, inputs: 'context' });
    for (const { application, version, source } of known(whole)) {
      const pair = pairs.find((one) => one.application === application && one.version === version);
      const last = await kubeflow.git(
        nameOf(source.repository),
        'log',
        '-n1',
        '--format=%H',
        source.head,
        '--',
        pair?.context || '.',
      );
      expect([version, application, source.commit]).toEqual([version, application, last]);
    }
  }, 300_000);

  it('are up to date exactly where what is deployed has the same inputs', async () => {
    let same = 0;
    for (const { application, version, state, source, inputs, targets } of known(planned)) {
      const deployed = /-g([0-9a-f]{7,40})$/.exec(targets[0]?.current ?? '')?.[1];
      const name = nameOf(source.repository);
      if (
        state === 'blocked' ||
        deployed === undefined ||
        !(await kubeflow.holds(name, 'cat-file', '-e', `${deployed}^{commit}`))
      )
        continue;
      const unchanged = await kubeflow.holds(
        name,
        'diff',
        '--quiet',
        deployed,
        source.head,
        '--',
        ...inputs.paths,
      );
      expect([version, application, state === 'up-to-date']).toEqual([version, application, unchanged]);
      if (unchanged) same += 1;
    }
    expect(same).toBeGreaterThan(0);
  }, 300_000);

  it('are blocked with the very paths that are missing', async () => {
    let named = 0;
    for (const { state, reason } of planned.plan.items) {
      if (state !== 'blocked') continue;
      const folders = reason.matchAll(/there is no folder (\S+) on (\S+) of \S+\/([\w-]+)/g);
      const files = reason.matchAll(/\/([\w-]+) has no (\S+) \(or .yml, Kustomization\) on ([\w.-]+)/g);
      const places = [
        ...[...folders].map(([, place, branch, name]) => [name, branch, place]),
        ...[...files].map(([, name, place, branch]) => [name, branch, place]),
      ];
      for (const [name = '', branch = '', place = ''] of places)
        expect([reason, await kubeflow.holds(name, 'cat-file', '-e', `${branch}:${place}`)]).toEqual([
          reason,
          false,
        ]);
      named += places.length;
    }
    expect(named).toBeGreaterThan(0);
  }, 300_000);

  it('are planned by one command from what is known, in a moment', async () => {
    const args = ['delivery', 'plan', '--config', kubeflow.config, '--settings', kubeflow.settingsFile];
    const started = performance.now();
    const { status, stdout } = await slipway([...args, '-o', 'json'], {
      cwd: kubeflow.directory,
      environment: kubeflow.environment(),
    });
    console.info(`delivery plan, warm: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ items: planned.plan.items });
  }, 300_000);

  it('get pull requests that change nothing but their images, once', async () => {
    const applied = await kubeflow.pass();
    expect(applied.settled).toBe(true);
    expect(applied.outcomes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(applied.plan.items.filter(({ state }) => ['build', 'retag', 'update'].includes(state))).toEqual(
      [],
    );
    const proposed = applied.plan.items.filter(({ state }) => state === 'proposed');
    expect(proposed.length).toBe(planned.plan.items.filter(({ state }) => state === 'build').length);

    const answer = await call(
      kubeflow.forge,
      'GET',
      '/repos/kubeflow/manifests/pulls?state=all&per_page=100',
      {
        as: 'ann',
      },
    );
    const open = pulls.parse(answer.body);
    expect(open).toHaveLength(proposed.length);
    for (const { title, head, base } of open) {
      const diff = await kubeflow.git('manifests', 'diff', '-U0', `${base.ref}...${head.sha}`);
      const files = [...diff.matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, file]) => file);
      const targets = proposed.flatMap((item) => item.targets.map(({ file }) => file));
      expect([title, files.filter((file = '') => !targets.includes(file))]).toEqual([title, []]);
      const lines = diff.split('\n').filter((line) => /^[-+](?![-+]{2} )/.test(line));
      expect(lines.length).toBeGreaterThan(0);
      expect([
        title,
        lines.filter((line) => !/^[-+] *(- )?(name|newName|newTag|digest): \S+$/.test(line)),
      ]).toEqual([title, []]);
    }

    const answers: (number | undefined)[] = [];
    const again = await kubeflow.pass({ observer: { onForge: ({ status }) => answers.push(status) } });
    expect(again.plan.actions).toEqual([]);
    expect(again.rounds).toBe(1);
    expect(answers.filter((status) => status !== 304)).toEqual([]);
    expect(again.plan.items.map(({ state }) => state)).toEqual(applied.plan.items.map(({ state }) => state));
  }, 300_000);
});
