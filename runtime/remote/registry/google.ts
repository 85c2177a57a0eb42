import { untilAborted } from '../../ports/abort.ts';
import type { Lookup } from './lookup.ts';

const TIMEOUT_MS = 10_000;

/** Gives an access token of Google, or undefined when this machine has no Google credentials. */
export type AccessTokenSource = (signal?: AbortSignal) => Promise<string | undefined>;

export function isGoogleHost(host: string): boolean {
  return host === 'gcr.io' || host.endsWith('.gcr.io') || /^[a-z0-9-]+-docker\.pkg\.dev$/.test(host);
}

/** A user whose password is an access token, as Google's registries take it. */
export async function googleCredentials(
  accessToken: AccessTokenSource,
  signal?: AbortSignal,
): Promise<Lookup> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const ended = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  try {
    const token = await untilAborted(accessToken(ended), ended);
    if (token === undefined) return { credentials: undefined, problems: [] };
    const credentials = { kind: 'password', username: 'oauth2accesstoken', password: token } as const;
    return { credentials, problems: [] };
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : 'unknown error';
    return { credentials: undefined, problems: [`Google credentials cannot be used: ${reason}`] };
  }
}

/**
 * Application default credentials: a file, `gcloud auth application-default login`, or the metadata server.
 * The library is loaded at the first use; it looks for credentials once, and renews its token by itself.
 */
export function applicationDefaultToken(): AccessTokenSource {
  let client: Promise<{ getAccessToken(): Promise<string | null | undefined> }> | undefined;
  return async () => {
    client ??= import('google-auth-library').then(
      ({ GoogleAuth }) => new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }),
    );
    try {
      return (await (await client).getAccessToken()) ?? undefined;
    } catch (error) {
      const none = error instanceof Error && error.message.includes('Could not load the default credentials');
      if (none) return undefined;
      throw error;
    }
  };
}
