import type { PairState } from '../api/application-version.ts';
import type { Build } from '../ports/index.ts';
import { nextStep, type ProposalStep } from '../proposals/life.ts';
import type { BuildMemory } from './attempts.ts';
import { forgeRepository } from '../source/repository.ts';
import { activeHold, needsImage, outdatedTargets, refusedDowngrades } from './needs.ts';
import type { PairFacts, UnitFacts } from './observed.ts';
import { toSecond } from './until.ts';
import { isUnread } from './read.ts';

/** What the rest of the world says of one pair. */
export interface Circumstances {
  readonly now: number;
  readonly parentsOfOthers: ReadonlySet<string>;
  /** What was decided of its own parents, by application. */
  readonly parents: ReadonlyMap<string, Decision>;
  /** The pull requests that carry it. */
  readonly units: readonly UnitFacts[];
  /** Running build of its key by us, or of the pair by anybody else. */
  readonly running?: Build;
  readonly memory?: BuildMemory;
}

export interface Decision {
  readonly state: PairState;
  readonly reason: string;
  readonly unreadable?: boolean;
}

/** Pure: the state of one pair. First match wins, in the order of the states. */
export function decide(facts: PairFacts, world: Circumstances): Decision {
  return (
    skipped(facts) ??
    held(facts, world.now) ??
    blocked(facts, world) ??
    rejected(world.units) ??
    building(facts, world.running) ??
    imageState(facts, world) ??
    proposalState(facts, world.units)
  );
}

function skipped({ pair }: PairFacts): Decision | undefined {
  return pair.source
    ? undefined
    : { state: 'skipped', reason: pair.skipped ?? 'the version does not list its repository' };
}

function held(facts: PairFacts, now: number): Decision | undefined {
  const hold = activeHold(facts, now);
  if (!hold) return undefined;
  const until = hold.until ? `until ${hold.until}` : 'until it is released';
  return { state: 'held', reason: `held ${until}${hold.reason ? `: ${hold.reason}` : ''}` };
}

function blocked(facts: PairFacts, { units }: Circumstances): Decision | undefined {
  const problem = facts.problem ?? units.find((unit) => unit.problem)?.problem;
  if (problem)
    return { state: 'blocked', reason: problem.reason, ...(isUnread(problem) && { unreadable: true }) };
  const left = units.find((unit) => stepOf(unit) === 'hand-edited' && !unit.facts.open);
  if (left)
    return {
      state: 'blocked',
      reason: `branch ${left.unit.head.branch} has commits of a person and no open pull request; delete the branch, or open one from it`,
    };
  const [refused] = refusedDowngrades(facts);
  if (!refused) return undefined;
  return {
    state: 'blocked',
    reason: `${refused.file} has commit ${short(refused.deployedCommit)}, which is newer than ${short(facts.source?.commit)} of ${facts.pair.source?.branch ?? 'the source'}; accept it to go back`,
  };
}

const howItEnded = {
  merged: 'was merged and taken back',
  rejected: 'was closed',
  dismissed: 'was closed',
  refused: 'was closed by a bot, as the one before it was',
};

function rejected(units: readonly UnitFacts[]): Decision | undefined {
  const unit = units.find((one) => stepOf(one) === 'rejected');
  if (!unit?.facts.last) return undefined;
  const { number, outcome } = unit.facts.last;
  return {
    state: 'rejected',
    reason: `#${number} with this change ${howItEnded[outcome]}; proposed again when its inputs change or a person says retry`,
  };
}

function building({ pair }: PairFacts, running: Build | undefined): Decision | undefined {
  if (!running) return undefined;
  if (!running.owned) return { state: 'building', reason: `somebody's run ${running.name} is building it` };
  const own = running.labels['app'] === pair.application && running.labels['version'] === pair.version;
  return {
    state: 'building',
    reason: own ? `${running.name} is ${running.phase}` : `built together with others by ${running.name}`,
  };
}

