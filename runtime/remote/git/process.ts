import { existsSync } from 'node:fs';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { type Fault, PortError } from '../../ports/errors.ts';

/** How long a process that was asked to end may take to remove its lock files, in milliseconds. */
const GRACE = 2_000;
const STDERR_LIMIT = 64 * 1024;

export interface Run {
  /** Written to the standard input, which is then closed. */
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** The repository that the call is about, for errors and observers. */
  readonly subject: string;
}

/** Called for each git process that starts. */
export type Observer = (what: { readonly command: string; readonly repository: string }) => void;

export interface Output {
  readonly code: number;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

export interface RunnerOptions {
  /** Where git runs; no repository above it is considered. */
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds per process. */
  readonly timeout: number;
  readonly onCall: Observer;
}

/**
 * Applied to every command, whatever a person's configuration says: no hook and no monitor runs,
 * and nothing is packed or deleted behind our back.
 */
const CONFIG = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.version=2',
  'http.lowSpeedLimit=100',
  'http.lowSpeedTime=60',
].flatMap((setting) => ['-c', setting]);

/** What may pass from the caller's environment among git's own variables; the rest names other repositories. */
const KEPT =
  /^GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|SSL_\w+|SSH(_\w+)?|PROXY_\w+|EXEC_PATH)$/;

/** Runs git: never interactive, in a process group of its own, with a time limit. */
export class GitRunner {
  readonly #options: RunnerOptions;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #closing = new AbortController();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#environment = {
      ...Object.fromEntries(
        Object.entries(options.environment).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name)),
      ),
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '',
      GIT_NO_LAZY_FETCH: '1',
      GIT_NO_REPLACE_OBJECTS: '1',
      GIT_CEILING_DIRECTORIES: options.cwd.replace(/\/[^/]*$/, '') || '/',
      // no protocol has this name: a command that should stay here cannot reach out
      GIT_ALLOW_PROTOCOL: 'none',
    };
  }

  /** Ends every running process and refuses new ones. */
  close(): void {
    this.#closing.abort();
  }

  /** A process to talk with. The caller ends it. */
  start(
    args: readonly string[],
    subject: string,
    env: Readonly<Record<string, string>> = {},
  ): ChildProcessWithoutNullStreams {
    this.#options.onCall({ command: commandOf(args), repository: subject });
    return spawn('git', [...CONFIG, ...args], {
      cwd: this.#options.cwd,
      env: { ...this.#environment, ...env },
      detached: true,
      stdio: 'pipe',
    });
  }

  /**
   * Runs to the end, whatever the exit status.
   * @throws PortError `cancelled`, `transient` (time-out, signal), `invalid` (git is missing, arguments too long)
   */
  async run(args: readonly string[], run: Run): Promise<Output> {
    const { timeout } = this.#options;
    const what = `git ${commandOf(args)}`;
    const limits = [this.#closing.signal, AbortSignal.timeout(timeout)];
    const signal = AbortSignal.any(run.signal ? [...limits, run.signal] : limits);
    const ended = (cause?: unknown): PortError =>
      run.signal?.aborted || this.#closing.signal.aborted
        ? new PortError('cancelled', run.subject, `${what} was cancelled`, { cause })
        : new PortError('transient', run.subject, `${what} took longer than ${timeout / 1000} seconds`, {
            cause,
          });
    const isOver = (): boolean => signal.aborted;
    if (isOver()) throw ended();

    const ending = new AbortController();
    try {
      const child = this.start(args, run.subject, run.env);
      signal.addEventListener('abort', () => killGroup(child), { once: true, signal: ending.signal });
      const output = await outputOf(child, run.input, run.subject);
      // a helper that we ended makes git fail in words of its own
      if (output.code !== 0 && isOver()) throw ended();
      return output;
    } catch (error) {
      if (error instanceof PortError && !isOver()) throw error;
      throw isOver() ? ended(error) : this.startFailure(error, run.subject);
    } finally {
      ending.abort();
    }
  }

  startFailure(error: unknown, subject: string): PortError {
    const { code, message } = error as NodeJS.ErrnoException;
    const told = (fault: Fault, reason: string, remedy?: string): PortError =>
      new PortError(fault, subject, `git cannot be started: ${reason}`, {
        cause: error,
        ...(remedy === undefined ? {} : { remedy }),
      });
    if (code === 'ENOENT' && !existsSync(this.#options.cwd))
      return told('transient', `the folder ${this.#options.cwd} was removed`);
    if (code === 'ENOENT') return told('invalid', 'there is no `git` in PATH', 'install git 2.36 or newer');
    if (code === 'E2BIG')
      return told('invalid', 'the list of arguments is too long', 'name directories instead of single files');
    return told('transient', message);
  }
}

/** The subcommand: the first word that is neither an option nor the value of one. */
function commandOf(args: readonly string[]): string {
  return args.find((arg) => /^[a-z]+(-[a-z]+)*$/.test(arg)) ?? '';
}

async function outputOf(
  child: ChildProcessWithoutNullStreams,
  input: string | Buffer | undefined,
  subject: string,
): Promise<Output> {
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-STDERR_LIMIT);
  });
  // git may refuse before it has read everything: its exit status tells
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status === null)
        reject(new PortError('transient', subject, `git was ended by ${signal ?? 'a signal'}`));
      else resolve(status);
    });
  });
  return { code, stdout: Buffer.concat(stdout).toString(), stderr };
}

/** Asks git and its helpers, which may outlive it, to end, so that they remove their lock files, then insists. */
export function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return;
  const group = -child.pid;
  signalGroup(group, 'SIGTERM');
  const insist = setTimeout(() => signalGroup(group, 'SIGKILL'), GRACE);
  child.once('close', () => clearTimeout(insist));
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
