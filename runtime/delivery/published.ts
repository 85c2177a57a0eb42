import { PortError, type Digest, type Ports } from '../ports/index.ts';
import { releaseTag } from '../source/tags.ts';
import type { PairFacts } from './observed.ts';

/** An image that somebody's pipeline says it has just published for a pair. */
export interface PublishedImage {
  readonly digest: Digest;
  /** Source commit that it was built from, at least 7 digits. @default the one that its release tag names */
  readonly commit?: string;
}

/**
 * Takes a published image for what the pair's inputs make: it gets the key tag, unless it has it. Refuses one that was
 * built from other inputs, since a pull request would then claim what is not so.
 */
export async function adoptPublished(
  facts: PairFacts,
  published: PublishedImage,
  registry: Ports['registry'],
  signal: AbortSignal,
): Promise<void> {
  const { image, source, pair } = facts;
  if (!image || !source || facts.key === undefined) return;
  const { digest, commit } = published;
  if ((await registry.digest(image.name, digest, signal)) === undefined)
    throw new PortError('not-found', image.name, `the registry has no ${image.name}@${digest}`, {
      remedy: 'publish the image before its manifests are updated',
    });
  const keyed = image.digest ?? (await registry.digest(image.name, image.keyTag, signal));
  if (keyed === digest) return;
  if (keyed !== undefined)
    throw new PortError(
      'conflict',
      image.name,
      `${image.name}:${image.keyTag} names ${keyed} and not ${digest}: these inputs were built before`,
      { remedy: `use the digest ${keyed}` },
    );
  const tag = releaseTag(pair.tag, source.commit);
  const isBuiltHere =
    commit === undefined
      ? (await registry.digest(image.name, tag, signal)) === digest
      : commit.length >= 7 && source.commit.startsWith(commit);
  if (!isBuiltHere) throw otherInputs(facts, published, source.commit, tag);
  await registry.tag(image.name, digest, image.keyTag, { signal });
}

function otherInputs(
  { pair }: PairFacts,
  { digest, commit }: PublishedImage,
  wanted: string,
  tag: string,
): PortError {
  const what =
    commit === undefined ? `${pair.image}:${tag} does not name ${digest}` : `it was built from ${commit}`;
  return new PortError(
    'conflict',
    pair.image,
    `${what}, and the inputs of ${pair.application} ${pair.version} changed last in ${wanted.slice(0, 12)}`,
    {
      remedy:
        commit === undefined
          ? `name the commit that it was built from, or publish it as ${pair.image}:${tag}`
          : 'build that commit; a run for it is made by the next pass',
    },
  );
}
