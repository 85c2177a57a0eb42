import { join, resolve } from 'node:path';
import type { SecretReference, Settings } from './api/settings.ts';
import { isFault } from './ports/index.ts';
import { makeFolder } from './ports/folder.ts';
import type { Clock, Forge, ForgeRepository, Ports, RepositoryUrl, TextDocument } from './ports/index.ts';
import { forgesByHost } from './remote/github/forges.ts';
import type { AnswerStore } from './remote/github/conditional.ts';
import type { GitCredentials } from './remote/git/credentials.ts';
import type { RegistrySettings } from './remote/registry/names.ts';
import { forgeRepository } from './source/repository.ts';

/** Every port, opened as the settings say. Disposing it ends processes and closes files. */
export interface Home extends Ports, AsyncDisposable {}

/** Sees every call to the outside: for metrics, and for tests that count. */
export interface HomeObserver {
  readonly onGit?: (call: { readonly command: string; readonly repository: string }) => void;
  readonly onForge?: (call: {
    readonly method: string;
    readonly path: string;
    readonly status?: number;
  }) => void;
  readonly onRegistry?: (call: {
    readonly method: string;
    readonly host: string;
    readonly status?: number;
  }) => void;
}

export interface HomeOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly observer?: HomeObserver;
}

/** Folder of everything that this machine keeps. */
export function stateDirectory(settings: Settings): string {
  return resolve(settings.state?.directory ?? '.slipway');
}

/** Reads a file before there is a home: a bad one leaves no trace. @throws PortError */
export async function readFileHere(path: string): Promise<TextDocument> {
  const { readLocalFile } = await import('./remote/documents/documents.ts');
  return readLocalFile(path);
}

/** Reads the secrets that settings refer to. */
export async function openSecrets(
  environment: HomeOptions['environment'],
): Promise<{ read(reference: SecretReference): Promise<string> }> {
  const { Secrets } = await import('./remote/secrets/secrets.ts');
  return new Secrets(environment);
}

/** The home of one machine. Adapters are loaded here and nowhere else. */
export async function openHome({ settings, clock, environment, observer = {} }: HomeOptions): Promise<Home> {
  const [{ GitClient }, { OciRegistry }, { openObjectStore }, { LocalBuilder }, { FileLockElector }] =
    await Promise.all([
      import('./remote/git/git.ts'),
      import('./remote/registry/client.ts'),
      import('./local/object-store.ts'),
      import('./local/builder/builder.ts'),
      import('./local/elector.ts'),
    ]);
  const [{ Secrets }, { DocumentReader }, { AnswerCache }] = await Promise.all([
    import('./remote/secrets/secrets.ts'),
    import('./remote/documents/documents.ts'),
    import('./local/answers.ts'),
  ]);
  const state = stateDirectory(settings);
  await makeFolder(state, 'make it writable for this user, or name another as state.directory');
  const secrets = new Secrets(environment);
  const answers = AnswerCache.open(join(state, 'answers.sqlite'));
  const forges = await openForges(settings, clock, secrets, environment, observer, answers);
  const git = new GitClient({
    directory: join(state, 'mirrors'),
    clock,
    ...(settings.git?.transports && { transports: ['http-loopback', ...settings.git.transports] }),
    credentials: (host, repository, direction) =>
      gitCredentials(host, repository, direction, settings, forges.tokens),
    environment,
    ...(observer.onGit && { onCall: observer.onGit }),
  });
  const registry = new OciRegistry({
    clock,
    registries: registrySettings(settings),
    credentials: async (host) => {
      const configured = settings.registries?.[host];
      if (!configured?.password) return undefined;
      return {
        username: configured.username ?? 'oauth2accesstoken',
        password: await secrets.read(configured.password),
      };
    },
    env: environment,
    ...(observer.onRegistry && { onCall: observer.onRegistry }),
  });
  const objects = await openObjectStore({ path: join(state, 'objects.sqlite'), clock });
  const builder = new LocalBuilder({
    directory: join(state, 'builds'),
    clock,
    git,
    registry,
    ...(settings.builder?.command
      ? {
          tool: {
            command: settings.builder.command,
            ...(settings.builder.checkout !== undefined && { checkout: settings.builder.checkout }),
          },
        }
      : settings.builder?.tool && settings.builder.tool !== 'auto' && { tool: settings.builder.tool }),
    ...(settings.builder?.concurrency && { concurrency: settings.builder.concurrency }),
    ...(settings.builder?.timeout && { timeout: settings.builder.timeout }),
  });
  return {
    builder,
    clock,
    documents: new DocumentReader(git),
    elector: new FileLockElector({ directory: join(state, 'locks'), clock }),
    forge: forges.forge,
    git,
    objects,
    registry,
    async [Symbol.asyncDispose]() {
      await builder.close();
      objects.close();
      answers?.close();
      await git[Symbol.asyncDispose]();
    },
  };
}

