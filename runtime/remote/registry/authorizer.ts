import { z } from 'zod';
import { untilAborted } from '../../ports/abort.ts';
import type { Clock } from '../../ports/clock.ts';
import { PortError } from '../../ports/errors.ts';
import type { Challenge } from './challenge.ts';
import { type CredentialSources, findCredentials } from './credentials.ts';
import { denied, refusal } from './faults.ts';
import { type HttpAnswer, type HttpOptions, send } from './http.ts';
import { Kept } from './kept.ts';
import type { Credentials, Lookup } from './lookup.ts';
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
  readonly #grants: Kept<Grant>;
  readonly #lookups: Kept<Lookup & { readonly expiresAt: number }>;

  constructor(clock: Clock, sources: CredentialSources, http: HttpOptions) {
    this.#clock = clock;
    this.#sources = sources;
    this.#http = http;
    this.#grants = new Kept(clock);
    this.#lookups = new Kept(clock);
  }

  /** Header that we hold for this already. */
  held(location: Location, access: Access): string | undefined {
    return this.#grants.peek(grantKey(location, access))?.header;
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
    const key = grantKey(location, access);
    if (refused !== undefined && this.#grants.peek(key)?.header === refused) {
      // The password behind it may have been replaced since.
      this.#grants.drop(key);
      this.#lookups.drop(lookupKey(location));
    }
    return untilAborted(
      this.#grants.get(key, () => this.#grant(challenge, location, access)),
      signal,
    );
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
    return this.#lookups.get(lookupKey(location), async () => ({
      ...(await lookUp(location, this.#sources)),
      expiresAt: this.#clock.now() + CREDENTIALS_KEPT_MS,
    }));
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
async function lookUp(location: Location, sources: CredentialSources): Promise<Lookup> {
  const limit = AbortSignal.timeout(LOOKUP_TIMEOUT_MS);
  try {
    return await untilAborted(findCredentials(location, sources, limit), limit);
  } catch (error) {
    if (error instanceof PortError) throw error;
    const { host } = location;
    const message = `the credentials for ${host} cannot be read`;
    throw new PortError(limit.aborted ? 'transient' : 'denied', host, message, { cause: error });
  }
}

function lookupKey({ key, host }: Location): string {
  return `${key} ${host}`;
}

function grantKey(location: Location, access: Access): string {
  return `${lookupKey(location)} ${location.repository} ${access}`;
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
