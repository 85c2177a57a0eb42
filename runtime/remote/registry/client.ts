import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../ports/clock.ts';
import { isFault, PortError } from '../../ports/errors.ts';
import type { Digest, Manifest, Platform, Registry } from '../../ports/registry.ts';
import { type Access, Authorizer } from './authorizer.ts';
import { parseChallenge } from './challenge.ts';
import type { CredentialSources } from './credentials.ts';
import { denied, refusal } from './faults.ts';
import { applicationDefaultToken } from './google.ts';
import { cancelled, type HttpAnswer, type HttpOptions, type HttpRequest, send } from './http.ts';
import { type Location, locate, type RegistrySettings } from './names.ts';

export interface OciRegistryOptions extends HttpOptions {
  readonly clock: Clock;
  /** By the host in image names. */
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  /** Credentials of the settings, by the host in image names; asked before Docker's and Google's. */
  readonly credentials?: CredentialSources['settings'];
  /** Names Docker's configuration, and is what credential helpers get. @default process.env */
  readonly env?: CredentialSources['env'];
  /** @default Google's application default credentials */
  readonly googleToken?: CredentialSources['googleToken'];
}

const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;
const READ_ATTEMPTS = 3;
const RETRY_BASE_MS = 250;
/** Repeating is for what may pass in a moment: slower failures and longer waits are left to the caller's backoff. */
const RETRY_WITHIN_MS = 5000;

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const accept = [...indexTypes, ...imageTypes].join(', ');

const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digestForm = /^sha256:[0-9a-f]{64}$/;

const platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const manifestBody = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(z.object({ platform: platform.optional() })).optional(),
});

interface Fetched {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
}

/** The client of every OCI registry: Docker Hub, Google's, GitHub's, or one on this machine. */
export class OciRegistry implements Registry {
  readonly #options: OciRegistryOptions;
  readonly #authorizer: Authorizer;

  constructor(options: OciRegistryOptions) {
    this.#options = options;
    const sources = {
      env: options.env ?? process.env,
      googleToken: options.googleToken ?? applicationDefaultToken(),
      ...(options.credentials === undefined ? {} : { settings: options.credentials }),
    };
    this.#authorizer = new Authorizer(options.clock, sources, options);
  }

  location(name: string): { readonly reference: string; readonly insecure: boolean } {
    const { host, repository, insecure } = this.#locate(name);
    return { reference: `${host}/${repository}`, insecure };
  }

