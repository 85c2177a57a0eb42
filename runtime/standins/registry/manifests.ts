import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { Digest } from '../../ports/registry.ts';
import type { Blobs } from './blobs.ts';
import { OciError } from './errors.ts';
import { exists, type Files, hexOf, ifPresent, readText } from './files.ts';
import { parseManifest } from './manifest-content.ts';
import { isDigest } from './route.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

const revision = z.object({ mediaType: z.string() });
const referrer = z.looseObject({ digest: z.string(), artifactType: z.string().optional() });
export type Referrer = z.output<typeof referrer>;

/** Manifests, tags and referrers of a repository. */
export class Manifests {
  readonly #files: Files;
  readonly #blobs: Blobs;
  /** One change at a time: a tag must not be set to a manifest while that is being deleted. */
  readonly #change = pLimit(1);

  constructor(files: Files, blobs: Blobs) {
    this.#files = files;
    this.#blobs = blobs;
  }

  /** @param reference tag or digest */
  async get(name: string, reference: string): Promise<StoredManifest | undefined> {
    const digest = await this.resolve(name, reference);
    if (digest === undefined) return undefined;
    const link = await readText(this.#files.revision(name, digest));
    if (link === undefined) return undefined;
    const { mediaType } = revision.parse(JSON.parse(link));
    return { digest, mediaType, bytes: await readFile(this.#files.content(digest)) };
  }

  async resolve(name: string, reference: string): Promise<Digest | undefined> {
    return isDigest(reference) ? reference : readText(join(this.#files.tags(name), reference));
  }

  /**
   * Stores the manifest, then names it by the tag.
   * @throws OciError when it is malformed, has another digest than asked for, or refers to what the repository lacks
   */
  async put(
    name: string,
    reference: string,
    bytes: Uint8Array,
    contentType: string | undefined,
  ): Promise<{ digest: Digest; subject: Digest | undefined }> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (isDigest(reference) && reference !== digest) {
      throw new OciError('DIGEST_INVALID', `the manifest's bytes have the digest ${digest}`);
    }
    const content = parseManifest(bytes, contentType);
    return this.#change(async () => {
      await this.#requireReferences(name, content.blobs, content.manifests);
      await this.#files.writeWhole(this.#files.content(digest), bytes);
      const { mediaType, subject, artifactType, annotations } = content;
      await this.#files.writeWhole(this.#files.revision(name, digest), JSON.stringify({ mediaType }));
      if (subject !== undefined) {
        const entry = { mediaType, digest, size: bytes.length, artifactType, annotations };
        await this.#files.writeWhole(
          join(this.#files.referrers(name, subject), hexOf(digest)),
          JSON.stringify(entry),
        );
      }
      if (!isDigest(reference)) {
        await this.#files.writeWhole(join(this.#files.tags(name), reference), digest);
      }
      return { digest, subject };
    });
  }

  /** A tag goes alone; a digest goes with every tag that names it. False when it does not exist. */
  async remove(name: string, reference: string): Promise<boolean> {
    return this.#change(async () => {
      const found = await this.get(name, reference);
      if (found === undefined) return false;
      if (!isDigest(reference)) {
        await rm(join(this.#files.tags(name), reference), { force: true });
        return true;
      }
      for (const tag of (await this.tags(name)) ?? []) {
        if ((await this.resolve(name, tag)) === reference) await rm(join(this.#files.tags(name), tag));
      }
      const { subject } = parseManifest(found.bytes, found.mediaType);
      if (subject !== undefined) {
        await rm(join(this.#files.referrers(name, subject), hexOf(reference)), { force: true });
      }
      await rm(this.#files.revision(name, reference));
      return true;
    });
  }

  /** Sorted; undefined when the repository holds no manifest and never did. */
  async tags(name: string): Promise<readonly string[] | undefined> {
    const tags = await ifPresent(readdir(this.#files.tags(name)));
    if (tags !== undefined) return tags.sort();
    return (await exists(join(this.#files.repositories(), name, '_manifests'))) ? [] : undefined;
  }

  async referrers(name: string, subject: Digest): Promise<readonly Referrer[]> {
    const folder = this.#files.referrers(name, subject);
    const entries: Referrer[] = [];
    for (const hex of ((await ifPresent(readdir(folder))) ?? []).sort()) {
      const text = await readText(join(folder, hex));
      if (text !== undefined) entries.push(referrer.parse(JSON.parse(text)));
    }
    return entries;
  }

  /** Names of all repositories that hold manifests, sorted. */
  async catalog(): Promise<readonly string[]> {
    const names: string[] = [];
    const visit = async (folder: string, name: string): Promise<void> => {
      for (const entry of (await ifPresent(readdir(folder, { withFileTypes: true }))) ?? []) {
        if (entry.name === '_manifests') names.push(name);
        else if (entry.isDirectory() && !entry.name.startsWith('_')) {
          await visit(join(folder, entry.name), name === '' ? entry.name : `${name}/${entry.name}`);
        }
      }
    };
    await visit(this.#files.repositories(), '');
    return names.sort();
  }

  async #requireReferences(
    name: string,
    blobs: readonly Digest[],
    manifests: readonly Digest[],
  ): Promise<void> {
    for (const digest of blobs) {
      if ((await this.#blobs.find(name, digest)) === undefined) {
        throw new OciError('MANIFEST_BLOB_UNKNOWN', `${name} has no blob ${digest}`);
      }
    }
    for (const digest of manifests) {
      if (!(await exists(this.#files.revision(name, digest)))) {
        throw new OciError('MANIFEST_BLOB_UNKNOWN', `${name} has no manifest ${digest}`);
      }
    }
  }
}
