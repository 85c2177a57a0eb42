import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { SecretReference, Settings } from '../api/settings.ts';
import { forgeSettings, stateDirectory } from '../home.ts';
import { failed, ok, type Check, type Finding } from './doctor-run.ts';

const run = promisify(execFile);

/** What this machine must bring. */
export function machineChecks(settings: Settings): readonly Check[] {
  return [
    {
      area: 'node',
      subject: process.execPath,
      run: () => Promise.resolve(nodeFinding(process.versions.node)),
    },
    { area: 'git', subject: 'git', run: findGit },
    { area: 'state', subject: stateDirectory(settings), run: () => findState(stateDirectory(settings)) },
  ];
}

export function nodeFinding(version: string): Finding {
  return Number.parseInt(version, 10) >= 24
    ? ok(version)
    : failed(`${version} is too old`, 'install Node.js 24 or newer');
}

async function findGit(signal: AbortSignal): Promise<Finding> {
  try {
    const { stdout } = await run('git', ['--version'], { signal });
    return gitFinding(stdout.trim());
  } catch (error) {
    signal.throwIfAborted();
    return failed(`git does not run: ${codeOf(error)}`, 'install git 2.36 or newer');
  }
}

/** Blobless mirrors are read by `cat-file --batch-command`, which came with 2.36. */
export function gitFinding(said: string): Finding {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(said) ?? [];
  const isEnough = Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 36);
  return isEnough
    ? ok(`${said}, with partial clones`)
    : failed(`${said} is too old for partial clones as they are read here`, 'install git 2.36 or newer');
}

const NEEDED_BYTES = 1024 ** 3;

async function findState(directory: string): Promise<Finding> {
  const present = await nearestPresent(directory);
  try {
    await access(present, constants.W_OK | constants.X_OK);
  } catch (error) {
    return failed(
      `${present} may not be written (${codeOf(error)})`,
      'make it writable for this user, or name another folder as state.directory',
    );
  }
  const { bavail, bsize } = await statfs(present);
  const free = bavail * bsize;
  const words = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  return free < NEEDED_BYTES
    ? failed(`only ${words}`, 'free space on its disk: mirrors and builds need 1 GiB or more')
    : ok(`writable, ${words}`);
}

async function nearestPresent(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) return path;
    return nearestPresent(dirname(path));
  }
}

export interface NamedSecret {
  /** Where in the settings it is referred to: `forges.github.com.token`. */
  readonly name: string;
  /** What cannot be used without it. */
  readonly host: string;
  readonly reference: SecretReference;
}

/** Every secret that the settings refer to. */
export function secretsOf(settings: Settings, environment: NodeJS.ProcessEnv): readonly NamedSecret[] {
  const forges = Object.entries(forgeSettings(settings, environment)).flatMap(([host, { token, app }]) => [
    ...(token ? [{ name: `forges.${host}.token`, host, reference: token }] : []),
    ...(app ? [{ name: `forges.${host}.app.privateKey`, host, reference: app.privateKey }] : []),
  ]);
  const registries = Object.entries(settings.registries ?? {}).flatMap(([host, { password }]) =>
    password ? [{ name: `registries.${host}.password`, host, reference: password }] : [],
  );
  return [...forges, ...registries];
}

export function secretChecks(
  named: readonly NamedSecret[],
  secrets: { read(reference: SecretReference): Promise<string> },
): readonly Check[] {
  return named.map(({ name, reference }) => ({
    area: 'secret',
    subject: name,
    run: async () => {
      await secrets.read(reference);
      return ok(`found in ${placeOf(reference)}`);
    },
  }));
}

function placeOf({ env, file, secretManager }: SecretReference): string {
  if (env !== undefined) return `the environment variable ${env}`;
  return file === undefined ? String(secretManager) : `the file ${file}`;
}

/** Keys that git and ssh read themselves. */
export function keyFileChecks(settings: Settings): readonly Check[] {
  const files = Object.entries(settings.forges ?? {}).flatMap(([host, { ssh }]) =>
    ssh
      ? [
          [`forges.${host}.ssh.key`, ssh.key],
          [`forges.${host}.ssh.knownHosts`, ssh.knownHosts],
        ]
      : [],
  );
  const signing = settings.git?.signing;
  if (signing?.format === 'ssh') files.push(['git.signing.key', signing.key]);
  return files.map(([subject = '', path = '']) => ({
    area: 'key',
    subject,
    run: async () => {
      try {
        await readFile(path);
        return ok(`readable at ${path}`);
      } catch (error) {
        return failed(
          `the file ${path} cannot be read (${codeOf(error)})`,
          'mount or create it, readable for this user',
        );
      }
    },
  }));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
