import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { classify } from './classify.ts';
import type { Failure, Outcome } from './classify.ts';
import { readDigest } from './digest.ts';
import { isCode } from './folder.ts';
import type { BuildFolder } from './folder.ts';
import { LogWriter, lastLines } from './log.ts';
import { endBelongings } from './processes.ts';
import { needsSource } from './records.ts';
import type { BuildRecord, ProcessIdentity, Result } from './records.ts';
import { locateSource } from './source.ts';
import { registriesConf } from './containers.ts';
import type { Step } from './step.ts';
import { stepsOf } from './steps.ts';

/** Between TERM and KILL, in milliseconds. */
const GRACE = 5000;
/** Of a step's stdout, whose end may tell the digest. */
const STDOUT_KEPT = 64 * 1024;

type Ending = Omit<Result, 'finishedAt'>;
type Ended = Omit<Outcome, 'tool' | 'phase' | 'tail'> & { readonly stdout: string };

/** Runs the steps of a build in this process group. Leaves no process behind; never throws for what a build can do. */
export async function runBuild(
  folder: BuildFolder,
  record: BuildRecord,
  shim: ProcessIdentity,
  cancelled: AbortSignal,
): Promise<Ending> {
  const log = new LogWriter(folder.log);
  const timedOut = AbortSignal.timeout(record.timeout);
  const ended = AbortSignal.any([cancelled, timedOut]);
  const stop = (): void => void endBelongings(shim, folder.path, GRACE);
  ended.addEventListener('abort', stop, { once: true });
  try {
    const ending = await runSteps(folder, record, log, { ended, stop });
    if (cancelled.aborted) return { phase: 'cancelled' };
    if (timedOut.aborted) return failed(timeoutFailure(record, log));
    return ending;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return failed({ kind: 'transient', reason: reasonOf(error), message: lastLines(said) });
  } finally {
    // A daemon that the build left behind would keep the machine busy, and its ports taken.
    await endBelongings(shim, folder.path, cancelled.aborted || timedOut.aborted ? GRACE : 0);
    log.close();
  }
}

async function runSteps(
  folder: BuildFolder,
  record: BuildRecord,
  log: LogWriter,
  { ended, stop }: { readonly ended: AbortSignal; readonly stop: () => void },
): Promise<Ending> {
  await mkdir(folder.work, { recursive: true });
  const { source } = record.request;
  const isWritten = needsSource(record.tool);
  const { context, dockerfile } = isWritten ? locateSource(folder.source, source) : source;
  const problem = isWritten ? await dockerfileProblem(folder.source, dockerfile) : undefined;
  if (problem !== undefined) {
    return failed({
      kind: 'permanent',
      reason: 'DockerfileMissing',
      message: `${source.dockerfile} ${problem}`,
    });
  }
  const environment = await environmentOf(folder, record);
  const steps = stepsOf({ record, context, dockerfile, work: folder.work });
  const run = (step: Step): Promise<Ended> =>
    runStep(step, folder.work, environment, log, () => {
      // Its process was not there yet when the others were ended.
      if (ended.aborted && step.phase !== 'clean-up') stop();
    });
  const digests: string[] = [];
  let built: string | undefined;
  try {
    for (const step of steps.filter(({ phase }) => phase !== 'clean-up')) {
      if (ended.aborted) break;
      const end = await run(step);
      if (end.status !== 0) {
        // Where the context lay on this machine says nothing to a reader, and differs between equal failures.
        const tail = isWritten ? log.tail.replaceAll(context, '.') : log.tail;
        return failed(classify({ tool: record.tool.name, phase: step.phase, tail, ...end }));
      }
      built ??= end.stdout;
      if (step.digest === undefined) continue;
      const digest = await readDigest(step.digest, end.stdout);
      if (digest === undefined) return failed(noDigest(record, step, log));
      digests.push(digest);
    }
  } finally {
    // Its own failure is in the log, and is no reason to build again.
    if (built !== undefined) {
      for (const step of steps.filter(({ phase }) => phase === 'clean-up')) await run(cleaning(step, built));
    }
  }
  return sameDigest(digests);
}

