import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import type { Credentials, Lookup } from './lookup.ts';

const HELPER_TIMEOUT_MS = 10_000;
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

const entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const config = z.object({
  auths: z.record(z.string(), entry).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});
type DockerConfig = z.output<typeof config>;

const helperAnswer = z.object({ Username: z.string(), Secret: z.string() });

type Environment = Readonly<Record<string, string | undefined>>;

/** Files that `podman login`, `buildah login` and `docker login` write, in the order they are asked. */
export function configFiles(env: Environment, home = homedir()): readonly string[] {
  const files = [
    env['REGISTRY_AUTH_FILE'],
    join(env['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json'),
  ];
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined) files.push(join(runtime, 'containers', 'auth.json'));
  return files.filter((file) => file !== undefined && file !== '') as string[];
}

/** Finds what `docker login` and its like have stored for a host (`gcr.io`, `127.0.0.1:5000`, `docker.io`). */
export async function dockerCredentials(
  host: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<Lookup> {
  const problems: string[] = [];
  for (const file of configFiles(env)) {
    const read = await readConfig(file);
    if (typeof read === 'string') problems.push(read);
    if (typeof read !== 'object') continue;
    const helper = helperFor(read, host);
    if (helper !== undefined) {
      const answer = await askHelper(helper, serverName(host), env, signal);
      if (typeof answer === 'string') problems.push(answer);
      else if (answer !== undefined) return { credentials: answer, problems };
    }
    const stored = storedCredentials(read, host);
    if (stored !== undefined) return { credentials: stored, problems };
  }
  return { credentials: undefined, problems };
}

/** The config, a sentence about what is wrong with it, or undefined when there is no such file. */
async function readConfig(file: string): Promise<DockerConfig | string | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : `${file} cannot be read (${code})`;
  }
  // Neither message quotes the file: it holds passwords.
  try {
    const parsed = config.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : `${file} is not a Docker configuration`;
  } catch {
    return `${file} is not JSON`;
  }
}

/** Docker Hub is stored under its old address. */
function serverName(host: string): string {
  return host === 'docker.io' ? DOCKER_HUB_KEY : host;
}

export function helperFor(read: DockerConfig, host: string): string | undefined {
  const helpers = read.credHelpers ?? {};
  for (const key of [serverName(host), host]) {
    if (Object.hasOwn(helpers, key)) return helpers[key];
  }
  return read.credsStore;
}

export function storedCredentials(read: DockerConfig, host: string): Credentials | undefined {
  const found = Object.entries(read.auths ?? {}).find(([key]) => hostOfKey(key) === host)?.[1];
  if (found === undefined) return undefined;
  if (found.identitytoken !== undefined && found.identitytoken !== '') {
    return { kind: 'refresh-token', token: found.identitytoken };
  }
  const decoded = Buffer.from(found.auth ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const username = found.username ?? decoded.slice(0, Math.max(0, colon));
  const password = found.password ?? decoded.slice(colon + 1).replace(/\0+$/, '');
  return username === '' ? undefined : { kind: 'password', username, password };
}

/** Keys are hosts, or the addresses of older versions: `https://gcr.io/v2/`. */
function hostOfKey(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

/** Credentials, a sentence about why the helper failed, or undefined when it knows none. */
async function askHelper(
  helper: string,
  server: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<Credentials | string | undefined> {
  if (!/^[\w.-]+$/.test(helper)) return `"${helper}" is not the name of a credential helper`;
  const command = `docker-credential-${helper}`;
  const result = await execa(command, ['get'], {
    input: server,
    env: { ...env },
    extendEnv: false,
    reject: false,
    timeout: HELPER_TIMEOUT_MS,
    forceKillAfterDelay: 1000,
    maxBuffer: 1024 * 1024,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  if (result.timedOut) return `${command} gave no answer within ${HELPER_TIMEOUT_MS / 1000} s`;
  if (result.failed) {
    if (result.stdout.includes('credentials not found')) return undefined;
    return result.code === 'ENOENT' ? `${command} is not on PATH` : `${command} failed`;
  }
  const answer = helperAnswer.safeParse(parseJson(result.stdout));
  if (!answer.success) return `${command} answered with something else than credentials`;
  const { Username, Secret } = answer.data;
  if (Username === '<token>') return { kind: 'refresh-token', token: Secret };
  return { kind: 'password', username: Username, password: Secret };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
}