  async digest(name: string, reference: string, signal?: AbortSignal): Promise<Digest | undefined> {
    const location = this.#locate(name);
    requireReference(name, reference);
    const answer = await this.#read(location, 'HEAD', reference, signal);
    if (answer === undefined) return undefined;
    const digest = answer.headers.get('docker-content-digest');
    // Old registries leave the header out; then the bytes themselves say it.
    if (digest === null) return (await this.#fetch(location, reference, signal))?.manifest.digest;
    requireDigest(location, reference, digest);
    return digest;
  }

  async manifest(name: string, reference: string, signal?: AbortSignal): Promise<Manifest | undefined> {
    const location = this.#locate(name);
    requireReference(name, reference);
    return (await this.#fetch(location, reference, signal))?.manifest;
  }

  /** Registries have no compare-and-swap for tags: between our look and our write another may set the tag. */
  async tag(
    name: string,
    digest: Digest,
    tag: string,
    { move = false, signal }: { readonly move?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const location = this.#locate(name);
    if (!tagForm.test(tag)) throw new PortError('invalid', name, `"${tag}" is not a tag`);
    if (!digestForm.test(digest)) throw new PortError('invalid', name, `"${digest}" is not a digest`);
    const current = await this.digest(name, tag, signal);
    if (current === digest) return;
    if (current !== undefined && !move) {
      throw new PortError(
        'conflict',
        `${name}:${tag}`,
        `${name}:${tag} already names ${current}, not ${digest}`,
      );
    }
    const fetched = await this.#fetch(location, digest, signal);
    if (fetched === undefined) {
      throw new PortError('not-found', `${name}@${digest}`, `${name} has no ${digest} to tag as ${tag}`);
    }
    await this.#put(location, tag, fetched, signal);
  }

  #locate(name: string): Location {
    return locate(name, this.#options.registries);
  }

  /** The manifest with its bytes, which have the digest that was asked for and that the registry claims. */
  async #fetch(
    location: Location,
    reference: string,
    signal: AbortSignal | undefined,
  ): Promise<Fetched | undefined> {
    const answer = await this.#read(location, 'GET', reference, signal);
    if (answer === undefined) return undefined;
    const subject = `${location.host}/${location.repository}`;
    const body = manifestBody.safeParse(parseJson(answer.body));
    const contentType = answer.headers.get('content-type')?.split(';')[0]?.trim();
    const mediaType = body.data?.mediaType ?? contentType ?? 'unknown type';
    if (!body.success || ![...indexTypes, ...imageTypes].includes(mediaType)) {
      throw new PortError(
        'invalid',
        subject,
        `${subject} ${reference} is no image manifest or index (${mediaType})`,
      );
    }
    const digest = `sha256:${createHash('sha256').update(answer.body).digest('hex')}`;
    requireDigest(location, reference, digest);
    requireDigest(location, answer.headers.get('docker-content-digest') ?? digest, digest);
    const platforms = (body.data.manifests ?? []).map((one) => one.platform).filter(isRunnable);
    return { manifest: { digest, mediaType, platforms }, bytes: answer.body };
  }

  async #put(
    location: Location,
    tag: string,
    { manifest, bytes }: Fetched,
    signal?: AbortSignal,
  ): Promise<void> {
    const answer = await this.#authorized(location, 'pull,push', {
      method: 'PUT',
      url: manifestUrl(location, tag),
      headers: { 'content-type': manifest.mediaType },
      body: bytes,
      limit: MANIFEST_LIMIT_BYTES,
      signal,
    });
    if (answer.status < 200 || answer.status >= 300) {
      throw refusal(`${location.host}/${location.repository}:${tag}`, 'cannot be tagged', answer);
    }
    requireDigest(location, manifest.digest, answer.headers.get('docker-content-digest') ?? manifest.digest);
  }

  /** Undefined for 404. Repeated when the network or the registry fails for a moment. */
  async #read(
    location: Location,
    method: 'GET' | 'HEAD',
    reference: string,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer | undefined> {
    const url = manifestUrl(location, reference);
    const request: HttpRequest = { method, url, headers: { accept }, limit: MANIFEST_LIMIT_BYTES, signal };
    const deadline = this.#options.clock.now() + RETRY_WITHIN_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#authorized(location, 'pull', request);
        if (answer.status === 200) return answer;
        if (answer.status === 404) return undefined;
        throw refusal(`${location.host}/${location.repository}`, `cannot be read at ${reference}`, answer);
      } catch (error) {
        if (attempt === READ_ATTEMPTS || !isFault(error, 'transient')) throw error;
        const jittered = RETRY_BASE_MS * 2 ** attempt * (0.5 + Math.random() / 2);
        const wait = Math.max(jittered, error.retryAfter ?? 0);
        if (this.#options.clock.now() + wait > deadline) throw error;
        await this.#pause(wait, location.host, signal);
      }
    }
  }

  async #pause(ms: number, host: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, signal);
    } catch (error) {
      throw cancelled(host, error);
    }
  }

  /** Sends with what we hold; answers one challenge. */
  async #authorized(location: Location, access: Access, request: HttpRequest): Promise<HttpAnswer> {
    const held = this.#authorizer.held(location, access);
    let answer = await send(withAuthorization(request, held), this.#options);
    let problems: readonly string[] = [];
    const challenge =
      answer.status === 401 ? parseChallenge(answer.headers.get('www-authenticate') ?? '') : undefined;
    if (challenge !== undefined) {
      const grant = await this.#answer(challenge, location, access, held, request.signal);
      problems = grant.problems;
      if (grant.header !== undefined) {
        answer = await send(withAuthorization(request, grant.header), this.#options);
      }
    }
    if (answer.status === 401 || answer.status === 403) throw denied(location, answer, problems);
    return answer;
  }

  async #answer(
    ...[challenge, location, access, held, signal]: Parameters<Authorizer['answer']>
  ): ReturnType<Authorizer['answer']> {
    try {
      return await this.#authorizer.answer(challenge, location, access, held, signal);
    } catch (error) {
      if (signal?.aborted === true) throw cancelled(location.host, error);
      throw error;
    }
  }
}

function manifestUrl({ origin, repository }: Location, reference: string): URL {
  return new URL(`/v2/${repository}/manifests/${reference}`, origin);
}

function withAuthorization(request: HttpRequest, authorization: string | undefined): HttpRequest {
  if (authorization === undefined) return request;
  return { ...request, headers: { ...request.headers, authorization } };
}

function requireReference(name: string, reference: string): void {
  if (tagForm.test(reference) || digestForm.test(reference)) return;
  throw new PortError('invalid', name, `"${reference}" is neither a tag nor a sha256 digest`);
}

/** @param expected a digest, or a tag, which any digest fits */
function requireDigest(location: Location, expected: string, actual: string): void {
  if (digestForm.test(actual) && (actual === expected || !expected.includes(':'))) return;
  const subject = `${location.host}/${location.repository}`;
  throw new PortError(
    'invalid',
    subject,
    `${subject} gives a wrong digest: ${actual.slice(0, 80)} for ${expected}`,
    {
      remedy: 'see whether a proxy before the registry changes content; nothing of it was used',
    },
  );
}

/** BuildKit lists its attestations in an index as images of platform unknown/unknown. */
function isRunnable(one: z.output<typeof platform> | undefined): one is Platform {
  return one !== undefined && one.os !== 'unknown';
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
