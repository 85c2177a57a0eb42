import { execa } from 'execa';

/**
 * The environment of every git process here: nothing of the machine's or the user's configuration, so that the forge
 * answers alike everywhere, and settings given from outside, so that the repositories stay as they are.
 */
export function gitEnvironment(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
  const all = Object.entries({ 'safe.directory': '*', 'gc.auto': '0', ...settings });
  return {
    PATH: process.env['PATH'] ?? '',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

export interface GitAnswer {
  readonly ok: boolean;
  readonly output: string;
}

const TIMEOUT = 60_000;

/** Runs git in a bare repository; an exit status other than 0 is an answer too (`ok: false`). */
export async function tryGit(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<GitAnswer> {
  const { exitCode, stdout, stderr } = await execa('git', [`--git-dir=${directory}`, ...args], {
    env: { ...gitEnvironment(), ...environment },
    extendEnv: false,
    reject: false,
    timeout: TIMEOUT,
  });
  if (exitCode === undefined) throw new Error(`git ${args[0] ?? ''} in ${directory} did not end: ${stderr}`);
  return { ok: exitCode === 0, output: exitCode === 0 ? stdout : `${stdout}${stderr}` };
}

/** As `tryGit`, for commands that only a defect makes fail. */
export async function git(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { ok, output } = await tryGit(directory, args, environment);
  if (!ok) throw new Error(`git ${args.join(' ')} failed in ${directory}: ${output}`);
  return output;
}

/** `ENOENT` and its like. */
export function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
