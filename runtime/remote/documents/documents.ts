import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PortError, type Documents, type Git, type TextDocument } from '../../ports/index.ts';

/** Larger than any configuration, smaller than memory. */
const limit = 1024 * 1024;
const timeout = 20_000;

/** Reads configuration from a file, an address or a git repository. */
export class DocumentReader implements Documents {
  readonly #git: Pick<Git, 'refs' | 'fetch' | 'entry' | 'blobs'>;
  /** Answers with their ETags, so that an unchanged document is not sent again. */
  readonly #answers = new Map<string, { readonly etag: string; readonly text: string }>();

  constructor(git: Pick<Git, 'refs' | 'fetch' | 'entry' | 'blobs'>) {
    this.#git = git;
  }

  async read(location: string, signal?: AbortSignal): Promise<TextDocument> {
    const written = /^[a-z+]+:\/\/([^/]*)@/i.exec(location)?.[1];
    // `git` is a name that says nothing, as in ssh://git@HOST
    if (written !== undefined && written !== 'git') {
      const shown = location.replace(`${written}@`, '');
      throw new PortError('invalid', shown, `${shown} is given with a user name or password`, {
        remedy: 'leave that out of the address: credentials come from the settings',
      });
    }
    if (location.startsWith('git+')) return this.#readGit(location, signal);
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return this.#readUrl(location, signal);
    return readLocalFile(location);
  }

  async #readUrl(location: string, signal?: AbortSignal): Promise<TextDocument> {
    const url = URL.parse(location);
    if (!isPermitted(url))
      throw new PortError('invalid', location, `${location} cannot be read`, {
        remedy: 'use https://, git+https:// or a path',
      });
    const known = this.#answers.get(location);
    try {
      const response = await fetch(url, {
        headers: known ? { 'if-none-match': known.etag } : {},
        signal: AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]),
      });
      if (!isPermitted(URL.parse(response.url)))
        throw new PortError('invalid', location, `${location} leads to an address that is not https`);
      if (response.status === 304 && known) return { name: location, text: known.text };
      if (!response.ok) throw refused(location, response.status);
      const text = response.body ? await readLimited(response.body, location) : '';
      const etag = response.headers.get('etag');
      if (etag !== null) this.#answers.set(location, { etag, text });
      return { name: location, text };
    } catch (error) {
      if (error instanceof PortError) throw error;
      const fault = signal?.aborted ? 'cancelled' : 'transient';
      throw new PortError(fault, location, `${location} did not answer`, { cause: error });
    }
  }

  async #readGit(location: string, signal?: AbortSignal): Promise<TextDocument> {
    const parts = /^git\+(?<url>[a-z]+:\/\/[^?]+?)\/\/(?<path>[^?]+)\?ref=(?<branch>.+)$/i.exec(
      location,
    )?.groups;
    if (!parts?.['url'] || !parts['path'] || !parts['branch'])
      throw new PortError('invalid', location, `${location} is no file of a git repository`, {
        remedy: 'write git+https://HOST/OWNER/NAME//PATH?ref=BRANCH',
      });
    const { url, path } = parts;
    const repository = url.replace(/\.git$/, '');
    const ref = `refs/heads/${parts['branch']}`;
    const refs = await this.#git.refs(repository, [ref], signal);
    const head = refs.get(ref);
    if (head === undefined) throw new PortError('not-found', location, `${repository} has no ${ref}`);
    await this.#git.fetch(repository, refs, signal);
    const entry = await this.#git.entry(repository, head, path, signal);
    if (!entry?.mode.startsWith('100'))
      throw new PortError('not-found', location, `${repository} has no file ${path} on ${ref}`);
    const blobs = await this.#git.blobs(repository, [entry.oid], { limit, ...(signal && { signal }) });
    return { name: location, text: blobs.get(entry.oid)?.toString('utf8') ?? '' };
  }
}

/** Https, or plain http on this machine. */
function isPermitted(url: URL | null): url is URL {
  if (url === null) return false;
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback);
}

/** A file of this machine. */
export async function readLocalFile(path: string): Promise<TextDocument> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory())
      throw new PortError('invalid', path, `${path} is a folder`, { remedy: 'name a file' });
    if (!facts.isFile())
      throw new PortError('invalid', path, `${path} can be read but once, and each pass reads it anew`, {
        remedy: 'name a regular file',
      });
    return { name: path, text: await readLimited(createReadStream(path), path) };
  } catch (error) {
    if (error instanceof PortError) throw error;
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new PortError('not-found', path, `there is no file ${path}`, { cause: error });
    throw new PortError('denied', path, `${path} cannot be read (${String(code)})`, { cause: error });
  }
}

function refused(location: string, status: number): PortError {
  const why = `${location} answered ${status}`;
  if (status === 404 || status === 410) return new PortError('not-found', location, why);
  if (status === 401 || status === 403) return new PortError('denied', location, why);
  return new PortError(status === 429 ? 'rate-limited' : 'transient', location, why);
}

async function readLimited(stream: AsyncIterable<Uint8Array>, location: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > limit) throw new PortError('invalid', location, `${location} has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
