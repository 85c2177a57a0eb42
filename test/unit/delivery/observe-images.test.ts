import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { createGuards } from '../../../runtime/delivery/guards.ts';
import { ImageObserver, type ImageView } from '../../../runtime/delivery/observe-images.ts';
import type { SourceView } from '../../../runtime/delivery/observe-relations.ts';
import type { ImageReference, Relation, StoredPair } from '../../../runtime/delivery/observed.ts';
import type { Pair } from '../../../runtime/delivery/pair.ts';
import type { Read } from '../../../runtime/delivery/read.ts';
import { PortError, type Registry } from '../../../runtime/ports/index.ts';
import { keyTag } from '../../../runtime/source/tags.ts';
import { at, commits, desired, now, pair, sourceFacts, stored } from '../../support/delivery-facts.ts';
import { fake } from '../../support/fake.ts';

interface World {
  readonly pairs?: readonly Pair[];
  readonly relation?: Relation;
  readonly current?: ImageReference;
  /** Digest by name:tag; a name alone fails. */
  readonly registry?: Readonly<Record<string, string>>;
  readonly remembered?: Readonly<Record<string, StoredPair>>;
  /** Whether the image of the last pair is about to be used. */
  readonly used?: boolean;
}

interface Seen extends ImageView {
  readonly asked: readonly string[];
  readonly lost: readonly string[];
  readonly confirmed?: boolean | undefined;
}

/** What is seen of the last pair, and what the registry was asked. */
async function view(world: World): Promise<Seen> {
  const { pairs = [pair()], relation = 'behind', current = { name: 'x', tag: 'old' }, registry = {} } = world;
  const asked: string[] = [];
  const images = new ImageObserver({
    desired: desired(pairs),
    views: new Map(
      pairs.map((one): [Pair, Read<SourceView>] => [
        one,
        {
          ok: true,
          value: {
            source: sourceFacts,
            deployed: new Map(one.targets.map((place) => [place, { relation }])),
          },
        },
      ]),
    ),
    texts: new Map(
      pairs.flatMap((one) =>
        one.targets.map(
          (place) => [place, { ok: true as const, value: { file: 'k.yaml', current } }] as const,
        ),
      ),
    ),
    stored: new Map(Object.entries(world.remembered ?? {})),
    registry: fake<Registry>({
      location: (name) => ({ reference: `mirror:5000/${name}`, insecure: true }),
      digest: (name, tag) => {
        asked.push(`${name}:${tag}`);
        return registry[name] === undefined
          ? Promise.resolve(registry[`${name}:${tag}`])
          : Promise.reject(new PortError('transient', name, 'no answer'));
      },
      manifest: (name, digest) => {
        asked.push(`${name}@${digest}`);
        return Promise.resolve(digest === 'gone' ? undefined : { digest, mediaType: 'image', platforms: [] });
      },
    }),
    guards: createGuards(new ManualClock(now)),
    signal: new AbortController().signal,
  });
  const last = pairs.at(-1);
  if (!last) throw new Error('a pair');
  const confirmed = world.used ? await images.confirm([last]) : undefined;
  return { ...(await images.view(last)), asked, lost: [...images.lost], ...(world.used && { confirmed }) };
}

const web = pair();
const { key = '' } = await view({});
const tag = `v1-g${commits.new.slice(0, 12)}`;
const suffixed = `${tag}-k${key.slice(0, 8)}`;
const byKey = `${web.image}:${keyTag(key)}`;
const built = (digest: string, tags: string[]) =>
  stored({}, { built: [{ key, name: web.image, digest, tags }] });

