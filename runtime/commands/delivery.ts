import { Command, InvalidArgumentError, Option } from 'commander';
import { runPass, type PassResult } from '../control/pass.ts';
import type { DeliveryAction, DeliveryItem, DeliveryPlan } from '../delivery/actions.ts';
import { exitStatus } from './errors.ts';
import { openDelivery, type DeliveryFlags } from './delivery-session.ts';
import { planTable } from './delivery-table.ts';
import { outputFormats, print, type OutputFormat } from './output.ts';
import { passProgress } from './progress.ts';

interface Flags extends DeliveryFlags {
  readonly output: OutputFormat;
}

/** `slipway delivery`: app CD. */
export function deliveryCommand(): Command {
  const group = new Command('delivery')
    .description('rebuild images whose inputs changed, and propose manifests that use them')
    .showHelpAfterError('(--help shows what it takes)');
  group.addCommand(validateCommand());
  group.addCommand(planCommand());
  group.addCommand(applyCommand());
  return group;
}

function withConfig(command: Command): Command {
  return command
    .requiredOption(
      '--config <location>',
      'applications.yaml or a Delivery: a path, https://… or git+https://…//PATH?ref=BRANCH',
    )
    .option('--settings <file>', 'settings of this installation (default: slipway.yaml, where there is one)')
    .addOption(
      new Option('--inputs <what>', 'context: any change of the build context counts').choices(['context']),
    )
    .addOption(new Option('-o, --output <format>').choices([...outputFormats]).default('table'));
}

function validateCommand(): Command {
  return withConfig(new Command('validate'))
    .description('check a config; every problem is named with file, line and remedy')
    .addHelpText('after', '\nExample:\n  $ slipway delivery validate --config applications.yaml')
    .action(async (flags: Flags) => {
      await using session = await openDelivery(flags);
      const { pairs } = await session.source.read(session.signal);
      const result = {
        valid: true,
        applications: new Set(pairs.map(({ application }) => application)).size,
        versions: new Set(pairs.map(({ version }) => version)).size,
        pairs: pairs.length,
      };
      print(
        flags.output,
        result,
        () =>
          `${flags.config} is valid: ${result.applications} applications, ${result.versions} versions, ${result.pairs} pairs`,
      );
    });
}

function planCommand(): Command {
  return withConfig(new Command('plan'))
    .description('show the state of every pair and what apply would do next; changes nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  $ slipway delivery plan --config applications.yaml\n  $ slipway delivery plan --config delivery.yaml -o json | jq .actions',
    )
    .action(async (flags: Flags) => {
      await using session = await openDelivery(flags);
      const { home, signal, logger } = session;
      const result = await runPass(session.system, {
        clock: home.clock,
        signal,
        logger,
        wait: false,
        suspended: true,
      });
      print(flags.output, result.plan, () => planTable(result.plan));
    });
}

function applyCommand(): Command {
  return withConfig(new Command('apply'))
    .description('build, retag and propose until nothing is left to do')
    .option('--deadline <seconds>', 'stop gracefully after this time', seconds)
    .addHelpText(
      'after',
      '\nExamples:\n  $ slipway delivery apply --config applications.yaml\n  $ slipway delivery apply --config delivery.yaml --settings slipway.yaml -o json',
    )
    .action(async (flags: Flags & { deadline?: number }) => {
      await using session = await openDelivery(flags);
      const { home, signal, logger, settings } = session;
      const progress = passProgress(flags.output === 'table');
      const deadline = flags.deadline ?? settings.limits?.pass;
      const result = await runPass(session.system, {
        clock: home.clock,
        signal,
        logger,
        wait: true,
        concurrency: settings.limits?.actions ?? 4,
        suspended: settings.suspend ?? false,
        ...(deadline && { deadline }),
        onRound: progress.round,
      }).finally(() => progress.end());
      print(flags.output, applyResult(result), () => planTable(result.plan));
      process.exitCode = statusOf(result);
    });
}

/** The plan as it stands at the end, with what was done on the way. */
function applyResult(result: PassResult<DeliveryItem, DeliveryAction>) {
  return {
    ...(result.plan as DeliveryPlan),
    settled: result.settled,
    rounds: result.rounds,
    outcomes: result.outcomes.map(({ action, outcome, error }) => ({
      key: action.key,
      kind: action.kind,
      why: action.why,
      outcome,
      ...(error !== undefined && { error: error instanceof Error ? error.message : String(error) }),
    })),
  };
}

function statusOf({ plan, outcomes, stopped }: PassResult<DeliveryItem, DeliveryAction>): number {
  if (stopped !== undefined) return exitStatus.failed;
  const failed =
    outcomes.some(({ outcome }) => outcome === 'failed') ||
    plan.items.some(({ state, unreadable }) => state === 'failed' || unreadable === true);
  return failed ? exitStatus.partly : exitStatus.done;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('must be a number of seconds');
  return value * 1000;
}
