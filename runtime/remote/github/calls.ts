import type { z } from 'zod';
import { untilCancelled } from '../../ports/index.ts';
import type { Account, Clock, ForgeRepository, PullRequest } from '../../ports/index.ts';
import { AppCredentials } from './app.ts';
import { ConditionalReader, memoryAnswers } from './conditional.ts';
import type { Query, Read } from './conditional.ts';
import { TokenCredentials } from './credentials.ts';
import type { Credentials, Purpose } from './credentials.ts';
import { Moved, statusOf, toPortError } from './errors.ts';
import { openClient } from './octokit.ts';
import type { Client } from './octokit.ts';
import { defaultApi, realClock, writeIntervalOf } from './options.ts';
import type { GitHubForgeOptions } from './options.ts';
import * as schemas from './schemas.ts';

/** One call, in words for its errors. */
export interface Operation {
  readonly repository: ForgeRepository;
  /** `owner/name` or `owner/name#7`. */
  readonly subject: string;
  readonly purpose: string;
  readonly signal: AbortSignal | undefined;
}

/** Calls of one forge, each with the credential that is good for it, and its failures as `PortError`. */
export class Calls {
  /** As the settings name it. */
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

  /** Whatever we get a token for we may push to; else the forge has to be asked. */
  get alwaysWrites(): boolean {
    return this.#credentials.alwaysWrites;
  }

  account(signal: AbortSignal | undefined): Promise<Account> {
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
    return untilCancelled(ask(), this.#host, signal);
  }

  /** A token with which git, too, may read (or push) this repository; its user name is `x-access-token`. */
  tokenFor(repository: ForgeRepository, purpose: Purpose, signal: AbortSignal | undefined): Promise<string> {
    return untilCancelled(this.#credentials.token(repository, purpose, signal), nameOf(repository), signal);
  }

  read<S extends z.ZodType>(operation: Operation, path: string, query: Query, schema: S): Promise<Read<S>> {
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
  write(
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
    return untilCancelled(attempt(true), operation.subject, operation.signal);
  }
}

const nameOf = ({ owner, name }: ForgeRepository) => `${owner}/${name}`;
