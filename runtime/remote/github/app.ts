import { createAppAuth } from '@octokit/auth-app';
import { LRUCache } from 'lru-cache';
import { isFault, PortError } from '../../ports/index.ts';
import type { Context, Credentials, Identity, Purpose, RepositoryName } from './credentials.ts';
import { statusOf, toPortError } from './errors.ts';
import * as schemas from './schemas.ts';

export interface AppCredential {
  readonly appId: number | string;
  /** PEM. Asked for whenever a token is made, so that it can be replaced. */
  readonly privateKey: () => Promise<string>;
  /** @default looked up by repository */
  readonly installationId?: number;
}

interface IssuedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What is asked for with each token. */
const PERMISSIONS = {
  read: { contents: 'read', metadata: 'read' },
  write: { contents: 'write', issues: 'read', metadata: 'read', pull_requests: 'write' },
} as const;
/** A token is replaced this long before its end: a push begun with it may take a while. */
const RESERVE = 10 * 60 * 1000;
/** A repository without our App is asked for again after this long. */
const ABSENCE = 5 * 60 * 1000;
const ABSENT = 1_000;
/** A new token is not known everywhere at once; each further look waits twice as long. */
const SETTLING_LOOKS = 5;
const FIRST_LOOK = 250;

/** A GitHub App. Each token is good for one repository and the permissions that its purpose needs, for an hour at most. */
export class AppCredentials implements Credentials {
  readonly alwaysWrites = true;
  readonly #app: AppCredential;
  readonly #context: Context;
  readonly #tokens = new Map<string, IssuedToken>();
  readonly #underWay = new Map<string, Promise<string>>();
  /** Where the App is not installed, and until when we take that for granted. */
  readonly #absent = new LRUCache<string, { readonly error: PortError; readonly until: number }>({
    max: ABSENT,
  });

  constructor(app: AppCredential, context: Context) {
    this.#app = app;
    this.#context = context;
  }

  async token(repository: RepositoryName, purpose: Purpose, signal?: AbortSignal): Promise<string> {
    const now = this.#context.clock.now();
    const absent = this.#absent.get(nameOf(repository));
    if (absent !== undefined && absent.until > now) throw absent.error;
    const key = keyOf(repository, purpose);
    const held = this.#tokens.get(key);
    if (held !== undefined && held.expiresAt - RESERVE > now) return held.token;
    const shared = this.#underWay.get(key);
    if (shared === undefined) return this.#begin(repository, purpose, signal);
    try {
      return await shared;
    } catch (error) {
      // Whoever began it was told to stop; we were not.
      if (!isFault(error, 'cancelled') || signal?.aborted === true) throw error;
      return this.token(repository, purpose, signal);
    }
  }

  forget(repository: RepositoryName): boolean {
    const purposes = ['read', 'write'] as const;
    return purposes.filter((purpose) => this.#tokens.delete(keyOf(repository, purpose))).length > 0;
  }

  async identity(): Promise<Identity> {
    return { route: 'GET /app', ...(await this.#appHeaders()) };
  }

  #begin(repository: RepositoryName, purpose: Purpose, signal: AbortSignal | undefined): Promise<string> {
    const key = keyOf(repository, purpose);
    const issue = this.#issue(repository, purpose, signal).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, issue);
    return issue;
  }

  async #issue(
    repository: RepositoryName,
    purpose: Purpose,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { host, clock } = this.#context;
    const subject = nameOf(repository);
    try {
      const auth = await this.#auth(signal);
      const { token, expiresAt } = await auth({
        type: 'installation',
        installationId: this.#app.installationId ?? (await this.#installation(repository, signal)),
        repositoryNames: [repository.name],
        permissions: PERMISSIONS[purpose],
        refresh: true,
      });
      await this.#settled(repository, token, signal);
      this.#tokens.set(keyOf(repository, purpose), { token, expiresAt: Date.parse(expiresAt) });
      return token;
    } catch (cause) {
      const asked = { subject, host, purpose: 'get an installation token', signal };
      const error = refusalOf(toPortError(cause, asked, clock.now()), purpose, host);
      if (isFault(error, 'not-found')) this.#absent.set(subject, { error, until: clock.now() + ABSENCE });
      throw error;
    }
  }

  async #installation(repository: RepositoryName, signal: AbortSignal | undefined): Promise<number> {
    const answer = await this.#context.client.request('GET /repos/{owner}/{repo}/installation', {
      owner: repository.owner,
      repo: repository.name,
      headers: await this.#appHeaders(),
      request: endedBy(signal),
    });
    return schemas.installation.parse(answer.data).id;
  }

  /** Waits until GitHub knows a new token everywhere. */
  async #settled(repository: RepositoryName, token: string, signal: AbortSignal | undefined): Promise<void> {
    for (let look = 1; ; look += 1) {
      try {
        await this.#context.client.request('GET /repos/{owner}/{repo}', {
          owner: repository.owner,
          repo: repository.name,
          headers: { authorization: `Bearer ${token}` },
          request: endedBy(signal),
        });
        return;
      } catch (error) {
        const status = statusOf(error);
        if ((status !== 404 && status !== 401) || look === SETTLING_LOOKS) throw error;
        await this.#context.clock.sleep(FIRST_LOOK * 2 ** (look - 1), signal);
      }
    }
  }

  async #appHeaders(): Promise<{ authorization: string }> {
    const auth = await this.#auth(undefined);
    return { authorization: `Bearer ${(await auth({ type: 'app' })).token}` };
  }

  async #auth(signal: AbortSignal | undefined): Promise<ReturnType<typeof createAppAuth>> {
    const privateKey = await this.#app.privateKey();
    const auth = createAppAuth({
      appId: this.#app.appId,
      privateKey,
      request: this.#context.client.request.defaults({ request: endedBy(signal) }),
      log: this.#context.client.log,
    });
    try {
      await auth({ type: 'app' });
    } catch {
      // The cause may quote the key, so it is left out.
      throw new PortError('denied', this.#context.host, `the App's private key cannot be read`, {
        remedy: `forges.${this.#context.host}.app.privateKey must refer to the whole PEM file that GitHub gave out`,
      });
    }
    return auth;
  }
}

/** Says what GitHub means by a 422 to who asks for a token. */
function refusalOf(error: PortError, purpose: Purpose, host: string): PortError {
  if (!isFault(error, 'invalid')) return error;
  const { subject, message, cause } = error;
  if (/not accessible to the parent installation/i.test(message))
    return new PortError('not-found', subject, message, {
      remedy: `install the App of forges.${host} on this repository, or correct forges.${host}.app.installation`,
      cause,
    });
  if (!/permissions requested/i.test(message)) return error;
  const needed = Object.entries(PERMISSIONS[purpose]).map(([name, level]) => `${name}: ${level}`);
  return new PortError('denied', subject, message, {
    remedy: `give the App of forges.${host} ${needed.join(', ')}, and accept that where it is installed`,
    cause,
  });
}

const endedBy = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
const nameOf = ({ owner, name }: RepositoryName) => `${owner}/${name}`.toLowerCase();
const keyOf = (repository: RepositoryName, purpose: Purpose) => `${nameOf(repository)} ${purpose}`;
