import { isTag } from './image.ts';

const longestTag = 128;
const keySuffixPattern = '-k[0-9a-f]{8}';

/** Every built image carries it; its existence in the registry means that the build is done. */
export function keyTag(key: string): string {
  return `k-${key.slice(0, 40)}`;
}

/**
 * `<prefix>-g<first 12 of the commit>`: what manifests are moved to.
 * @param prefix the `tag` of the version
 * @param commit the last one that changed the input closure
 * Throws an `Error` when the prefix is no tag, or leaves no room for the commit and a key suffix.
 */
export function releaseTag(prefix: string, commit: string): string {
  const tag = `${prefix}-g${commit.slice(0, 12)}`;
  if (isTag(prefix) && withKeySuffix(tag, '0'.repeat(64)).length <= longestTag) return tag;
  throw new Error(
    `version tag ${JSON.stringify(prefix)} gives no image tag: use at most ${longestPrefix} letters, digits, "_", "." and "-", and begin with none of the last two`,
  );
}

const longestPrefix = longestTag - '-g'.length - 12 - '-k'.length - 8;

/** The release tag to use where the plain one already names another image. */
export function withKeySuffix(tag: string, key: string): string {
  return `${tag}-k${key.slice(0, 8)}`;
}

/** The commit that a deployed tag names, as `git describe` and `releaseTag` write it; undefined when it names none. */
export function pinnedCommit(
  tag: string,
): { readonly prefix: string; readonly abbreviation: string } | undefined {
  const [, prefix, abbreviation] =
    new RegExp(`^(.*)-g([0-9a-f]{7,40})(?:${keySuffixPattern})?$`, 'u').exec(tag) ?? [];
  return prefix === undefined || abbreviation === undefined ? undefined : { prefix, abbreviation };
}
