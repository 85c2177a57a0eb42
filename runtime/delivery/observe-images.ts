import type { Digest, Oid, Ports } from '../ports/index.ts';
import { buildKey } from '../source/build-key.ts';
import { keyTag, releaseTag, withKeySuffix } from '../source/tags.ts';
import type { Guards } from './guards.ts';
import type { SourceView } from './observe-relations.ts';
import type { TargetTexts } from './observe-targets.ts';
import type { ImageFacts, PairFacts, Problem, StoredPair } from './observed.ts';
import { KnownImages } from './known-images.ts';
import { isAccepted } from './needs.ts';
import { pairName, type Desired, type Pair } from './pair.ts';
import { read, type Read } from './read.ts';

/** What the registry holds of a pair, and the key that its parents' digests lead to. */
export interface ImageView {
  readonly key?: string;
  readonly parents: PairFacts['parents'];
  readonly image?: ImageFacts;
  readonly problem?: Problem;
}

/** Parents before children, each as soon as its parents are known; images with equal key are asked for once. */
export class ImageObserver {
  readonly #pairs: ReadonlyMap<string, Pair>;
  /** Names of the pairs that others build on. */
  readonly #parents: ReadonlySet<string>;
  readonly #views: ReadonlyMap<Pair, Read<SourceView>>;
  readonly #texts: TargetTexts;
  readonly #registry: Ports['registry'];
  readonly #guards: Guards;
  readonly #signal: AbortSignal;
  readonly #stored: ReadonlyMap<string, StoredPair>;
  readonly #known: KnownImages;
  readonly #found = new Map<Pair, Promise<ImageView>>();
  readonly #answers = new Map<string, Promise<Read<Digest | undefined>>>();
  /** Why an image that is remembered and needed could not be asked for, by name and key. */
  readonly #unconfirmed = new Map<string, Problem>();
  /** `NAME@DIGEST` of images that are remembered and that the registry does not hold. */
  readonly lost = new Set<string>();

