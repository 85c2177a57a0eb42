import { dockerCredentials } from './docker-config.ts';
import { type AccessTokenSource, googleCredentials, isGoogleHost } from './google.ts';
import type { Lookup } from './lookup.ts';
import type { Location } from './names.ts';

/** Where credentials may come from. */
export interface CredentialSources {
  /** The settings, asked first, by the host that image names carry (`gcr.io`). Undefined: look further. */
  readonly settings?: (
    key: string,
    signal?: AbortSignal,
  ) => Promise<{ readonly username: string; readonly password: string } | undefined>;
  /** Names Docker's files, and is what credential helpers get. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For Google's registries. */
  readonly googleToken: AccessTokenSource;
}

/** Settings first, then what `docker login` stored, then Google's own credentials for its registries. */
export async function findCredentials(
  { key, host }: Pick<Location, 'key' | 'host'>,
  sources: CredentialSources,
  signal?: AbortSignal,
): Promise<Lookup> {
  const given = await sources.settings?.(key, signal);
  if (given !== undefined) {
    const { username, password } = given;
    return { credentials: { kind: 'password', username, password }, problems: [] };
  }
  const docker = await dockerCredentials(host, sources.env, signal);
  if (docker.credentials !== undefined || !isGoogleHost(host)) return docker;
  const google = await googleCredentials(sources.googleToken, signal);
  return { credentials: google.credentials, problems: [...docker.problems, ...google.problems] };
}
