import { createAppAuth } from '@octokit/auth-app';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortError } from '../../ports/index.ts';
import type { Client } from './octokit.ts';
import { statusOf, toPortError } from './errors.ts';
import * as schemas from './schemas.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** Where the forge says who we are and how to ask, or who we are where it does not say. */
export type Identity =
  { readonly route: 'GET /user' | 'GET /app'; readonly authorization: string } | { readonly login: string };

/** How we show who we are to one forge. */
export interface Credentials {
  /** A token good for this repository. */
  token(repository: RepositoryName, signal?: AbortSignal): Promise<string>;
  identity(): Promise<Identity>;
  /** Its tokens may push, or there are none; else the forge has to be asked. */
  readonly alwaysWrites: boolean;
  /** The token was refused. True when the next `token` gives another one. */
  forget(repository: RepositoryName): boolean;
}

export interface AppCredential {
  readonly appId: number | string;
  /** PEM. Asked for whenever a token is made, so that it can be replaced. */
  readonly privateKey: () => Promise<string>;
  /** @default looked up by repository */
  readonly installationId?: number;
}

interface Context {
  readonly client: Client;
  readonly host: string;
  readonly now: () => number;
}

export interface TokenCredential {
  /** Asked for with each call, so that it can be replaced. */
  readonly token: () => Promise<string>;
  /** Account that acts with it. @default the forge is asked; `github-actions[bot]` for a token of an installation */
  readonly login?: string;
}

/** GitHub answers 403 to an installation's token that asks who it is, and that of a workflow is one. */
const INSTALLATION_TOKEN = /^ghs_/;
const WORKFLOW_LOGIN = 'github-actions[bot]';

export class TokenCredentials implements Credentials {
  readonly alwaysWrites = false;
  readonly #token: () => Promise<string>;
  readonly #login: string | undefined;
  readonly #context: Context;

  constructor({ token, login }: TokenCredential, context: Context) {
    this.#token = token;
    this.#login = login;
    this.#context = context;
  }

  async token(): Promise<string> {
    const token = (await this.#token()).trim();
    if (token === '')
      throw new PortError('denied', this.#context.host, `the token for ${this.#context.host} is empty`, {
        remedy: `set what forges.${this.#context.host}.token refers to`,
      });
    return token;
  }

  forget(): boolean {
    return false;
  }

  async identity(): Promise<Identity> {
    if (this.#login !== undefined) return { login: this.#login };
    const token = await this.token();
    if (INSTALLATION_TOKEN.test(token)) return { login: WORKFLOW_LOGIN };
    return { route: 'GET /user', authorization: `Bearer ${token}` };
  }
}

interface IssuedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const PERMISSIONS = { contents: 'write', metadata: 'read', pull_requests: 'write' } as const;
/** A token is replaced this long before its end: a push begun with it may take a while. */
const RESERVE = 10 * 60 * 1000;
/** A new token is not known everywhere at once; each further look waits twice as long. */
const SETTLING_LOOKS = 5;
const FIRST_LOOK = 250;

/** A GitHub App. Each token is good for one repository and the permissions that Slipway needs, for an hour at most. */
export class AppCredentials implements Credentials {
  readonly alwaysWrites = true;
  readonly #app: AppCredential;
  readonly #context: Context;
  readonly #tokens = new Map<string, IssuedToken>();
  readonly #underWay = new Map<string, Promise<string>>();

  constructor(app: AppCredential, context: Context) {
    this.#app = app;
    this.#context = context;
  }

  async token(repository: RepositoryName): Promise<string> {
    const key = keyOf(repository);
    const held = this.#tokens.get(key);
    if (held !== undefined && held.expiresAt - RESERVE > this.#context.now()) return held.token;
    let issue = this.#underWay.get(key);
    if (issue === undefined) {
      issue = this.#issue(repository).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, issue);
    }
    return issue;
  }

  forget(repository: RepositoryName): boolean {
    return this.#tokens.delete(keyOf(repository));
  }

  async identity(): Promise<Identity> {
    return { route: 'GET /app', ...(await this.#appHeaders()) };
  }

  async #issue(repository: RepositoryName): Promise<string> {
    const { host, now } = this.#context;
    const key = keyOf(repository);
    try {
      const auth = await this.#auth();
      const { token, expiresAt } = await auth({
        type: 'installation',
        installationId: this.#app.installationId ?? (await this.#installation(repository)),
        repositoryNames: [repository.name],
        permissions: PERMISSIONS,
        refresh: true,
      });
      await this.#settled(repository, token);
      this.#tokens.set(key, { token, expiresAt: Date.parse(expiresAt) });
      return token;
    } catch (error) {
      throw toPortError(error, { subject: key, host, purpose: 'get an installation token' }, now());
    }
  }

  async #installation(repository: RepositoryName): Promise<number> {
    const answer = await this.#context.client.request('GET /repos/{owner}/{repo}/installation', {
      owner: repository.owner,
      repo: repository.name,
      headers: await this.#appHeaders(),
    });
    return schemas.installation.parse(answer.data).id;
  }

  /** Waits until GitHub knows a new token everywhere. */
  async #settled(repository: RepositoryName, token: string): Promise<void> {
    for (let look = 1; ; look += 1) {
      try {
        await this.#context.client.request('GET /repos/{owner}/{repo}', {
          owner: repository.owner,
          repo: repository.name,
          headers: { authorization: `Bearer ${token}` },
        });
        return;
      } catch (error) {
        const status = statusOf(error);
        if ((status !== 404 && status !== 401) || look === SETTLING_LOOKS) throw error;
        await sleep(FIRST_LOOK * 2 ** (look - 1));
      }
    }
  }

  async #appHeaders(): Promise<{ authorization: string }> {
    const auth = await this.#auth();
    return { authorization: `Bearer ${(await auth({ type: 'app' })).token}` };
  }

  async #auth(): Promise<ReturnType<typeof createAppAuth>> {
    const privateKey = await this.#app.privateKey();
    const auth = createAppAuth({
      appId: this.#app.appId,
      privateKey,
      request: this.#context.client.request,
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

const keyOf = ({ owner, name }: RepositoryName) => `${owner}/${name}`.toLowerCase();
