import { ManifestError } from './errors.ts';

/** An image reference in its parts: `[host[:port]/]path[:tag][@digest]`. */
export interface ImageReference {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * An `images:` entry as `kustomize edit set image` leaves it: what is undefined is gone afterwards, `*` keeps what
 * the entry has.
 */
export interface ImageOverride {
  /** The image as written in the resources. */
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
}

export const KEEP = '*';

const NAME =
  /^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-.]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST =
  /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}|(?!sha256:|sha512:)[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[\w=-]+)$/;

/** Splits as kustomize does: a `:` before the first `/` belongs to a port. Checks nothing. */
export function splitReference(reference: string): ImageReference {
  const slash = Math.max(reference.indexOf('/'), 0);
  const at = reference.indexOf('@', slash);
  const colon = reference.indexOf(':', slash);
  const hasTag = colon !== -1 && (at === -1 || colon < at);
  const nameEnd = hasTag ? colon : at === -1 ? reference.length : at;
  return {
    name: reference.slice(0, nameEnd),
    ...(hasTag ? { tag: reference.slice(colon + 1, at === -1 ? undefined : at) } : {}),
    ...(at === -1 ? {} : { digest: reference.slice(at + 1) }),
  };
}

export function joinReference({ name, tag, digest }: ImageReference): string {
  return name + (tag ? `:${tag}` : '') + (digest ? `@${digest}` : '');
}

/**
 * Reads one argument of `set-image`: `NAME=NEW[:TAG][@DIGEST]` or `NAME[:TAG][@DIGEST]`.
 * @throws ManifestError that names the argument in `file`
 */
export function parseImageArgument(argument: string): ImageOverride {
  const equals = argument.indexOf('=');
  const value = splitReference(equals === -1 ? argument : argument.slice(equals + 1));
  const name = equals === -1 ? value.name : argument.slice(0, equals);
  if (name === '' || (equals === -1 && value.tag === undefined && value.digest === undefined)) {
    throw new ManifestError(argument, 'says no new image', {
      remedy: 'write NAME=NEW[:TAG][@DIGEST], NAME:TAG or NAME@DIGEST',
    });
  }
  const override = {
    name,
    ...(equals === -1 ? {} : { newName: value.name }),
    ...(value.tag === undefined ? {} : { newTag: value.tag }),
    ...(value.digest === undefined ? {} : { digest: value.digest }),
  };
  checkOverride(override, argument);
  return override;
}

/** @throws ManifestError for a name, tag or digest that no registry accepts; @param subject is named in it */
export function checkOverride(override: ImageOverride, subject: string): void {
  const { name, newName = KEEP, newTag = KEEP, digest = KEEP } = override;
  if (/[\s\p{Cc}]/u.test(name) || name === '') {
    throw new ManifestError(subject, `\`${name}\` is no image name`, {
      remedy: 'write it as the resources do',
    });
  }
  if (newName !== KEEP && !NAME.test(newName)) {
    throw new ManifestError(subject, `\`${newName}\` is no image name`, {
      remedy: 'write [HOST[:PORT]/]PATH in lower case, the tag after a colon',
    });
  }
  if (newTag !== KEEP && !TAG.test(newTag)) {
    throw new ManifestError(subject, `\`${newTag}\` is no tag`, {
      remedy: 'use at most 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`',
    });
  }
  if (digest !== KEEP && !DIGEST.test(digest)) {
    throw new ManifestError(subject, `\`${digest}\` is no digest`, {
      remedy: 'write sha256: and 64 hex digits',
    });
  }
}
