import { Command, InvalidArgumentError } from 'commander';
import { runPass } from '../control/pass.ts';
import { planDiffs, type BranchDiff } from '../delivery/diff.ts';
import type { DeliveryPlan } from '../delivery/actions.ts';
import { openDelivery } from './delivery-session.ts';
import { examples, withConfig, type Flags } from './delivery-flags.ts';
import { passResult, passStatus, passTable } from './delivery-result.ts';
import { planTable } from './delivery-table.ts';
import { paint, print } from './output.ts';
import { passProgress } from './progress.ts';

export function planCommand(): Command {
  return withConfig(new Command('plan'))
    .description('show the state of every pair and what apply would do next; changes nothing')
    .option('--diff', 'show the changes of the files that a push would make, too')
    .addHelpText(
      'after',
      examples(
        'plan --config applications.yaml',
        'plan --config delivery.yaml --diff',
        'plan -o json | jq .actions',
      ),
    )
    .action(async (flags: Flags & { readonly diff?: boolean }) => {
      await using session = await openDelivery(flags);
      const { home, signal, logger } = session;
      const pass = { clock: home.clock, signal, logger, wait: false, suspended: true };
      const plan: DeliveryPlan = (await runPass(session.system, pass)).plan;
      const diffs = flags.diff ? await planDiffs(plan, home.git, signal) : undefined;
      print(flags.output, { ...plan, ...(diffs && { diffs }) }, () =>
        [planTable(plan), ...(diffs ? diffParts(diffs) : [])].join('\n\n'),
      );
    });
}

function diffParts(diffs: readonly BranchDiff[]): readonly string[] {
  return diffs.length === 0 ? ['No push is due, so there is no diff.'] : diffs.map(coloured);
}

function coloured({ repository, branch, diff }: BranchDiff): string {
  const lines = diff
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (/^(\+\+\+|---) /u.test(line)) return paint('bold', line);
      if (line.startsWith('+')) return paint('green', line);
      return line.startsWith('-') ? paint('red', line) : line;
    });
  return [paint('bold', `${repository} ${branch}`), ...lines].join('\n');
}

export function applyCommand(): Command {
  return withConfig(new Command('apply'))
    .description('build, retag and propose until nothing is left to do')
    .option('--deadline <seconds>', 'stop gracefully after this time', seconds)
    .addHelpText(
      'after',
      examples(
        'apply --config applications.yaml',
        'apply --config delivery.yaml --settings slipway.yaml -o json',
      ),
    )
    .action(async (flags: Flags & { readonly deadline?: number }) => {
      await using session = await openDelivery(flags);
      const { home, signal, logger, settings } = session;
      const suspended = settings.suspend ?? false;
      const progress = await passProgress(flags.output === 'table');
      const deadline = flags.deadline ?? settings.limits?.pass;
      const result = await runPass(session.system, {
        clock: home.clock,
        signal,
        logger,
        wait: true,
        concurrency: settings.limits?.actions ?? 4,
        suspended,
        ...(deadline && { deadline }),
        onRound: progress.round,
      }).finally(() => progress.end());
      print(flags.output, passResult(result, suspended), () => passTable(result, suspended));
      process.exitCode = passStatus(result);
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('must be a number of seconds');
  return value * 1000;
}
