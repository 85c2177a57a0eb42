import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { isFault } from '../../ports/index.ts';
import type { Account, Clock, Forge, ForgeRepository, PullRequest } from '../../ports/index.ts';
import { abortable } from './abortable.ts';
import { ConditionalReader, memoryAnswers } from './conditional.ts';
import type { AnswerStore, Query, Read } from './conditional.ts';
import { AppCredentials } from './app.ts';
import type { AppCredential } from './app.ts';
import { TokenCredentials } from './credentials.ts';
import type { Credentials, Purpose, TokenCredential } from './credentials.ts';
import { Moved, malformed, statusOf, toPortError } from './errors.ts';
import { openClient } from './octokit.ts';
import type { Call, Client } from './octokit.ts';
import * as schemas from './schemas.ts';

export type { AnswerStore, RememberedAnswer } from './conditional.ts';
export type { AppCredential } from './app.ts';
export type { Call } from './octokit.ts';

export interface GitHubForgeOptions {
  /** `github.com`, or the host of a GitHub Enterprise or of a stand-in. */
  readonly host: string;
  /** @default https://api.github.com for github.com, else `https://<host>/api/v3` (http for loopback) */
  readonly api?: string;
  readonly credential: TokenCredential | { readonly app: AppCredential };
  /** Remembers answers with their ETags. @default in memory */
  readonly answers?: AnswerStore;
  /** Sees every HTTP exchange. */
  readonly onCall?: (call: Call) => void;
  /** Milliseconds per exchange. @default 30_000 */
  readonly timeout?: number;
  /** Milliseconds between writes. @default 1000, as GitHub asks; 0 where the API is on loopback */
  readonly writeInterval?: number;
  /** Longest wait for a rate limit within a call, milliseconds; beyond, `rate-limited` is thrown. @default 10_000 */
  readonly patience?: number;
  /** Milliseconds before the first repetition of a failed read. @default 1000 */
  readonly retryDelay?: number;
  /** @default the global one */
  readonly fetch?: typeof fetch;
  /** @default the real one */
  readonly clock?: Clock;
}

const PAGE = 100;
/** 10 000 pull requests; more than that is a server that names next pages without end. */
const PAGES = 100;

type NewPullRequest = Parameters<Forge['createPullRequest']>[1];
type Change = Parameters<Forge['updatePullRequest']>[2];

/** One call, in words for its errors. */
interface Operation {
  readonly repository: ForgeRepository;
  /** `owner/name` or `owner/name#7`. */
  readonly subject: string;
  readonly purpose: string;
  readonly signal: AbortSignal | undefined;
}

/** GitHub or GitHub Enterprise, one host. */
export class GitHubForge implements Forge {
  readonly #host: string;
  readonly #client: Client;
  readonly #credentials: Credentials;
  readonly #reader: ConditionalReader;
  readonly #clock: Clock;

