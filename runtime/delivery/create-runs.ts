import type { PairState } from '../api/application-version.ts';
import type { Ports } from '../ports/index.ts';
import type { DeliveryPlan } from './actions.ts';
import { updateAttempts } from './attempts.ts';
import type { Observed } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { pairName } from './pair.ts';
import { formatRun, pipelineRun, type PipelineRunTemplate } from './pipeline-runs.ts';
import { buildGroups, buildRequest } from './plan-builds.ts';

/** A PipelineRun of one pair. */
export interface CreatedRun {
  readonly application: string;
  readonly version: string;
  /** Of the PipelineRun; its file is called so, too. */
  readonly name: string;
  readonly state: PairState;
  /** False when the manifests are as they should be: nobody needs to start it. */
  readonly needed: boolean;
  /** YAML. */
  readonly text: string;
}

/** A pair that gets none. */
export interface OmittedRun {
  readonly application: string;
  readonly version: string;
  readonly state: PairState;
  readonly reason: string;
}

const without: readonly PairState[] = ['skipped', 'held', 'blocked'];
const idle: readonly PairState[] = ['up-to-date', 'proposed', 'rejected', 'building'];

/** Pure: one run for every pair that can have one, in the order of the config. */
export function createRuns(
  template: PipelineRunTemplate,
  plan: DeliveryPlan,
  observed: Observed,
  options: Pick<DeliveryOptions, 'installation'>,
  location: Ports['registry']['location'],
): { runs: CreatedRun[]; omitted: OmittedRun[] } {
  const groups = buildGroups(observed, updateAttempts(observed), Date.parse(plan.at));
  const runs: CreatedRun[] = [];
  const omitted: OmittedRun[] = [];
  for (const { application, version, state, reason } of plan.items) {
    const name = pairName({ application, version });
    const facts = observed.pairs.get(name);
    const request = facts && buildRequest(facts, groups.get(name)?.memory.next ?? 1, options);
    if (!request || without.includes(state)) {
      omitted.push({ application, version, state, reason });
      continue;
    }
    const { reference } = location(facts.pair.image);
    const run = pipelineRun(template, { pair: facts.pair, request, location: reference });
    const needed = !idle.includes(state);
    runs.push({ application, version, name: request.name, state, needed, text: formatRun(run) });
  }
  return { runs, omitted };
}
