import { dockerCredentials } from './docker-config.ts';
import { type AccessTokenSource, googleCredentials, isGoogleHost } from './google.ts';

/** A user with password, or what Docker calls an identity token: exchanged for access tokens by OAuth 2. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'refresh-token'; readonly token: string };

/** What a search for credentials gave. Problems are told only when the registry then refuses us: many images are public. */
export interface Lookup {
  readonly credentials: Credentials | undefined;
  readonly problems: readonly string[];
}

/** Where credentials may come from. */
export interface CredentialSources {
  /** The settings, asked first. Undefined: look further. */
  readonly settings?: (
    host: string,
    signal?: AbortSignal,
  ) => Promise<{ readonly username: string; readonly password: string } | undefined>;
  /** Names Docker's files, and is what credential helpers get. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For Google's registries. */
  readonly googleToken: AccessTokenSource;
}

/** Settings first, then what `docker login` stored, then Google's own credentials for its registries. */
export async function findCredentials(
  host: string,
  sources: CredentialSources,
  signal?: AbortSignal,
): Promise<Lookup> {
  const given = await sources.settings?.(host, signal);
  if (given !== undefined) {
    const { username, password } = given;
    return { credentials: { kind: 'password', username, password }, problems: [] };
  }
  const docker = await dockerCredentials(host, sources.env, signal);
  if (docker.credentials !== undefined || !isGoogleHost(host)) return docker;
  const google = await googleCredentials(sources.googleToken, signal);
  return { credentials: google.credentials, problems: [...docker.problems, ...google.problems] };
}
