import type { Outcome } from '../control/history.ts';
import type { PassResult } from '../control/pass.ts';
import type { DeliveryAction, DeliveryItem } from '../delivery/actions.ts';
import { planTable } from './delivery-table.ts';
import { exitStatus } from './errors.ts';
import { paint, renderTable } from './output.ts';

type Result = PassResult<DeliveryItem, DeliveryAction>;

/** The plan as it stands at the end, with what was done on the way. */
export function passResult(result: Result, suspended: boolean) {
  return {
    ...result.plan,
    settled: result.settled,
    suspended,
    rounds: result.rounds,
    outcomes: result.outcomes.map(outcomeResult),
    ...(result.stopped && { stopped: result.stopped }),
  };
}

export function outcomeResult({ action, outcome, error }: Outcome<DeliveryAction>) {
  const { key, kind, why } = action;
  return { key, kind, why, outcome, ...(error !== undefined && { error: messageOf(error) }) };
}

export function passTable(result: Result, suspended: boolean): string {
  const note = paint('yellow', 'Suspended by the settings: nothing was changed.');
  const failed = result.outcomes.filter(({ outcome }) => outcome === 'failed');
  return [
    ...(suspended ? [note] : []),
    planTable(result.plan),
    ...(failed.length > 0
      ? [
          renderTable(
            ['FAILED', 'WHY'],
            failed.map(({ action, error }) => [paint('red', action.kind), messageOf(error)]),
          ),
        ]
      : []),
    ...(result.stopped === undefined ? [] : [paint('yellow', stoppedNote[result.stopped])]),
  ].join('\n\n');
}

const goingOn =
  'started builds go on, and the next pass finds them; `slipway delivery cancel APPLICATION VERSION` ends one.';

const stoppedNote = {
  signal: `Stopped before the end; ${goingOn}`,
  deadline: `The deadline came before the end; ${goingOn}`,
} as const;

/** 1 when it was stopped, 3 when something failed or could not be read. */
export function passStatus({ plan, outcomes, stopped }: Result): number {
  if (stopped !== undefined) return exitStatus.failed;
  const failed =
    outcomes.some(({ outcome }) => outcome === 'failed') ||
    plan.items.some(({ state, unreadable }) => state === 'failed' || unreadable === true);
  return failed ? exitStatus.partly : exitStatus.done;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
