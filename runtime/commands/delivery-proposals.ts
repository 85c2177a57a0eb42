import { Command, InvalidArgumentError } from 'commander';
import { runPass } from '../control/pass.ts';
import { Closings } from '../delivery/closings.ts';
import { OnePair } from '../delivery/one-pair.ts';
import { pairName, type Pair } from '../delivery/pair.ts';
import { adoptPublished, type PublishedImage } from '../delivery/published.ts';
import { scopeOf } from '../delivery/scope.ts';
import { DeliverySystem } from '../delivery/system.ts';
import { deliveryOptions, openDelivery, type DeliverySession } from './delivery-session.ts';
import { examples, openPair, withConfig, type Flags } from './delivery-flags.ts';
import { messageOf, outcomeResult, passResult, passStatus, passTable } from './delivery-result.ts';
import { exitStatus } from './errors.ts';
import { paint, print, renderTable } from './output.ts';

interface UpdateFlags extends Flags, PublishedImage {
  readonly application: string;
  readonly version: string;
}

export function updateManifestsCommand(): Command {
  return withConfig(new Command('update-manifests'))
    .description("propose the manifests of one pair for an image just published: a pipeline's last task")
    .requiredOption('--application <name>', 'as the config names it')
    .requiredOption('--version <name>', 'as the config names it')
    .requiredOption('--digest <digest>', 'of the published image, sha256:…', digest)
    .option('--commit <commit>', 'source commit that it was built from (default: the one its tag names)')
    .addHelpText(
      'after',
      `\nThe image is taken when the registry has it and it was built from the inputs that are wanted now.\n${examples(
        'update-manifests --application kfam --version v1-1 --digest sha256:… --commit 1a2b3c4',
      )}`,
    )
    .action(async (flags: UpdateFlags) => {
      await using session = await openPair(flags, [flags.application, flags.version]);
      const { home, pair, settings, signal, logger } = session;
      const suspended = settings.suspend ?? false;
      // One pair has no other builds to wait for.
      const options = { ...deliveryOptions(settings), batchWindow: 0 };
      const system = new DeliverySystem((inner) => session.source.read(inner), home, options);
      if (!suspended) await adopt(system, session, pair, flags);
      const result = await runPass(new OnePair(system, pair, 'pull-request'), {
        clock: home.clock,
        signal,
        logger,
        wait: false,
        suspended,
      });
      print(flags.output, passResult(result, suspended), () => passTable(result, suspended));
      const [item] = result.plan.items;
      const isProposed =
        (item?.pullRequests.length ?? 0) > 0 || item?.state === 'up-to-date' || item?.state === 'rejected';
      process.exitCode = passStatus(result) || (isProposed ? exitStatus.done : exitStatus.partly);
    });
}

async function adopt(
  system: DeliverySystem,
  { home, source, signal }: DeliverySession,
  pair: Pair,
  image: PublishedImage,
): Promise<void> {
  const observed = await system.observe(scopeOf(await source.read(signal), pair), signal);
  const facts = observed.pairs.get(pairName(pair));
  if (facts) await adoptPublished(facts, image, home.registry, signal);
}

function digest(text: string): string {
  if (!/^sha256:[0-9a-f]{64}$/u.test(text))
    throw new InvalidArgumentError('must be sha256: and 64 hex digits');
  return text;
}

export function closeSupersededCommand(): Command {
  return withConfig(new Command('close-superseded'))
    .description(
      'close open pull requests of ours that a newer one replaces or whose content the branch has, also those of the original tools (update_IMAGE_TAG)',
    )
    .option('--dry-run', 'say what would be closed, and close nothing')
    .addHelpText('after', examples('close-superseded --dry-run', 'close-superseded -o json'))
    .action(async (flags: Flags & { readonly dryRun?: boolean }) => {
      await using session = await openDelivery(flags);
      const { home, signal, logger, settings, system } = session;
      const dryRun = (flags.dryRun ?? false) || (settings.suspend ?? false);
      const options = deliveryOptions(settings);
      const result = await runPass(new Closings(system, home, options), {
        clock: home.clock,
        signal,
        logger,
        wait: false,
        suspended: dryRun,
      });
      const outcomes = result.outcomes.map(outcomeResult);
      const planned = result.plan.actions.map(({ key, kind, why }) => ({ key, kind, why }));
      const value = dryRun ? { dryRun, closings: planned } : { dryRun, closings: outcomes };
      print(flags.output, value, () => closingsTable(value.closings, dryRun));
      if (result.stopped) process.exitCode = exitStatus.failed;
      else if (outcomes.some(({ outcome }) => outcome === 'failed')) process.exitCode = exitStatus.partly;
    });
}

function closingsTable(
  closings: readonly { readonly why: string; readonly outcome?: string; readonly error?: string }[],
  dryRun: boolean,
): string {
  if (closings.length === 0) return 'No pull request is superseded.';
  return renderTable(
    ['CLOSED', 'WHY'],
    closings.map(({ why, outcome, error }) => [
      dryRun ? 'would be' : outcome === 'failed' ? paint('red', 'failed') : (outcome ?? ''),
      error === undefined ? why : `${why}; ${messageOf(error)}`,
    ]),
  );
}
