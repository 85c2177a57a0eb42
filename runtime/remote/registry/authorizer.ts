import { z } from 'zod';
import type { Clock } from '../../ports/clock.ts';
import { PortError } from '../../ports/errors.ts';
import { abortable } from './abortable.ts';
import type { Challenge } from './challenge.ts';
import { type Credentials, type CredentialSources, findCredentials, type Lookup } from './credentials.ts';
import { denied, refusal } from './faults.ts';
import { type HttpAnswer, type HttpOptions, send } from './http.ts';
import { isLoopback, type Location } from './names.ts';

const CREDENTIALS_KEPT_MS = 5 * 60_000;
const LOOKUP_TIMEOUT_MS = 30_000;
const TOKEN_LIMIT_BYTES = 256 * 1024;
/** What the token specification says of an answer without `expires_in`, in seconds. */
const DEFAULT_LIFETIME_S = 60;
/** Tokens are left alone this long before they end, so that none ends on its way. */
const MARGIN_S = 10;

const tokenAnswer = z
  .object({
    token: z.string().optional(),
    access_token: z.string().optional(),
    expires_in: z.number().optional(),
  })
  .transform(({ token, access_token, expires_in }) => ({
    token: token ?? access_token ?? '',
    lifetime: expires_in ?? DEFAULT_LIFETIME_S,
  }));

/** What a call does to its repository. */
export type Access = 'pull' | 'pull,push';

interface Grant {
  /** Value of the Authorization header; undefined when we have nothing to answer the challenge with. */
  readonly header: string | undefined;
  readonly expiresAt: number;
  readonly problems: readonly string[];
}

/** Answers the challenges of registries, and keeps what it got until that expires. */
export class Authorizer {
  readonly #clock: Clock;
  readonly #sources: CredentialSources;
  readonly #http: HttpOptions;
  /** By origin, repository and access. Callers of one key share one question. */
  readonly #grants = new Map<string, { readonly promise: Promise<Grant>; done?: Grant }>();
  readonly #lookups = new Map<string, { readonly promise: Promise<Lookup>; readonly until: number }>();

  constructor(clock: Clock, sources: CredentialSources, http: HttpOptions) {
    this.#clock = clock;
    this.#sources = sources;
    this.#http = http;
  }

  /** Header that we hold for this already. */
  held(location: Location, access: Access): string | undefined {
    const grant = this.#grants.get(keyOf(location, access))?.done;
    return grant !== undefined && grant.expiresAt > this.#clock.now() ? grant.header : undefined;
  }

  /**
   * @param refused header that the registry has just refused
   * @throws PortError when the token service refuses us or fails
   */
  async answer(
    challenge: Challenge,
    location: Location,
    access: Access,
    refused: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Pick<Grant, 'header' | 'problems'>> {
    const key = keyOf(location, access);
    const known = this.#grants.get(key);
    const isStale =
      known?.done !== undefined &&
      (known.done.header === refused || known.done.expiresAt <= this.#clock.now());
    if (known !== undefined && !isStale) return abortable(known.promise, signal);
    // Credentials that led to a refused token may have been replaced since.
    if (refused !== undefined) this.#lookups.delete(location.host);
    return abortable(this.#share(key, this.#grant(challenge, location, access)), signal);
  }

  #share(key: string, promise: Promise<Grant>): Promise<Grant> {
    const entry: { readonly promise: Promise<Grant>; done?: Grant } = { promise };
    this.#grants.set(key, entry);
    promise.then(
      (grant) => (entry.done = grant),
      // Whoever waits gets the error; the next one asks anew.
      () => this.#grants.delete(key),
    );
    return promise;
  }

  async #grant(challenge: Challenge, location: Location, access: Access): Promise<Grant> {
    const { credentials, problems } = await this.#credentials(location);
    if (challenge.scheme === 'bearer') {
      const { token, lifetime } = await this.#token(challenge, location, access, credentials, problems);
      const expiresAt = this.#clock.now() + Math.max(0, lifetime - MARGIN_S) * 1000;
      return { header: `Bearer ${token}`, expiresAt, problems };
    }
    const expiresAt = this.#clock.now() + CREDENTIALS_KEPT_MS;
    return { header: credentials?.kind === 'password' ? basic(credentials) : undefined, expiresAt, problems };
  }

  async #credentials(location: Location): Promise<Lookup> {
    if (!location.trusted) {
      const problem = `credentials are not sent over plain http unless registries."${location.key}".insecure is true`;
      return { credentials: undefined, problems: [problem] };
    }
    const known = this.#lookups.get(location.host);
    if (known !== undefined && known.until > this.#clock.now()) return known.promise;
    const promise = lookUp(location.host, this.#sources);
    this.#lookups.set(location.host, { promise, until: this.#clock.now() + CREDENTIALS_KEPT_MS });
    promise.catch(() => this.#lookups.delete(location.host));
    return promise;
  }

  async #token(
    challenge: Extract<Challenge, { scheme: 'bearer' }>,
    location: Location,
    access: Access,
    credentials: Credentials | undefined,
    problems: readonly string[],
  ): Promise<z.output<typeof tokenAnswer>> {
    const realm = parseRealm(challenge.realm, location);
    const scope = challenge.scope ?? `repository:${location.repository}:${access}`;
    const answer = await this.#askToken(realm, { scope, service: challenge.service }, credentials);
    if (answer.status === 401 || answer.status === 403) throw denied(location, answer, problems);
    if (answer.status !== 200) throw refusal(realm.host, 'gives no token', answer);
    const parsed = tokenAnswer.safeParse(parseJson(answer.body));
    if (!parsed.success || parsed.data.token === '') {
      throw new PortError('invalid', realm.host, `${realm.host} answers without a token`);
    }
    return parsed.data;
  }

  #askToken(
    realm: URL,
    { scope, service }: { readonly scope: string; readonly service: string | undefined },
    credentials: Credentials | undefined,
  ): Promise<HttpAnswer> {
    const parameters = new URLSearchParams({ scope });
    if (service !== undefined) parameters.set('service', service);
    const common = { limit: TOKEN_LIMIT_BYTES, signal: undefined };
    if (credentials?.kind === 'refresh-token') {
      parameters.set('grant_type', 'refresh_token');
      parameters.set('client_id', 'slipway');
      parameters.set('refresh_token', credentials.token);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = parameters.toString();
      return send({ method: 'POST', url: realm, headers, body, ...common }, this.#http);
    }
    const url = new URL(realm);
    for (const [name, value] of parameters) url.searchParams.set(name, value);
    const headers: Record<string, string> =
      credentials === undefined ? {} : { authorization: basic(credentials) };
    return send({ method: 'GET', url, headers, ...common }, this.#http);
  }
}

/** Shared by callers, so no caller's signal ends it. */
async function lookUp(host: string, sources: CredentialSources): Promise<Lookup> {
  const limit = AbortSignal.timeout(LOOKUP_TIMEOUT_MS);
  try {
    return await abortable(findCredentials(host, sources, limit), limit);
  } catch (error) {
    if (error instanceof PortError) throw error;
    const message = `the credentials for ${host} cannot be read`;
    throw new PortError(limit.aborted ? 'transient' : 'denied', host, message, { cause: error });
  }
}

function keyOf({ origin, repository }: Location, access: Access): string {
  return `${origin} ${repository} ${access}`;
}

function basic({ username, password }: Extract<Credentials, { kind: 'password' }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The realm gets our credentials: https, or this machine. */
function parseRealm(realm: string, location: Location): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url;
  const problem = 'asks for a token from an address that is not https';
  throw new PortError('denied', location.host, `${location.host} ${problem}; nothing was sent there`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
