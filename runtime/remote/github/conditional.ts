import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import { Moved, statusOf } from './errors.ts';
import type { Client } from './octokit.ts';

/** The used part of an answer, to be shown again when GitHub says that nothing changed. */
export interface RememberedAnswer {
  readonly etag: string;
  /** True when a further page followed: that there is one by now leaves the ETag as it was. */
  readonly more: boolean;
  readonly value: unknown;
}

/** Where answers are remembered, by address; one that outlives the process makes even the first pass of a new one cheap. */
export interface AnswerStore {
  get(url: string): RememberedAnswer | undefined | Promise<RememberedAnswer | undefined>;
  set(url: string, answer: RememberedAnswer): void | Promise<void>;
}

/** In memory, at most 5000 answers. */
export function memoryAnswers(): AnswerStore {
  const answers = new LRUCache<string, RememberedAnswer>({ max: 5_000 });
  return {
    get: (url) => answers.get(url),
    set: (url, answer) => {
      answers.set(url, answer);
    },
  };
}

/** True when a `Link` header names a next page. */
export function hasNextPage(link: string | undefined): boolean {
  return link !== undefined && /;\s*rel="?next"?/i.test(link);
}

export type Query = Readonly<Record<string, string | number>>;

export interface Read<S extends z.ZodType> {
  readonly value: z.output<S>;
  /** A further page follows, or did when this answer was remembered. */
  readonly more: boolean;
}

/** Reads by conditional GET: what did not change since the last one is not sent again, and costs no rate limit. */
export class ConditionalReader {
  readonly #client: Client;
  readonly #answers: AnswerStore;

  constructor(client: Client, answers: AnswerStore) {
    this.#client = client;
    this.#answers = answers;
  }

  /** @param schema also of what is remembered, so it must take its own output */
  async get<S extends z.ZodType>(
    route: string,
    parameters: Query,
    schema: S,
    authorization: string,
    signal: AbortSignal | undefined,
  ): Promise<Read<S>> {
    const { url } = this.#client.request.endpoint(route, parameters);
    const held = await this.#answers.get(url);
    const remembered = schema.safeParse(held?.value);
    const usable = held !== undefined && remembered.success;
    try {
      const answer = await this.#client.request(route, {
        ...parameters,
        headers: { authorization, ...(usable ? { 'if-none-match': held.etag } : {}) },
        // Under its old name a repository would be found, but not the pull requests from it.
        request: { redirect: 'manual', ...(signal === undefined ? {} : { signal }) },
      });
      if (answer.status >= 300) throw new Moved();
      const value = schema.parse(answer.data);
      const more = hasNextPage(answer.headers.link);
      const { etag } = answer.headers;
      if (etag !== undefined) await this.#answers.set(url, { etag, more, value });
      return { value, more };
    } catch (error) {
      if (usable && statusOf(error) === 304) return { value: remembered.data, more: held.more };
      throw error;
    }
  }
}
