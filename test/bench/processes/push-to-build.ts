// Drives a delivery as `run` does, wakes it after each push, and prints a `PushReport`.
// Arguments: config, settings, file that the builder writes its requests to, clones (JSON of `PushedClone[]`).
import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { runLoop } from '../../../runtime/control/loop.ts';
import { openDelivery } from '../../../runtime/commands/delivery-session.ts';
import { tell } from '../../../runtime/delivery/people.ts';

/** A clone, the application to change in it, and an input of that. */
export interface PushedClone {
  readonly folder: string;
  readonly application: string;
  readonly input: string;
}

export interface PushReport {
  /** Milliseconds from the end of each `git push` to the builder's first deed. */
  readonly milliseconds: readonly number[];
}

const POLL = 2;
const PATIENCE = 60_000;

const [config = '', settings = '', ledger = '', clonesJson = '[]'] = process.argv.slice(2);
const clones = JSON.parse(clonesJson) as readonly PushedClone[];
await using session = await openDelivery({ config, settings });
const { home, source, system, logger, signal } = session;

// Everything else stays as it is: only what is pushed is to be built.
const pushed = new Set(clones.map(({ application }) => application));
for (const pair of (await source.read(signal)).pairs)
  if (!pushed.has(pair.application))
    await tell(home.objects, pair, { say: 'hold', reason: 'not pushed' }, signal);

const stop = new AbortController();
const loop = runLoop({
  systems: [{ system, interval: PATIENCE * 60 }],
  clock: home.clock,
  signal: stop.signal,
  logger,
});
const milliseconds: number[] = [];
for (const clone of clones) {
  await until(() => {
    const [status] = loop.status();
    return status?.finishedAt !== undefined && !status.running && !status.inFlight;
  });
  await commitAndPush(clone);
  const from = performance.now();
  loop.wake(system.name, 'push');
  await until(async () => (await readFile(ledger, 'utf8')).includes(`-${clone.application}-`));
  milliseconds.push(performance.now() - from);
}
stop.abort();
await loop.finished;
const report: PushReport = { milliseconds };
process.stdout.write(`${JSON.stringify(report)}\n`);

async function commitAndPush({ folder, input }: PushedClone): Promise<void> {
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: folder });
  await appendFile(join(folder, input), '// changed\n');
  await git('commit', '--quiet', '--all', '--message', 'Change');
  await git('push', '--quiet', 'origin', 'main');
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('nothing happened');
    await pause(POLL);
  }
}
