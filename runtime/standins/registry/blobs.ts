import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '../../ports/registry.ts';
import { OciError } from './errors.ts';
import { exists, type Files, ifPresent } from './files.ts';

/** Blobs of a repository, and uploads on their way to become one. Bytes go from socket to disk as a stream. */
export class Blobs {
  readonly #files: Files;
  /** Uploads that a request is writing to now: two writers would interleave. */
  readonly #writing = new Set<string>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** Path and size of a blob of this repository. Content of another repository is unknown here until it is mounted. */
  async find(name: string, digest: Digest): Promise<{ path: string; size: number } | undefined> {
    if (!(await exists(this.#files.layer(name, digest)))) return undefined;
    const path = this.#files.content(digest);
    const found = await ifPresent(stat(path));
    return found === undefined ? undefined : { path, size: found.size };
  }

  async mount(name: string, digest: Digest, from: string): Promise<boolean> {
    if ((await this.find(from, digest)) === undefined) return false;
    await this.#files.writeWhole(this.#files.layer(name, digest), '');
    return true;
  }

  /** Takes the blob out of this repository; the content stays for the others. */
  async remove(name: string, digest: Digest): Promise<boolean> {
    if ((await this.find(name, digest)) === undefined) return false;
    await rm(this.#files.layer(name, digest), { force: true });
    return true;
  }

  async startUpload(name: string): Promise<string> {
    const id = randomUUID();
    await mkdir(this.#files.uploads(name), { recursive: true });
    await this.#files.removeAbandoned(this.#files.uploads(name));
    await writeFile(this.#upload(name, id), '', { flag: 'wx' });
    return id;
  }

  /** Bytes received so far; undefined when there is no such upload. */
  async received(name: string, id: string): Promise<number | undefined> {
    return (await ifPresent(stat(this.#upload(name, id))))?.size;
  }

  /** Appends, and answers the bytes received in all. What arrived before a broken connection stays. */
  async append(name: string, id: string, body: Readable): Promise<number> {
    if (this.#writing.has(id)) {
      throw new OciError('BLOB_UPLOAD_INVALID', 'another request is writing to this upload');
    }
    this.#writing.add(id);
    try {
      await pipeline(body, createWriteStream(this.#upload(name, id), { flags: 'a' }));
    } finally {
      this.#writing.delete(id);
    }
    return (await stat(this.#upload(name, id))).size;
  }

  /** Turns the upload into a blob if its bytes have this digest; drops it if not. */
  async finish(name: string, id: string, digest: Digest): Promise<void> {
    const upload = this.#upload(name, id);
    const hash = createHash('sha256');
    await pipeline(createReadStream(upload), hash);
    const actual = `sha256:${hash.digest('hex')}`;
    if (actual !== digest) {
      await rm(upload, { force: true });
      throw new OciError('DIGEST_INVALID', `the uploaded bytes have the digest ${actual}`);
    }
    await this.#files.moveInto(this.#files.content(digest), upload);
    await this.#files.writeWhole(this.#files.layer(name, digest), '');
  }

  async cancelUpload(name: string, id: string): Promise<void> {
    await rm(this.#upload(name, id), { force: true });
  }

  #upload(name: string, id: string): string {
    return join(this.#files.uploads(name), id);
  }
}
