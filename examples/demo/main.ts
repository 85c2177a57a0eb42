// `npm run demo`: the whole job of app CD on this machine, with real builds. See --help.
import { parseArgs } from 'node:util';
import { CannotStart, ensureImageBuilder } from './image-builder.ts';
import { ClaimFailed, say } from './narrate.ts';
import { farewell, invitation } from './next.ts';
import { steps, Walk } from './steps.ts';
import { openWorld } from './world.ts';

const usage = `npm run demo [-- --keep]

Walks through app CD on this machine: a local forge and registry, real repositories, real image builds.
It leaves nothing behind and ends by itself.

  --keep   afterwards leave forge and registry running until Ctrl-C, to look around
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const flags = readFlags();
  if (typeof flags === 'string') {
    process.stderr.write(`${flags}\n\n${usage}`);
    return 2;
  }
  if (flags.help) {
    process.stdout.write(usage);
    return 0;
  }
  const interrupted = onInterrupt();
  try {
    await demo(flags.keep, interrupted);
    return 0;
  } catch (error) {
    return explain(error, interrupted);
  }
}

/** Or what is wrong with them. */
function readFlags(): { readonly keep: boolean; readonly help: boolean } | string {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ options: { keep: flag, help: { ...flag, short: 'h' } } }).values;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

async function demo(keep: boolean, interrupted: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  await using world = await openWorld(interrupted);
  say(`Images are built by ${await ensureImageBuilder(world.home.builder, interrupted)}.`);
  say(`A forge listens at ${world.forge}, a registry at ${world.registry}.`);
  const walk = new Walk(world, interrupted);
  for (const step of steps) await step(walk);
  say();
  say(
    `Every line with a ✓ was checked as it happened. It took ${Math.round((performance.now() - startedAt) / 1000)} s.`,
  );
  if (!keep) {
    farewell();
    return;
  }
  invitation(world);
  await new Promise((resolve) => interrupted.addEventListener('abort', resolve, { once: true }));
}

/** The first Ctrl-C ends everything in order, the second at once. */
function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => controller.abort(new Error(`${name} received`)));
  return controller.signal;
}

function explain(error: unknown, interrupted: AbortSignal): number {
  if (interrupted.aborted) {
    process.stderr.write('\nEnded before its end; nothing is left behind.\n');
    return 130;
  }
  if (error instanceof CannotStart) process.stderr.write(`${error.message}\n`);
  else if (error instanceof ClaimFailed) process.stderr.write(`\nThe demo failed: ${error.message}\n`);
  else
    process.stderr.write(
      `\nThe demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  return 1;
}
