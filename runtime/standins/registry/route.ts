import type { Digest } from '../../ports/registry.ts';
import { OciError } from './errors.ts';

/** What a path of the distribution API names. Every name and digest in it is valid, and safe as part of a file path. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly name: string }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: Digest };

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const nameForm = new RegExp(`^${part}(?:/${part})*$`);
const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digestForm = /^sha256:[0-9a-f]{64}$/;
const uploadForm = /^[0-9a-f-]{36}$/;

export function isDigest(text: string): boolean {
  return digestForm.test(text);
}

export function parseName(text: string): string {
  if (!nameForm.test(text) || text.length > 255) {
    throw new OciError('NAME_INVALID', 'a repository name is lower-case parts between slashes');
  }
  return text;
}

export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new OciError('DIGEST_INVALID', 'a digest is sha256: and 64 hexadecimal digits');
  return text;
}

function parseReference(text: string): string {
  if (text.includes(':')) return parseDigest(text);
  if (!tagForm.test(text)) {
    throw new OciError('TAG_INVALID', 'a tag is at most 128 letters, digits, "_", "." and "-"');
  }
  return text;
}

/** Clients may write the colon of a digest as `%3A`. */
function decode(segment: string): string {
  return segment.replace(/%3a/gi, ':');
}

/**
 * Reads a URL path. Names contain slashes, so the last words decide: `a/blobs/b/tags/list` lists the tags of `a/blobs/b`.
 * Undefined when the API has no such path.
 * @throws OciError when a name, digest or tag is malformed
 */
export function parseRoute(path: string): Route | undefined {
  if (path === '/v2' || path === '/v2/') return { kind: 'base' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const rest = /^\/v2\/(.+)$/.exec(path)?.[1];
  if (rest === undefined) return undefined;

  const uploads = /^(.+)\/blobs\/uploads\/?$/.exec(rest);
  if (uploads?.[1] !== undefined) return { kind: 'uploads', name: parseName(uploads[1]) };
  const upload = /^(.+)\/blobs\/uploads\/([^/]+)$/.exec(rest);
  if (upload?.[1] !== undefined && upload[2] !== undefined) {
    if (!uploadForm.test(upload[2])) throw new OciError('BLOB_UPLOAD_UNKNOWN', 'no such upload');
    return { kind: 'upload', name: parseName(upload[1]), id: upload[2] };
  }
  const tags = /^(.+)\/tags\/list$/.exec(rest);
  if (tags?.[1] !== undefined) return { kind: 'tags', name: parseName(tags[1]) };

  const [, name, collection, last] = /^(.+)\/(blobs|manifests|referrers)\/([^/]+)$/.exec(rest) ?? [];
  if (name === undefined || last === undefined) return undefined;
  if (collection === 'manifests') {
    return { kind: 'manifest', name: parseName(name), reference: parseReference(decode(last)) };
  }
  const digest = parseDigest(decode(last));
  return { kind: collection === 'blobs' ? 'blob' : 'referrers', name: parseName(name), digest };
}
