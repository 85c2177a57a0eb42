import { Command } from 'commander';
import { cancelBuilds } from '../delivery/newest-build.ts';
import { pairPath } from '../delivery/select.ts';
import { examples, openPair, withConfig, type Flags } from './delivery-flags.ts';
import { print } from './output.ts';

export function cancelCommand(): Command {
  return withConfig(new Command('cancel'))
    .description(
      'end the build of a pair that is under way; it is not started again until a person says retry',
    )
    .argument('<application>', 'an application, or VERSION/APPLICATION')
    .argument('[version]', 'its version, where there is more than one')
    .addHelpText('after', examples('cancel kfam v1-1', 'cancel v1-1/kfam -o json'))
    .action(async (first: string, second: string | undefined, flags: Flags) => {
      await using session = await openPair(flags, [first, second]);
      const { pair, home, signal } = session;
      const { application, version } = pair;
      const cancelled = await cancelBuilds(pair, home, signal);
      print(flags.output, { application, version, cancelled }, () =>
        cancelled.length === 0
          ? `${pairPath(pair)}: no build of ours is under way`
          : cancelled.map((name) => `${pairPath(pair)}: cancelled build ${name}`).join('\n'),
      );
    });
}
