import { Option, type Command } from 'commander';
import type { Pair } from '../delivery/pair.ts';
import { selectPair, selectPairs } from '../delivery/select.ts';
import { openDelivery, type DeliveryFlags, type DeliverySession } from './delivery-session.ts';
import { UsageError } from './errors.ts';
import { outputFormats, type OutputFormat } from './output.ts';
import type { SessionOptions } from './session.ts';

/** What every verb of the group takes. */
export interface OutputFlags extends SessionOptions {
  readonly output: OutputFormat;
}

export interface Flags extends DeliveryFlags, OutputFlags {}

export function withSettings(command: Command): Command {
  return command
    .option('--settings <file>', 'settings of this installation (default: slipway.yaml, where there is one)')
    .option('--verbose', 'log what is done, on stderr');
}

export function withOutput(command: Command): Command {
  return withSettings(command).addOption(
    new Option('-o, --output <format>').choices([...outputFormats]).default('table'),
  );
}

export function withConfig(command: Command): Command {
  return withSource(withOutput(command));
}

export function withSource(command: Command): Command {
  return command
    .option(
      '--config <location>',
      'applications.yaml or a Delivery: a path, https://… or git+https://…//PATH?ref=BRANCH (default: $SLIPWAY_CONFIG, delivery.yaml or applications.yaml)',
    )
    .addOption(
      new Option('--inputs <what>', 'context: any change of the build context counts').choices(['context']),
    );
}

/** Examples as help prints them, one per line. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  $ slipway delivery ${line}`).join('\n')}`;
}

/** Opens delivery and the pairs that the patterns name. Throws `UsageError` for those that name none. */
export async function openPairs(
  flags: DeliveryFlags,
  patterns: readonly string[],
): Promise<DeliverySession & { readonly pairs: readonly Pair[] }> {
  return choosing(flags, (all) => {
    const { pairs, problems } = selectPairs(all, patterns);
    if (problems.length > 0) throw new UsageError(problems);
    return { pairs };
  });
}

/** As `openPairs`, for exactly one. */
export async function openPair(
  flags: DeliveryFlags,
  words: readonly [string, string?],
): Promise<DeliverySession & { readonly pair: Pair }> {
  return choosing(flags, (all) => {
    const pair = selectPair(all, words);
    if (typeof pair === 'string') throw new UsageError(pair);
    return { pair };
  });
}

async function choosing<T>(
  flags: DeliveryFlags,
  choose: (pairs: readonly Pair[]) => T,
): Promise<DeliverySession & T> {
  const session = await openDelivery(flags);
  try {
    const { pairs } = await session.source.read(session.signal);
    return { ...session, ...choose(pairs) };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}
