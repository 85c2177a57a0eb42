import { LRUCache } from 'lru-cache';

/** The used part of an answer, to be shown again when GitHub says that nothing changed. */
export interface RememberedAnswer {
  readonly etag: string;
  /** True when a further page follows. */
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
