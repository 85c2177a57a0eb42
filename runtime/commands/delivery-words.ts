import { Command, InvalidArgumentError } from 'commander';
import type { Pair } from '../delivery/pair.ts';
import { tell, type Word } from '../delivery/people.ts';
import { pairPath } from '../delivery/select.ts';
import { parseUntil } from '../delivery/until.ts';
import { examples, openPairs, withConfig, type Flags } from './delivery-flags.ts';
import { UsageError } from './errors.ts';
import { print } from './output.ts';

const pairsArgument = 'VERSION/APPLICATION, globs allowed; or the name of a version or application alone';

/** Says the same word of every pair that is named, and tells what was said. */
async function say(
  flags: Flags,
  patterns: readonly string[],
  word: (now: number) => Word,
  told: string,
): Promise<void> {
  await using session = await openPairs(flags, patterns);
  const { home, pairs, signal } = session;
  const said = word(home.clock.now());
  for (const pair of pairs) await tell(home.objects, pair, said, signal);
  const { say: verb, ...details } = said;
  const names = pairs.map(({ application, version }) => ({ application, version }));
  print(flags.output, { said: verb, ...details, pairs: names }, () => lines(pairs, told));
}

function lines(pairs: readonly Pair[], told: string): string {
  return pairs.map((pair) => `${pairPath(pair)}: ${told}`).join('\n');
}

export function retryCommand(): Command {
  return withConfig(new Command('retry'))
    .description('forget failures, cancellations and rejections up to now: the next pass tries again')
    .argument('<pairs...>', pairsArgument)
    .addHelpText('after', examples('retry v1-1/kfam', "retry 'master/*'"))
    .action((patterns: string[], flags: Flags) =>
      say(
        flags,
        patterns,
        (now) => ({ say: 'retry', at: new Date(now).toISOString() }),
        'tried again by the next pass',
      ),
    );
}

export function holdCommand(): Command {
  return withConfig(new Command('hold'))
    .description('leave pairs as they are, for a time or until they are released')
    .argument('<pairs...>', pairsArgument)
    .option('--until <time>', 'a moment (2026-05-01T12:00Z) or a time from now (90m, 7d)')
    .option('--reason <text>', 'shown wherever the pair is')
    .addHelpText(
      'after',
      examples("hold 'v1-1/*' --until 2d --reason 'release freeze'", 'hold master/centraldashboard'),
    )
    .action(async (patterns: string[], flags: Flags & { until?: string; reason?: string }) => {
      const until = flags.until === undefined ? undefined : parseUntil(flags.until, Date.now());
      if (flags.until !== undefined && until === undefined)
        throw new UsageError(
          `--until ${flags.until} is no moment to come; give one such as 2026-05-01T12:00Z, or a time such as 90m or 7d`,
        );
      const { reason } = flags;
      await say(
        flags,
        patterns,
        () => ({ say: 'hold', ...(until && { until }), ...(reason && { reason }) }),
        until ? `held until ${until}` : 'held until it is released',
      );
    });
}

export function releaseCommand(): Command {
  return withConfig(new Command('release'))
    .description('end a hold')
    .argument('<pairs...>', pairsArgument)
    .addHelpText('after', examples("release 'v1-1/*'"))
    .action((patterns: string[], flags: Flags) =>
      say(flags, patterns, () => ({ say: 'release' }), 'held no longer'),
    );
}

export function acceptCommand(): Command {
  return withConfig(new Command('accept'))
    .description('let a source commit replace a newer one that is deployed')
    .argument('<pairs...>', pairsArgument)
    .requiredOption('--commit <commit>', 'the commit to go back to, at least 7 digits of it', commit)
    .addHelpText('after', examples('accept v1-1/kfam --commit 1a2b3c4'))
    .action((patterns: string[], flags: Flags & { readonly commit: string }) =>
      say(flags, patterns, () => ({ say: 'accept', commit: flags.commit }), `may go back to ${flags.commit}`),
    );
}

function commit(text: string): string {
  if (!/^[0-9a-f]{7,64}$/u.test(text)) throw new InvalidArgumentError('must be 7 to 64 hex digits');
  return text;
}