/** Undefined when the image is there, or is not needed. */
function imageState(facts: PairFacts, world: Circumstances): Decision | undefined {
  const { image, key, pair } = facts;
  if (!needsImage(facts, world.parentsOfOthers)) {
    if (image?.digest === undefined || image.released || pair.targets.length > 0)
      return { state: 'up-to-date', reason: upToDateReason(facts) };
  }
  if (key === undefined) return { state: 'build', reason: waitsForParents(facts, world.parents) };
  if (image?.digest === undefined) return buildState(facts, world.memory);
  if (!image.released)
    return {
      state: 'retag',
      reason: `${image.name}:${image.keyTag} has these inputs; it gets the tag ${image.releaseTag}`,
    };
  return pair.targets.length === 0 ? { state: 'up-to-date', reason: upToDateReason(facts) } : undefined;
}

function waitsForParents(facts: PairFacts, parents: ReadonlyMap<string, Decision>): string {
  const missing = facts.parents.flatMap(({ application, reference }) => {
    if (reference !== undefined) return [];
    const decision = parents.get(application);
    const comes = !decision || ['building', 'build', 'retag'].includes(decision.state);
    return [comes ? application : `${application} (${decision.state}: ${decision.reason})`];
  });
  return `waits for the image of ${missing.join(', ')}`;
}

function buildState(facts: PairFacts, memory: BuildMemory | undefined): Decision {
  const inputs = `inputs changed last in ${short(facts.source?.commit)} and have no image yet`;
  if (!memory) return { state: 'build', reason: inputs };
  const failure = memory.lastFailure;
  const why = failure ? `${failure.reason ?? 'Failed'}: ${firstLine(failure.message)}` : '';
  if (memory.cancelled) return { state: 'failed', reason: 'its build was cancelled; a person may say retry' };
  if (memory.decision === 'retry-now')
    return { state: 'build', reason: failure ? `tried again after ${why}` : inputs };
  if ('stopped' in memory.decision) return { state: 'failed', reason: `${memory.decision.stopped}. ${why}` };
  return {
    state: 'failed',
    reason: `tried again at ${toSecond(memory.decision.waitUntil)}. ${why}`,
  };
}

function proposalState(facts: PairFacts, units: readonly UnitFacts[]): Decision {
  const tag = facts.image?.releaseTag ?? '';
  if (units.length === 0) {
    const nowhere = outdatedTargets(facts).find(({ target }) => !forgeRepository(target.into.url));
    return nowhere
      ? {
          state: 'blocked',
          reason: `${nowhere.target.into.url} is on no forge, so no pull request can be opened`,
        }
      : { state: 'update', reason: `${tag} is ready to be proposed` };
  }
  const steps = units.map(stepOf);
  const numbers = units.flatMap(({ facts: { open } }) => (open ? [`#${open.number}`] : []));
  if (!steps.every((step) => step === 'none' || step === 'hand-edited'))
    return {
      state: 'update',
      reason:
        numbers.length > 0 ? `${numbers.join(', ')} moves on to ${tag}` : `${tag} is ready to be proposed`,
    };
  const edited = units.find((unit) => stepOf(unit) === 'hand-edited');
  if (!edited) return { state: 'proposed', reason: `${numbers.join(', ')} has it` };
  return {
    state: 'proposed',
    reason: `#${edited.facts.open?.number} has commits of a person and is left alone`,
  };
}

export function stepOf(unit: UnitFacts): ProposalStep {
  return nextStep(unit.unit, unit.facts);
}

function upToDateReason(facts: PairFacts): string {
  const [target] = facts.targets;
  if (!target) return `its image ${facts.image?.releaseTag ?? ''} is built`;
  if (target.current.digest !== undefined && target.current.digest === facts.image?.digest)
    return 'the manifests have this digest';
  return `the manifests have ${short(target.deployedCommit)}, whose inputs are the same`;
}

function short(oid: string | undefined): string {
  return oid?.slice(0, 12) ?? 'an unknown commit';
}

function firstLine(text: string | undefined): string {
  const line = (text ?? '').trim().split('\n').at(-1) ?? '';
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