function cleaning(step: Step, built: string): Step {
  if (step.appendsBuiltImages !== true) return step;
  return { ...step, argv: [...step.argv, ...new Set(built.match(/^[0-9a-f]{64}$/gm))] };
}

function noDigest(record: BuildRecord, step: Step, log: LogWriter): Failure {
  const said = `${step.argv[0] ?? ''} ended well but told no digest ("sha256:" and 64 hex digits). ${lastLines(log.tail)}`;
  const kind = record.tool.name === 'command' ? 'permanent' : 'transient';
  return { kind, reason: 'DigestMissing', message: lastLines(said) };
}

function sameDigest(digests: readonly string[]): Ending {
  const [digest] = digests;
  if (digest !== undefined && digests.every((one) => one === digest)) return { phase: 'succeeded', digest };
  return failed({
    kind: 'transient',
    reason: 'DigestMismatch',
    message: `The tags were pushed under different digests: ${digests.join(', ')}`,
  });
}

/** One process; its output goes to the log. Rejects when it cannot be started. */
async function runStep(
  step: Step,
  directory: string,
  environment: Record<string, string>,
  log: LogWriter,
  onSpawn: () => void,
): Promise<Ended> {
  const [file = '', ...args] = step.argv;
  const child = spawn(file, args, { cwd: directory, env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log.write(chunk);
    stdout = (stdout + chunk.toString('latin1')).slice(-STDOUT_KEPT);
  });
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk));
  child.stdin.on('error', (error) => {
    // A command need not read its input.
    if (!isCode(error, 'EPIPE', 'ECONNRESET')) log.write(Buffer.from(`${error.message}\n`));
  });
  child.stdin.end(step.stdin ?? '');
  await once(child, 'spawn');
  onSpawn();
  // `exit`, not `close`: a daemon that kept the pipes open must not keep the build open.
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  await drained(child.stdout, child.stderr);
  return { status, signal, stdout };
}

/** What was written before the end is still in the pipes; a daemon may keep them open for ever. */
async function drained(...streams: readonly NodeJS.ReadableStream[]): Promise<void> {
  const ends = streams.map((stream) =>
    stream.readable ? new Promise((resolve) => stream.once('end', resolve)) : Promise.resolve(undefined),
  );
  const patience = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => patience.resolve(undefined), 1000);
  await Promise.race([Promise.all(ends), patience.promise]);
  clearTimeout(timer);
}

/** A link that leads out of the source would make the builder read this machine's files. */
async function dockerfileProblem(source: string, dockerfile: string): Promise<string | undefined> {
  try {
    const inside = relative(await realpath(source), await realpath(dockerfile));
    return inside.startsWith(`..${sep}`) ? 'is a link that leads out of the repository' : undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return 'does not exist at this commit';
    throw error;
  }
}

/** The shim was started with the allowed variables alone; podman and buildah read about registries in a file. */
async function environmentOf(folder: BuildFolder, record: BuildRecord): Promise<Record<string, string>> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const { name } = record.tool;
  if (name !== 'podman' && name !== 'buildah') return environment;
  const path = join(folder.work, 'registries.conf');
  const own = await firstText([
    environment['CONTAINERS_REGISTRIES_CONF'],
    join(environment['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'containers', 'registries.conf'),
    '/etc/containers/registries.conf',
  ]);
  await writeFile(path, registriesConf(own, record.location));
  return { ...environment, CONTAINERS_REGISTRIES_CONF: path };
}

async function firstText(paths: readonly (string | undefined)[]): Promise<string> {
  for (const path of paths) {
    if (path === undefined) continue;
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }
  return '';
}

function failed(failure: Failure): Ending {
  return { phase: 'failed', failure };
}

function timeoutFailure(record: BuildRecord, log: LogWriter): Failure {
  const said = `${lastLines(log.tail)}\nIt did not end within ${Math.ceil(record.timeout / 1000)} s.`;
  return { kind: 'transient', reason: 'TimedOut', message: lastLines(said) };
}

function reasonOf(error: unknown): string {
  if (isCode(error, 'ENOSPC', 'EDQUOT')) return 'DiskFull';
  return isCode(error, 'ENOENT', 'EACCES') ? 'BuilderMissing' : 'BuilderBroken';
}
