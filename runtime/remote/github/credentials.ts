import { PortError } from '../../ports/index.ts';
import type { Clock } from '../../ports/index.ts';
import type { Client } from './octokit.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** Where the forge says who we are and how to ask, or who we are where it does not say. */
export type Identity =
  { readonly route: 'GET /user' | 'GET /app'; readonly authorization: string } | { readonly login: string };

export type Purpose = 'read' | 'write';

/** How we show who we are to one forge. */
export interface Credentials {
  /** A token good for this repository; to read alone, it need not be good for more. */
  token(repository: RepositoryName, purpose: Purpose, signal?: AbortSignal): Promise<string>;
  identity(): Promise<Identity>;
  /** Its tokens may push, or there are none; else the forge has to be asked. */
  readonly alwaysWrites: boolean;
  /** The token was refused. True when the next `token` gives another one. */
  forget(repository: RepositoryName): boolean;
}

export interface Context {
  readonly client: Client;
  readonly host: string;
  readonly clock: Clock;
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
