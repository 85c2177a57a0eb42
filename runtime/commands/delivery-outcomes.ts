import type { Outcome } from '../control/history.ts';
import type { DeliveryAction } from '../delivery/actions.ts';
import { messageOf } from './delivery-result.ts';
import { count } from './output.ts';

/** How an action ended, in one line for a person. */
export function outcomeLine({ action, outcome, error }: Outcome<DeliveryAction>): string {
  switch (outcome) {
    case 'done':
      return doneLine(action);
    case 'failed':
      return `failed: ${effect(action).join(' ')}: ${messageOf(error)}`;
    case 'superseded':
      return `no longer needed: ${effect(action).join(' ')}`;
  }
}

/** What an action has done: a build has been started, not finished. */
export function doneLine(action: DeliveryAction): string {
  const [verb, object] = effect(action);
  return `${past[verb]} ${object}`;
}

const past = {
  start: 'started',
  tag: 'tagged',
  push: 'pushed',
  open: 'opened',
  update: 'updated',
  close: 'closed',
  remove: 'removed',
} as const;

function effect(action: DeliveryAction): readonly [keyof typeof past, string] {
  switch (action.kind) {
    case 'build':
      return ['start', `build ${action.request.name}`];
    case 'retag':
      return ['tag', `${action.image}:${action.tag}`];
    case 'push': {
      const { branches, deletions, target } = action;
      const served = count(deletions.length, 'branch that has served', 'branches that have served');
      if (branches.length === 0) return ['remove', `${served} from ${target}`];
      const pushed = `${count(branches.length, 'branch', 'branches')} to ${target}`;
      return ['push', deletions.length > 0 ? `${pushed}, without ${served}` : pushed];
    }
    case 'open-pull-request':
      return ['open', `a pull request for ${action.head.branch}`];
    case 'describe-pull-request':
      return ['update', `#${action.number}`];
    case 'close-pull-request':
      return ['close', `#${action.number}`];
    case 'prune-build':
      return ['remove', `build ${action.name}`];
  }
}
