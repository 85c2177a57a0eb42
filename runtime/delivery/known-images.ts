import type { Digest } from '../ports/index.ts';
import type { StoredPair } from './observed.ts';
import { pairName, type Pair } from './pair.ts';

export interface KnownImage {
  readonly digest: Digest;
  /** Seen on it. */
  readonly tags: ReadonlySet<string>;
}

/** Digests that earlier passes saw, of all pairs together. Where they do not agree, the registry is asked again. */
export class KnownImages {
  readonly #known = new Map<string, { digest: Digest; tags: Set<string> }>();
  readonly #stored: ReadonlyMap<string, StoredPair>;

  constructor(stored: ReadonlyMap<string, StoredPair>) {
    this.#stored = stored;
    const disputed = new Set<string>();
    for (const { status } of stored.values())
      for (const { name, key, digest, tags } of status?.built ?? []) {
        const id = `${name} ${key}`;
        const known = this.#known.get(id) ?? { digest, tags: new Set() };
        if (known.digest !== digest) disputed.add(id);
        for (const tag of tags) known.tags.add(tag);
        this.#known.set(id, known);
      }
    for (const id of disputed) this.#known.delete(id);
  }

  /** Undefined also where a person has said `retry` since the registry was asked. */
  get(pair: Pair, key: string): KnownImage | undefined {
    const known = this.#known.get(`${pair.image} ${key}`);
    return known && isRetried(this.#stored.get(pairName(pair)), pair.image, key) ? undefined : known;
  }

  forget({ image }: Pair, key: string): void {
    this.#known.delete(`${image} ${key}`);
  }
}

/** True when a person has said `retry` of the pair, and this image was not asked for since. */
export function isRetried(stored: StoredPair | undefined, image: string, key: string): boolean {
  const retry = stored?.spec.retry;
  if (retry === undefined) return false;
  const asked = stored?.status?.built?.find((one) => one.name === image && one.key === key)?.at;
  return asked === undefined || Date.parse(asked) < Date.parse(retry);
}
