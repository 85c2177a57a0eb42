import type { Outcome } from '../control/history.ts';
import type { DeliveryAction, DeliveryPlan } from '../delivery/actions.ts';
import { outcomeLine } from './delivery-outcomes.ts';

/** Told of each round of a pass, as `runPass` tells. */
export interface Progress {
  readonly round: (plan: DeliveryPlan, outcomes: readonly Outcome<DeliveryAction>[]) => void;
  readonly end: () => void;
}

/** Tells a person what a pass is doing, on stderr: with a spinner on a terminal, else by lines. Silent unless enabled. */
export async function passProgress(enabled: boolean): Promise<Progress> {
  if (!enabled) return { round: () => undefined, end: () => undefined };
  return process.stderr.isTTY ? spinning() : { round: writeLines, end: () => undefined };
}

function writeLines(_plan: DeliveryPlan, outcomes: readonly Outcome<DeliveryAction>[]): void {
  for (const outcome of outcomes) process.stderr.write(`${outcomeLine(outcome)}\n`);
}

/** The spinner is loaded where somebody looks at it. */
async function spinning(): Promise<Progress> {
  const { default: ora } = await import('ora');
  const spinner = ora('looking at sources, manifests and pull requests').start();
  return {
    round: (plan, outcomes) => {
      for (const outcome of outcomes) {
        const line = outcomeLine(outcome);
        if (outcome.outcome === 'failed') spinner.fail(line).start();
        else if (outcome.outcome === 'done') spinner.succeed(line).start();
      }
      const building = plan.items.filter(({ state }) => state === 'building');
      spinner.text = building.length > 0 ? `${building.length} building` : 'looking again';
    },
    end: () => void spinner.stop(),
  };
}
