import ora from 'ora';
import type { Item, Action, Plan } from '../control/plan.ts';
import type { Outcome } from '../control/history.ts';

/** Tells a person what a pass is doing, on stderr; silent where nobody reads along. */
export function passProgress(enabled: boolean) {
  const spinner = ora({
    text: 'looking at sources, manifests and pull requests',
    isEnabled: enabled && process.stderr.isTTY,
  });
  if (enabled) spinner.start();
  return {
    round(plan: Plan<Item, Action>, outcomes: readonly Outcome<Action>[]): void {
      if (!enabled) return;
      for (const { action, outcome } of outcomes) {
        const line = `${action.kind}: ${action.why}`;
        if (outcome === 'failed') spinner.fail(line).start();
        else if (outcome === 'done') spinner.succeed(line).start();
      }
      const building = plan.items.filter(({ state }) => state === 'building');
      spinner.text = building.length > 0 ? `${building.length} building` : 'looking again';
    },
    end(): void {
      spinner.stop();
    },
  };
}