  constructor(from: {
    readonly desired: Desired;
    readonly views: ReadonlyMap<Pair, Read<SourceView>>;
    readonly texts: TargetTexts;
    readonly stored: ReadonlyMap<string, StoredPair>;
    readonly registry: Ports['registry'];
    readonly guards: Guards;
    readonly signal: AbortSignal;
  }) {
    const { pairs } = from.desired;
    this.#pairs = new Map(pairs.map((pair) => [pairName(pair), pair]));
    this.#parents = new Set(
      pairs.flatMap(({ parents, version }) =>
        parents.map(({ application }) => pairName({ application, version })),
      ),
    );
    this.#views = from.views;
    this.#texts = from.texts;
    this.#registry = from.registry;
    this.#guards = from.guards;
    this.#signal = from.signal;
    this.#stored = from.stored;
    this.#known = new KnownImages(from.stored);
  }

  view(pair: Pair): Promise<ImageView> {
    let found = this.#found.get(pair);
    if (!found) {
      found = this.#observe(pair);
      this.#found.set(pair, found);
    }
    return found;
  }

  /**
   * Asks, with one HEAD each, whether the registry still holds what is only remembered of these pairs. False where an
   * image is gone or cannot be asked for: the views are other ones from now on.
   */
  async confirm(pairs: Iterable<Pair>): Promise<boolean> {
    const answers = await Promise.all(Array.from(pairs, (pair) => this.#isHeld(pair)));
    if (answers.every((held) => held)) return true;
    this.#found.clear();
    return false;
  }

  async #isHeld(pair: Pair): Promise<boolean> {
    const { key, image } = await this.view(pair);
    const known = key !== undefined && image?.digest !== undefined && this.#known.get(pair, key);
    if (!known) return true;
    const held = await this.#head(pair.image, known.digest);
    if (held.ok && held.value === known.digest) return true;
    if (held.ok) {
      this.#known.forget(pair, key);
      this.lost.add(`${pair.image}@${known.digest}`);
    } else this.#unconfirmed.set(`${pair.image} ${key}`, held.problem);
    return false;
  }

  async #observe(pair: Pair): Promise<ImageView> {
    const source = this.#views.get(pair);
    const parents = await Promise.all(pair.parents.map((parent) => this.#parent(pair, parent)));
    const references = parents.flatMap(({ reference }) => (reference === undefined ? [] : [reference]));
    if (!source?.ok || references.length < parents.length) return { parents };
    const key = buildKey({
      dockerfile: pair.dockerfile,
      ...(pair.target && { target: pair.target }),
      platforms: pair.platforms,
      buildArgs: pair.buildArgs,
      entries: source.value.source.inputs.entries,
      parents: references,
    });
    const image = await this.#image(pair, key, source.value);
    return image.ok ? { key, parents, image: image.value } : { key, parents, problem: image.problem };
  }

  async #parent(pair: Pair, parent: Pair['parents'][number]): Promise<PairFacts['parents'][number]> {
    const other = this.#pairs.get(pairName({ application: parent.application, version: pair.version }));
    const digest = other && (await this.view(other)).image?.digest;
    if (!other || !digest) return parent;
    const { reference } = this.#registry.location(other.image);
    return { ...parent, reference: `${other.image}@${digest}`, pull: `${reference}@${digest}` };
  }

  async #image(pair: Pair, key: string, { source, deployed }: SourceView): Promise<Read<ImageFacts>> {
    const tag = releaseTag(pair.tag, source.commit);
    const facts = { name: pair.image, keyTag: keyTag(key), releaseTag: tag, released: false };
    const unconfirmed = this.#unconfirmed.get(`${pair.image} ${key}`);
    if (unconfirmed) return { ok: false, problem: unconfirmed };
    const known = this.#known.get(pair, key);
    if (known) {
      const seen = [tag, withKeySuffix(tag, key)].find((one) => known.tags.has(one));
      if (seen)
        return { ok: true, value: { ...facts, digest: known.digest, releaseTag: seen, released: true } };
    }
    if (!known && !this.#matters(pair, source.commit, deployed)) return { ok: true, value: facts };
    const digest = known
      ? { ok: true as const, value: known.digest }
      : await this.#confirmed(pair.image, facts.keyTag);
    if (!digest.ok) return digest;
    const release = await this.#release(pair.image, tag, key, digest.value);
    if (!release.ok) return release;
    return { ok: true, value: { ...facts, ...(digest.value && { digest: digest.value }), ...release.value } };
  }

  /**
   * Whether anything hangs on the registry's answer: what is deployed with the same content, or is newer and must not go
   * back, needs none.
   */
  #matters(pair: Pair, commit: Oid, deployed: SourceView['deployed']): boolean {
    const isParent = this.#parents.has(pairName(pair));
    if (isParent || pair.parents.length > 0 || pair.targets.length === 0) return true;
    const isAhead = pair.targets.some((target) => deployed.get(target)?.relation === 'ahead');
    if (isAhead && !isAccepted(this.#stored.get(pairName(pair)), commit)) return false;
    return pair.targets.some((target) => {
      const text = this.#texts.get(target);
      return (
        text?.ok && (deployed.get(target)?.relation !== 'same' || text.value.current.digest !== undefined)
      );
    });
  }

  /** The release tag to use: with a suffix where the plain one names another image. */
  async #release(
    name: string,
    tag: string,
    key: string,
    digest: Digest | undefined,
  ): Promise<Read<Pick<ImageFacts, 'releaseTag' | 'released'>>> {
    const plain = await this.#head(name, tag);
    if (!plain.ok) return plain;
    if (plain.value === undefined || plain.value === digest)
      return { ok: true, value: { releaseTag: tag, released: plain.value !== undefined } };
    const suffixed = withKeySuffix(tag, key);
    const other = await this.#head(name, suffixed);
    if (!other.ok) return other;
    return {
      ok: true,
      value: { releaseTag: suffixed, released: digest !== undefined && other.value === digest },
    };
  }

  /** What a tag names, once the registry has shown that it holds that very content: a digest in a manifest must exist. */
  async #confirmed(name: string, tag: string): Promise<Read<Digest | undefined>> {
    const named = await this.#head(name, tag);
    if (!named.ok || named.value === undefined) return named;
    const digest = named.value;
    const held = await this.#ask(name, `@${digest}`, async (inner) => {
      const manifest = await this.#registry.manifest(name, digest, inner);
      return manifest?.digest;
    });
    if (!held.ok || held.value === digest) return held;
    const reason = `${name}:${tag} names ${digest}, which the registry does not hold; delete the tag, so that it is built anew`;
    return { ok: false, problem: { reason, retryable: true } };
  }

  #head(name: string, reference: string): Promise<Read<Digest | undefined>> {
    return this.#ask(name, reference, (inner) => this.#registry.digest(name, reference, inner));
  }

  /** Asks the registry of an image, once for each question. */
  #ask(
    name: string,
    about: string,
    question: (signal: AbortSignal) => Promise<Digest | undefined>,
  ): Promise<Read<Digest | undefined>> {
    const id = `${name}:${about}`;
    let answer = this.#answers.get(id);
    if (!answer) {
      const host = this.#registry.location(name).reference.split('/', 1)[0] ?? name;
      answer = read({ guard: this.#guards.http, name: host }, question, this.#signal);
      this.#answers.set(id, answer);
    }
    return answer;
  }
}
