import { Command } from 'commander';
import { meant, nearest } from '../config/nearest.ts';
import { runPass } from '../control/pass.ts';
import type { DeliveryItem } from '../delivery/actions.ts';
import { logsOf } from '../delivery/newest-build.ts';
import { OnePair } from '../delivery/one-pair.ts';
import { pairName, type Pair } from '../delivery/pair.ts';
import { tell } from '../delivery/people.ts';
import { selectPair } from '../delivery/select.ts';
import { storedStatus } from '../delivery/status.ts';
import {
  examples,
  openPair,
  withConfig,
  type Flags,
  type OutputFlags,
  withSettings,
  withSource,
} from './delivery-flags.ts';
import { openDelivery, usualConfig, type DeliveryFlags, type DeliverySession } from './delivery-session.ts';
import { passResult, passStatus, passTable } from './delivery-result.ts';
import { statusTable } from './delivery-table.ts';
import { exitStatus, UsageError } from './errors.ts';
import { print } from './output.ts';
import { passProgress } from './progress.ts';
import { openSession, type Session } from './session.ts';
import { isFault } from '../ports/index.ts';
import { stateDirectory } from '../home.ts';

export function statusCommand(): Command {
  return withConfig(new Command('status'))
    .description('show how every pair stood when it was last looked at; asks nothing of the outside')
    .addHelpText('after', examples('status', 'status -o json | jq \'.items[] | select(.state == "failed")\''))
    .action(async (flags: OutputFlags) => {
      await using session = await openSession(flags);
      const status = await storedStatus(session.home.objects, session.signal);
      for (const { name, problem } of status.invalid)
        process.stderr.write(`${name}: what is stored of it cannot be read: ${problem}\n`);
      print(flags.output, status, () =>
        status.items.length === 0
          ? `No pair has been looked at yet: nothing is stored in ${stateDirectory(session.settings)}.`
          : statusTable(status.items),
      );
      if (status.invalid.length > 0) process.exitCode = exitStatus.partly;
    });
}

export function logsCommand(): Command {
  return withSource(withSettings(new Command('logs')))
    .description('print the log of the newest build of a pair, or of a build by its name')
    .argument('<application>', 'an application, VERSION/APPLICATION, or the name of a build')
    .argument('[version]', 'its version, where there is more than one')
    .option('-f, --follow', 'until the build ends')
    .addHelpText(
      'after',
      examples('logs kfam v1-1 --follow', 'logs v1-1/kfam', 'logs cd-kfam-v1-1-0a1b2c3d-1'),
    )
    .action(
      async (first: string, second: string | undefined, flags: DeliveryFlags & { follow?: boolean }) => {
        const follow = flags.follow ?? false;
        if (second === undefined && !first.includes('/')) {
          await printLogOf(first, flags, follow);
          return;
        }
        await using session = await openPair(flags, [first, second]);
        await printLog(session, session.pair, follow);
      },
    );
}

/** A word alone is an application of the config, or else the name of a build, which needs no config. */
async function printLogOf(word: string, flags: DeliveryFlags, follow: boolean): Promise<void> {
  if (flags.config === undefined && usualConfig() === undefined) {
    await using session = await openSession(flags);
    await printLog(session, word, follow);
    return;
  }
  await using session = await openDelivery(flags);
  const { pairs } = await session.source.read(session.signal);
  const applications = new Set(pairs.map(({ application }) => application));
  if (!applications.has(word)) {
    await printLog(session, word, follow).catch((error: unknown) => {
      const near = isFault(error, 'not-found') ? meant(nearest(word, applications)) : undefined;
      if (near === undefined) throw error;
      throw new UsageError(`no application and no build has the name ${word}; ${near}`);
    });
    return;
  }
  const pair = selectPair(pairs, [word]);
  if (typeof pair === 'string') throw new UsageError(pair);
  await printLog(session, pair, follow);
}

async function printLog({ home, signal }: Session, subject: Pair | string, follow: boolean): Promise<void> {
  for await (const chunk of logsOf(subject, home, { follow, signal })) process.stdout.write(chunk);
}

export function buildCommand(): Command {
  return withConfig(new Command('build'))
    .description(
      'build the image of one pair now, failed before or not, and wait for it; apply or run proposes it',
    )
    .argument('<application>', 'an application, or VERSION/APPLICATION')
    .argument('[version]', 'its version, where there is more than one')
    .addHelpText('after', examples('build kfam v1-1', 'build kfam', 'build v1-1/kfam -o json'))
    .action(async (first: string, second: string | undefined, flags: Flags) => {
      await using session = await openPair(flags, [first, second]);
      const { pair, settings } = session;
      const suspended = settings.suspend ?? false;
      if (!suspended) await forgiveFailure(session, pair);
      const progress = await passProgress(flags.output === 'table');
      const result = await runPass(new OnePair(session.system, pair, 'image'), {
        clock: session.home.clock,
        signal: session.signal,
        logger: session.logger,
        wait: true,
        suspended,
        onRound: progress.round,
      }).finally(() => progress.end());
      print(flags.output, passResult(result, suspended), () => passTable(result, suspended));
      const item = result.plan.items.find((one) => pairName(one) === pairName(pair));
      process.exitCode = passStatus(result) || (isBuilt(item) ? exitStatus.done : exitStatus.partly);
    });
}

/** A word is said only where it changes something: it also takes back what people have rejected. */
async function forgiveFailure({ home, system, logger, signal }: DeliverySession, pair: Pair): Promise<void> {
  const look = { clock: home.clock, signal, logger, wait: false, suspended: true };
  const { plan } = await runPass(new OnePair(system, pair, 'image'), look);
  const failed = plan.items.filter(({ state }) => state === 'failed');
  const at = new Date(home.clock.now()).toISOString();
  for (const item of failed) await tell(home.objects, item, { say: 'retry', at }, signal);
}

function isBuilt(item: DeliveryItem | undefined): boolean {
  return item !== undefined && !['skipped', 'held', 'blocked', 'failed', 'build'].includes(item.state);
}