  constructor(options: GitHubForgeOptions) {
    this.#host = options.host;
    this.#clock = options.clock ?? realClock;
    const api = (options.api ?? defaultApi(options.host)).replace(/\/+$/, '');
    this.#client = openClient({
      api,
      fetch: options.fetch ?? fetch,
      timeout: options.timeout ?? 30_000,
      writeInterval: options.writeInterval ?? writeIntervalOf(api),
      patience: options.patience ?? 10_000,
      retryDelay: options.retryDelay ?? 1_000,
      now: () => this.#clock.now(),
      onCall: options.onCall,
    });
    this.#reader = new ConditionalReader(this.#client, options.answers ?? memoryAnswers());
    const context = { client: this.#client, host: this.#host, clock: this.#clock };
    this.#credentials =
      'app' in options.credential
        ? new AppCredentials(options.credential.app, context)
        : new TokenCredentials(options.credential, context);
  }

  account(_host: string, signal?: AbortSignal): Promise<Account> {
    const asked = { subject: this.#host, host: this.#host, purpose: 'ask for the account', signal };
    const ask = async () => {
      let secret: string | undefined;
      try {
        const identity = await this.#credentials.identity();
        if ('login' in identity) return schemas.toIdentity(identity);
        const { route, authorization } = identity;
        secret = authorization.replace('Bearer ', '');
        const { value } = await this.#reader.get(route, {}, schemas.identity, authorization, signal);
        return schemas.toIdentity(value);
      } catch (error) {
        throw toPortError(error, { ...asked, secret }, this.#clock.now());
      }
    };
    return abortable(ask(), asked);
  }

  /** A token with which git, too, may read (or push) this repository; its user name is `x-access-token`. */
  tokenFor(repository: ForgeRepository, purpose: Purpose, signal?: AbortSignal): Promise<string> {
    return abortable(this.#credentials.token(repository, purpose, signal), {
      subject: nameOf(repository),
      signal,
    });
  }

  async access(repository: ForgeRepository, signal?: AbortSignal): Promise<{ readonly push: boolean }> {
    const purpose = 'ask for our access';
    const { value } = await this.#read(
      { repository, subject: nameOf(repository), purpose, signal },
      '',
      {},
      schemas.repository,
    );
    const permitted = this.#credentials.alwaysWrites || value.permissions?.push === true;
    return { push: permitted && value.archived !== true };
  }

  async openPullRequests(repository: ForgeRepository, signal?: AbortSignal): Promise<readonly PullRequest[]> {
    const operation = {
      repository,
      subject: nameOf(repository),
      purpose: 'list the open pull requests',
      signal,
    };
    const found = new Map<number, PullRequest>();
    // Oldest first: a new pull request changes only the last page, and all others stay as remembered.
    const query = { state: 'open', sort: 'created', direction: 'asc', per_page: PAGE };
    for (let page = 1; page <= PAGES; page += 1) {
      const { value, more } = await this.#read(operation, '/pulls', { ...query, page }, schemas.pullRequests);
      for (const one of value) found.set(one.number, schemas.toPullRequest(one));
      // Behind a full page there may be another one that the remembered answer knows nothing of: no ETag covers `Link`.
      if (!more && value.length < PAGE)
        return [...found.values()].sort((one, other) => other.number - one.number);
    }
    throw malformed({ ...operation, host: this.#host }, `more than ${PAGES} pages of pull requests`);
  }

  async pullRequestsFrom(
    repository: ForgeRepository,
    head: { readonly owner: string; readonly branch: string },
    signal?: AbortSignal,
  ): Promise<readonly PullRequest[]> {
    const purpose = `list the pull requests from ${head.owner}:${head.branch}`;
    const { value } = await this.#read(
      { repository, subject: nameOf(repository), purpose, signal },
      '/pulls',
      {
        state: 'all',
        head: `${head.owner}:${head.branch}`,
        sort: 'created',
        direction: 'desc',
        per_page: PAGE,
      },
      schemas.pullRequests,
    );
    // GitHub leaves out a filter that it does not understand.
    return value.map((one) => schemas.toPullRequest(one)).filter((one) => isFrom(one, head));
  }

  async pullRequest(repository: ForgeRepository, number: number, signal?: AbortSignal): Promise<PullRequest> {
    const { value } = await this.#read(
      { repository, subject: `${nameOf(repository)}#${number}`, purpose: 'read pull request', signal },
      `/pulls/${number}`,
      {},
      schemas.pullRequest,
    );
    return schemas.toPullRequest(value);
  }

  async closedBy(
    repository: ForgeRepository,
    number: number,
    signal?: AbortSignal,
  ): Promise<Account | undefined> {
    const { value } = await this.#read(
      { repository, subject: `${nameOf(repository)}#${number}`, purpose: 'read who closed', signal },
      `/issues/${number}`,
      {},
      schemas.closing,
    );
    return schemas.toAccount(value.closed_by);
  }

  async createPullRequest(
    repository: ForgeRepository,
    wanted: NewPullRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly pullRequest: PullRequest; readonly created: boolean }> {
    const { owner, branch } = wanted.head;
    const purpose = `open a pull request from ${owner}:${branch} into ${wanted.base}`;
    try {
      const pullRequest = await this.#write(
        { repository, subject: nameOf(repository), purpose, signal },
        'POST',
        '/pulls',
        {
          title: wanted.title,
          body: wanted.body,
          head: `${owner}:${branch}`,
          base: wanted.base,
          draft: wanted.draft ?? false,
        },
      );
      return { pullRequest, created: true };
    } catch (error) {
      // After a lost answer nobody knows whether it was made: the forge does.
      if (!isFault(error, 'transient') && !saysThatOneExists(error)) throw error;
      const existing = await this.#openFrom(repository, wanted, signal);
      if (existing === undefined) throw error;
      return { pullRequest: existing, created: false };
    }
  }

  updatePullRequest(
    repository: ForgeRepository,
    number: number,
    change: Change,
    signal?: AbortSignal,
  ): Promise<PullRequest> {
    return this.#write(
      { repository, subject: `${nameOf(repository)}#${number}`, purpose: 'change pull request', signal },
      'PATCH',
      `/pulls/${number}`,
      { ...change },
    );
  }

  async #openFrom(
    repository: ForgeRepository,
    { head, base }: NewPullRequest,
    signal: AbortSignal | undefined,
  ): Promise<PullRequest | undefined> {
    const purpose = `look for a pull request from ${head.owner}:${head.branch}`;
    const { value } = await this.#read(
      { repository, subject: nameOf(repository), purpose, signal },
      '/pulls',
      { state: 'open', head: `${head.owner}:${head.branch}`, base, per_page: PAGE },
      schemas.pullRequests,
    );
    return value
      .map((one) => schemas.toPullRequest(one))
      .find((one) => isFrom(one, head) && one.base === base);
  }

  #read<S extends z.ZodType>(operation: Operation, path: string, query: Query, schema: S): Promise<Read<S>> {
    const { owner, name: repo } = operation.repository;
    return this.#authorized(operation, (authorization) =>
      this.#reader.get(
        `GET /repos/{owner}/{repo}${path}`,
        { owner, repo, ...query },
        schema,
        authorization,
        operation.signal,
      ),
    );
  }

  /** One write, never repeated by itself: after a failure only the forge knows whether it was done. */
  #write(
    operation: Operation,
    method: 'POST' | 'PATCH',
    path: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<PullRequest> {
    return this.#authorized(operation, async (authorization) => {
      const answer = await this.#client.request(`${method} /repos/{owner}/{repo}${path}`, {
        owner: operation.repository.owner,
        repo: operation.repository.name,
        data: body,
        headers: { authorization },
        request: {
          ...(operation.signal === undefined ? {} : { signal: operation.signal }),
          retries: 0,
          redirect: 'manual',
        },
      });
      if (answer.status >= 300) throw new Moved();
      return schemas.toPullRequest(schemas.pullRequest.parse(answer.data));
    });
  }

  /** Sends with a token; once more with a new one where GitHub no longer takes an App's token. */
  #authorized<T>(operation: Operation, send: (authorization: string) => Promise<T>): Promise<T> {
    const attempt = async (again: boolean): Promise<T> => {
      const token = await this.#credentials.token(operation.repository, 'write', operation.signal);
      const asked = { ...operation, host: this.#host, secret: token };
      try {
        return await send(`Bearer ${token}`);
      } catch (error) {
        if (again && statusOf(error) === 401 && this.#credentials.forget(operation.repository))
          return attempt(false);
        throw toPortError(error, asked, this.#clock.now());
      }
    };
    return abortable(attempt(true), operation);
  }
}

/** Whatever host a forge on this machine stands for. */
export function writeIntervalOf(api: string): number {
  return isLoopback(URL.parse(api)?.host ?? '') ? 0 : 1_000;
}

function defaultApi(host: string): string {
  if (host === 'github.com') return 'https://api.github.com';
  return `${isLoopback(host) ? 'http' : 'https'}://${host}/api/v3`;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

const realClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal === undefined ? {} : { signal }),
};

const nameOf = ({ owner, name }: ForgeRepository) => `${owner}/${name}`;

function isFrom(one: PullRequest, head: { readonly owner: string; readonly branch: string }): boolean {
  const owner = one.head.repository?.split('/')[0];
  return (
    one.head.branch === head.branch &&
    (owner === undefined || owner.toLowerCase() === head.owner.toLowerCase())
  );
}

function saysThatOneExists(error: unknown): boolean {
  return isFault(error, 'invalid') && /already exists/i.test(error.message);
}
