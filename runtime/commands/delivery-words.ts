import { Command, InvalidArgumentError } from 'commander';
import type { StoredPair } from '../delivery/observed.ts';
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
  told: (before: StoredPair | undefined) => string,
): Promise<void> {
  await using session = await openPairs(flags, patterns);
  const { home, pairs, signal } = session;
  const said = word(home.clock.now());
  const answers: { application: string; version: string; told: string }[] = [];
  for (const { application, version } of pairs) {
    const before = await tell(home.objects, { application, version }, said, signal);
    answers.push({ application, version, told: told(before) });
  }
  const { say: verb, ...details } = said;
  print(flags.output, { said: verb, ...details, pairs: answers }, () =>
    answers.map((answer) => `${pairPath(answer)}: ${answer.told}`).join('\n'),
  );
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
        (before) =>
          hasFailed(before)
            ? 'tried again by the next pass'
            : 'nothing to retry; the next pass asks for its image again',
      ),
    );
}

/** As of the last look: what is under way may have failed since. */
function hasFailed(before: StoredPair | undefined): boolean {
  const state = before?.status?.state;
  return state !== undefined && ['failed', 'rejected', 'building', 'held', 'blocked'].includes(state);
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
        () => (until ? `held until ${until}` : 'held until it is released'),
      );
    });
}

export function releaseCommand(): Command {
  return withConfig(new Command('release'))
    .description('end a hold')
    .argument('<pairs...>', pairsArgument)
    .addHelpText('after', examples("release 'v1-1/*'"))
    .action((patterns: string[], flags: Flags) =>
      say(
        flags,
        patterns,
        () => ({ say: 'release' }),
        (before) => (before?.spec.hold ? 'held no longer' : 'is not held'),
      ),
    );
}

export function acceptCommand(): Command {
  return withConfig(new Command('accept'))
    .description('let a source commit replace a newer one that is deployed')
    .argument('<pairs...>', pairsArgument)
    .requiredOption('--commit <commit>', 'the commit to go back to, at least 7 digits of it', commit)
    .addHelpText('after', examples('accept v1-1/kfam --commit 1a2b3c4'))
    .action((patterns: string[], flags: Flags & { readonly commit: string }) =>
      say(
        flags,
        patterns,
        () => ({ say: 'accept', commit: flags.commit }),
        () => `may go back to ${flags.commit}`,
      ),
    );
}

function commit(text: string): string {
  if (!/^[0-9a-f]{7,64}$/u.test(text)) throw new InvalidArgumentError('must be 7 to 64 hex digits');
  return text;
}
