import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));

/** How a command line ended. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Working folder. */
  readonly cwd: string;
  /** Added to PATH and HOME (the working folder), which is all that the command gets of this machine. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs `slipway <args>` as a process of its own, as a person does. */
export async function slipway(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { cwd, environment, stdin = '' } = options;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_NOSYSTEM: '1', ...environment },
  });
  child.stdin.on('error', () => undefined); // it need not read what it is given
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}