describe('the image of a pair', () => {
  it.each<[string, World, object, number]>([
    ['not built', {}, { releaseTag: tag, released: false }, 2],
    [
      'built and tagged',
      { registry: { [byKey]: 'd', [`${web.image}:${tag}`]: 'd' } },
      { digest: 'd', releaseTag: tag, released: true },
      3,
    ],
    [
      'built, not tagged',
      { registry: { [byKey]: 'd' } },
      { digest: 'd', releaseTag: tag, released: false },
      3,
    ],
    [
      'not built, its tag taken',
      { registry: { [`${web.image}:${tag}`]: 'other' } },
      { releaseTag: suffixed, released: false },
      3,
    ],
    [
      'built, its tag taken',
      { registry: { [byKey]: 'd', [`${web.image}:${tag}`]: 'other', [`${web.image}:${suffixed}`]: 'd' } },
      { digest: 'd', releaseTag: suffixed, released: true },
      4,
    ],
    ['deployed with the same content', { relation: 'same' }, { releaseTag: tag, released: false }, 0],
    [
      'deployed with the same content by digest: its key may differ',
      { relation: 'same', current: { name: 'x', digest: 'd' } },
      { released: false },
      2,
    ],
    ['not to go back', { relation: 'ahead' }, { released: false }, 0],
    [
      'going back, as a person accepts',
      { relation: 'ahead', remembered: { 'v1-web': stored({ accept: commits.new }) } },
      { released: false },
      2,
    ],
    [
      'remembered with its tag',
      { remembered: { 'v1-web': built('d', [tag]) } },
      { digest: 'd', releaseTag: tag, released: true },
      0,
    ],
    [
      'remembered by another pair',
      { remembered: { 'v2-web': built('d', [tag]) } },
      { digest: 'd', released: true },
      0,
    ],
    [
      'remembered without its tag',
      { remembered: { 'v1-web': built('d', []) } },
      { digest: 'd', releaseTag: tag, released: false },
      1,
    ],
    [
      'remembered in two ways: the registry decides',
      {
        remembered: { 'v1-web': built('d', [tag]), 'v2-web': built('e', [tag]) },
        registry: { [byKey]: 'e', [`${web.image}:${tag}`]: 'e' },
      },
      { digest: 'e', releaseTag: tag, released: true },
      3,
    ],
  ])('%s', async (_, world, expected, questions) => {
    const { image, asked } = await view(world);
    expect(image).toMatchObject(expected);
    expect(asked).toHaveLength(questions);
    if (!('digest' in expected)) expect(image?.digest).toBeUndefined();
  });

  it('is a problem where the registry names a digest that it does not hold', async () => {
    const { image, problem } = await view({ registry: { [byKey]: 'gone' } });
    expect(image).toBeUndefined();
    expect(problem).toEqual({
      reason: `${byKey} names gone, which the registry does not hold; delete the tag, so that it is built anew`,
      retryable: true,
    });
  });

  it('is a problem where the registry does not answer', async () => {
    const { image, problem } = await view({ registry: { [web.image]: '' } });
    expect({ image, problem }).toEqual({
      image: undefined,
      problem: { reason: 'no answer', retryable: true, unreadable: true },
    });
  });
});

describe('an image that is remembered and about to be used', () => {
  const remembered = { 'v1-web': built('d', [tag]) };

  it('is asked for once, and is what it was', async () => {
    const seen = await view({ remembered, used: true, registry: { [`${web.image}:d`]: 'd' } });
    expect(seen).toMatchObject({ confirmed: true, image: { digest: 'd', released: true }, lost: [] });
    expect(seen.asked).toEqual([`${web.image}:d`]);
  });

  it('is not built where the registry has lost it', async () => {
    const { image, confirmed, lost } = await view({ remembered, used: true });
    expect(confirmed).toBe(false);
    expect(image).toMatchObject({ releaseTag: tag, released: false });
    expect(image?.digest).toBeUndefined();
    expect(lost).toEqual([`${web.image}@d`]);
  });

  it('is what its key tag names where it was built anew', async () => {
    const registry = { [byKey]: 'e', [`${web.image}:${tag}`]: 'e' };
    const { image } = await view({ remembered, used: true, registry });
    expect(image).toMatchObject({ digest: 'e', released: true });
  });

  it('is a problem where the registry does not answer', async () => {
    const seen = await view({ remembered, used: true, registry: { [web.image]: '' } });
    expect(seen).toMatchObject({ confirmed: false, problem: { reason: 'no answer', retryable: true } });
    expect(seen.image).toBeUndefined();
    expect(seen.lost).toEqual([]);
  });
});

describe('an image that is remembered, after a person has said retry', () => {
  const retried = (asked?: string) => {
    const entry = { key, name: web.image, digest: 'd', tags: [tag], ...(asked && { at: asked }) };
    return { 'v1-web': stored({ retry: at(-5) }, { built: [entry] }) };
  };

  it('is asked for as if nothing were remembered', async () => {
    const { image, asked } = await view({ remembered: retried() });
    expect(image?.digest).toBeUndefined();
    expect(asked).toContain(byKey);
    expect((await view({ remembered: retried(at(-6)) })).asked).toContain(byKey);
  });

  it('is known again once that was asked', async () => {
    const { image, asked } = await view({ remembered: retried(at(-5)) });
    expect(image?.digest).toBe('d');
    expect(asked).toEqual([]);
  });
});

describe('the key of a child', () => {
  const base = pair({ application: 'base', targets: [] });
  const child = pair({ application: 'child', parents: [{ application: 'base', buildArg: 'BASE' }] });
  const of = (digest?: string) =>
    view({
      pairs: [base, child],
      ...(digest && { registry: { [`${base.image}:${keyTag(baseKey)}`]: digest } }),
    });
  let baseKey = '';

  it('follows the digest of its parent, and is not known before', async () => {
    baseKey = (await view({ pairs: [base] })).key ?? '';
    const [none, one, other] = [await of(), await of('sha256:1'), await of('sha256:2')];
    expect(none).toMatchObject({ parents: child.parents });
    expect(none.key).toBeUndefined();
    expect(one.parents).toEqual([
      {
        application: 'base',
        buildArg: 'BASE',
        reference: 'gcr.io/p/base@sha256:1',
        pull: 'mirror:5000/gcr.io/p/base@sha256:1',
      },
    ]);
    expect(one.key).not.toBe(other.key);
    expect((await of('sha256:1')).key).toBe(one.key);
  });
});
