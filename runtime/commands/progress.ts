import ora from 'ora';
import type { Plan } from '../control/plan.ts';
import type { Outcome } from '../control/history.ts';

/** Tells a person what a pass is doing, on stderr: with a spinner on a terminal, else by lines. Silent unless enabled. */
export function passProgress(enabled: boolean) {
  const isTerminal = enabled && process.stderr.isTTY;
  const spinner = ora({ text: 'looking at sources, manifests and pull requests', isSilent: !isTerminal });
  spinner.start();
  return {
    round: (plan: Plan, outcomes: readonly Outcome[]): void => {
      for (const { action, outcome } of outcomes) {
        const line = `${action.kind}: ${action.why}`;
        if (outcome === 'failed') spinner.fail(line).start();
        else if (outcome === 'done') spinner.succeed(line).start();
        if (enabled && !isTerminal) process.stderr.write(`${outcome}: ${line}\n`);
      }
      const building = plan.items.filter(({ state }) => state === 'building');
      spinner.text = building.length > 0 ? `${building.length} building` : 'looking again';
    },
    end: () => void spinner.stop(),
  };
}
