import { isDeepStrictEqual } from 'node:util';
import ora from 'ora';
import { doneLine } from '../../runtime/commands/delivery-outcomes.ts';
import { paint } from '../../runtime/commands/output.ts';
import type { DeliveryPlan } from '../../runtime/delivery/actions.ts';
import type { OnRound } from './delivery.ts';

let headings = 0;

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Begins a step. */
export function heading(title: string, ...story: readonly string[]): void {
  headings += 1;
  say();
  say(paint('bold', `${headings}. ${title}`));
  for (const line of story) say(line);
}

/** What a person does, or types. */
export function command(text: string): void {
  say(paint('cyan', `$ ${text}`));
}

/** What the demo says of Slipway is not what happened. */
export class ClaimFailed extends Error {}

/** Says what happened, once it is known to be so. Throws `ClaimFailed` otherwise. */
export function claim(sentence: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new ClaimFailed(
      `this should be true: ${sentence}\n  expected ${JSON.stringify(expected)}\n  found    ${JSON.stringify(actual)}`,
    );
  say(`${paint('green', '✓')} ${sentence}`);
}

/** The lines of a diff that say something, without git's index lines. */
export function showDiff(diff: string): void {
  for (const line of diff.trimEnd().split('\n')) {
    if (line.startsWith('diff ') || line.startsWith('index ')) continue;
    const colour = line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : 'gray';
    say(`    ${/^(?:\+\+\+|---)/.test(line) ? paint('bold', line) : paint(colour, line)}`);
  }
}

/** The last lines of a build's log. */
export async function showLog(log: AsyncIterable<string>): Promise<void> {
  let text = '';
  for await (const part of log) text += part;
  for (const line of text.trimEnd().split('\n').slice(-4)) say(`    ${paint('gray', line)}`);
}

/** Lines for what a pass does; on a terminal also what it waits for. */
export function progress(): { readonly onRound: OnRound; readonly end: () => void } {
  const spinner = ora({ text: 'looking', stream: process.stdout, isSilent: !process.stdout.isTTY });
  spinner.start();
  return {
    onRound: (plan, outcomes) => {
      spinner.stop();
      for (const { action, outcome } of outcomes) {
        if (outcome === 'done' && action.kind !== 'prune-build') say(paint('gray', `  ${doneLine(action)}`));
      }
      spinner.text = waitingFor(plan);
      spinner.start();
    },
    end: () => void spinner.stop(),
  };
}

function waitingFor({ items }: DeliveryPlan): string {
  const building = items.filter(({ build }) => build !== undefined);
  if (building.length === 0) return 'looking';
  return `building ${[...new Set(building.map(({ image }) => shortName(image.name)))].join(', ')}`;
}

function shortName(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1);
}