type Token = (repository: ForgeRepository, purpose: 'read' | 'write') => Promise<string>;

interface Forges {
  readonly forge: Forge;
  /** What git uses as a password, by host. */
  readonly tokens: ReadonlyMap<string, Token>;
}

async function openForges(
  settings: Settings,
  clock: Clock,
  secrets: { read(reference: object): Promise<string> },
  environment: HomeOptions['environment'],
  observer: HomeObserver,
  answers: AnswerStore | undefined,
): Promise<Forges> {
  const { GitHubForge } = await import('./remote/github/client.ts');
  const clients = new Map<string, Forge>();
  const tokens = new Map<string, Token>();
  for (const [host, forge] of Object.entries(forgeSettings(settings, environment))) {
    const { app, token } = forge;
    if (!app && !token) continue;
    const client = new GitHubForge({
      host,
      ...(forge.api && { api: forge.api }),
      credential: app
        ? {
            app: {
              appId: app.id,
              privateKey: () => secrets.read(app.privateKey),
              ...(app.installation && { installationId: app.installation }),
            },
          }
        : { token: () => secrets.read(token ?? {}), ...(forge.login && { login: forge.login }) },
      clock,
      ...(answers && { answers }),
      ...(observer.onForge && { onCall: observer.onForge }),
    });
    clients.set(host, client);
    tokens.set(host, (repository, purpose) => client.tokenFor(repository, purpose));
  }
  return { forge: forgesByHost(clients), tokens };
}

/** A token in GITHUB_TOKEN is enough to begin with. */
export function forgeSettings(
  settings: Settings,
  environment: HomeOptions['environment'],
): NonNullable<Settings['forges']> {
  const configured = settings.forges ?? {};
  if (configured['github.com'] || !environment['GITHUB_TOKEN']) return configured;
  return { ...configured, 'github.com': { token: { env: 'GITHUB_TOKEN' } } };
}

/** Git asks by the host it really talks to, which may be where the forge's API is. */
async function gitCredentials(
  host: string,
  repository: RepositoryUrl,
  direction: 'fetch' | 'push',
  settings: Settings,
  tokens: ReadonlyMap<string, Token>,
): Promise<GitCredentials | undefined> {
  const forges = Object.entries(settings.forges ?? {});
  const [name, forge] = forges.find(
    ([name, { api }]) => name === host || (api && URL.parse(api)?.host === host),
  ) ?? [host];
  if (forge?.ssh) return { sshKey: forge.ssh.key, knownHosts: forge.ssh.knownHosts };
  const token = tokens.get(name);
  const asked = forgeRepository(repository);
  if (!token || !asked) return undefined;
  try {
    return {
      username: 'x-access-token',
      password: await token(asked, direction === 'push' ? 'write' : 'read'),
    };
  } catch (error) {
    // An App that is not installed there can still read what everybody can.
    if (forge?.app && direction === 'fetch' && isFault(error, 'not-found')) return undefined;
    throw error;
  }
}

function registrySettings(settings: Settings): Record<string, RegistrySettings> {
  return Object.fromEntries(
    Object.entries(settings.registries ?? {}).map(([host, { endpoint, name, insecure }]) => [
      host,
      {
        ...(endpoint && { endpoint }),
        ...(name && { name }),
        ...(insecure !== undefined && { insecure }),
      },
    ]),
  );
}
