import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../ports/folder.ts';
import type { Digest } from '../../ports/registry.ts';

const ABANDONED_AFTER_MS = 24 * 3600 * 1000;

function isMissing(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ENOTDIR')
  );
}

/** What `read` gives, or undefined when the file or folder is not there. */
export async function ifPresent<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Where everything lies under the root. A file appears in its place only whole, by rename: whenever the process is
 * killed, a reader finds the old state or the new one.
 *
 * ```
 * blobs/sha256/ab/ab…                                        content
 * repositories/NAME/_layers/sha256/HEX                       this repository has that blob
 * repositories/NAME/_manifests/revisions/sha256/HEX          … that manifest; holds {mediaType}
 * repositories/NAME/_manifests/tags/TAG                      holds the digest
 * repositories/NAME/_manifests/referrers/sha256/SUBJECT/HEX  holds the referrer's descriptor
 * repositories/NAME/_uploads/ID                              bytes received so far
 * ```
 * No part of a repository's name begins with `_`.
 */
export class Files {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Makes the folders, and drops what a killed process left half-written long ago. */
  async open(): Promise<void> {
    await makeFolder(this.#temporary(), 'name another as root');
    await this.removeAbandoned(this.#temporary());
  }

  content(digest: Digest): string {
    const hex = hexOf(digest);
    return join(this.root, 'blobs', 'sha256', hex.slice(0, 2), hex);
  }

  repositories(): string {
    return join(this.root, 'repositories');
  }

  layer(name: string, digest: Digest): string {
    return join(this.repositories(), name, '_layers', 'sha256', hexOf(digest));
  }

  revision(name: string, digest: Digest): string {
    return join(this.repositories(), name, '_manifests', 'revisions', 'sha256', hexOf(digest));
  }

  tags(name: string): string {
    return join(this.repositories(), name, '_manifests', 'tags');
  }

  referrers(name: string, subject: Digest): string {
    return join(this.repositories(), name, '_manifests', 'referrers', 'sha256', hexOf(subject));
  }

  uploads(name: string): string {
    return join(this.repositories(), name, '_uploads');
  }

  async writeWhole(path: string, content: string | Uint8Array): Promise<void> {
    const temporary = join(this.#temporary(), randomUUID());
    await writeFile(temporary, content);
    await this.moveInto(path, temporary);
  }

  async moveInto(path: string, from: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await rename(from, path);
  }

  async removeAbandoned(folder: string): Promise<void> {
    for (const entry of (await ifPresent(readdir(folder))) ?? []) {
      const path = join(folder, entry);
      const found = await ifPresent(stat(path));
      if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) {
        await rm(path, { force: true });
      }
    }
  }

  #temporary(): string {
    return join(this.root, 'tmp');
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await ifPresent(stat(path))) !== undefined;
}

export async function readText(path: string): Promise<string | undefined> {
  return ifPresent(readFile(path, 'utf8'));
}

export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
