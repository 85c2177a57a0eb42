import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Endpoint } from './transport.ts';

/** A user and password (or token) for http, or files for ssh. */
export type GitCredentials =
  | { readonly username: string; readonly password: string }
  /** Paths of a private key and of the file of host keys to trust. */
  | { readonly sshKey: string; readonly knownHosts: string };

export interface Access {
  /** Configuration for the command line; holds no secret. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/** Answers git's question from the environment, for one server only: a redirect elsewhere gets nothing. */
const ASKPASS = `#!/bin/sh
case "$1" in
"Username for '$SLIPWAY_GIT_SERVER'"* | "Username for '$SLIPWAY_GIT_SERVER/"*)
  printf '%s\\n' "$SLIPWAY_GIT_USERNAME" ;;
"Password for '$SLIPWAY_GIT_LOGIN'"* | "Password for '$SLIPWAY_GIT_LOGIN/"*)
  printf '%s\\n' "$SLIPWAY_GIT_PASSWORD" ;;
*) exit 1 ;;
esac
`;

/** Writes the helper that git asks for user and password. Gives its path. */
export async function writeAskpass(directory: string): Promise<string> {
  const path = join(directory, 'askpass');
  const draft = `${path}.${randomUUID()}`;
  await mkdir(directory, { recursive: true });
  await writeFile(draft, ASKPASS, { mode: 0o700 });
  await rename(draft, path);
  return path;
}

/** What one git process needs to use the credentials, none of it visible in its arguments. */
export function accessFor(
  endpoint: Endpoint,
  credentials: GitCredentials | undefined,
  askpass: string,
): Access {
  if (credentials === undefined) return { args: [], env: {}, secrets: [] };
  if ('sshKey' in credentials) {
    return endpoint.protocol === 'ssh'
      ? { args: [], env: { GIT_SSH_COMMAND: sshCommand(credentials), GIT_SSH_VARIANT: 'ssh' }, secrets: [] }
      : { args: [], env: {}, secrets: [] };
  }
  if (endpoint.protocol !== 'https' && endpoint.protocol !== 'http')
    return { args: [], env: {}, secrets: [] };
  const server = `${endpoint.protocol}://${endpoint.host}`;
  const username = endpoint.username || credentials.username;
  return {
    // an empty helper forgets those before it: ours must not be stored in, or lose to, a person's keychain
    args: ['-c', 'credential.helper=', '-c', `credential.${server}.helper=`],
    env: {
      GIT_ASKPASS: askpass,
      SLIPWAY_GIT_SERVER: server,
      SLIPWAY_GIT_LOGIN: `${endpoint.protocol}://${percentEncode(username)}@${endpoint.host}`,
      SLIPWAY_GIT_USERNAME: username,
      SLIPWAY_GIT_PASSWORD: credentials.password,
    },
    secrets: [credentials.password],
  };
}

function sshCommand(files: { sshKey: string; knownHosts: string }): string {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=30',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile="${files.knownHosts}"`,
  ];
  return ['ssh', '-i', quote(files.sshKey), ...options.flatMap((option) => ['-o', quote(option)])].join(' ');
}

/** For the shell that git hands the command to. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As git prints a user in its question. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
