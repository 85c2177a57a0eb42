import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ForgeState } from './state.ts';
import { badCredentials } from './problems.ts';

export const APP_SLUG = 'slipway';
const DEFAULT_LOGIN = 'slipway-bot';
const LOGIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?$/;

/** Who a request comes from. */
export type Actor =
  | { readonly kind: 'anonymous' }
  /** An App itself, by its signed token. */
  | { readonly kind: 'app'; readonly appId: number }
  | { readonly kind: 'account'; readonly login: string; readonly grant?: Grant };

/** What an installation token is limited to. */
export interface Grant {
  /** `owner/name`, lower case; undefined: all. */
  readonly repositories: readonly string[] | undefined;
  readonly permissions: Readonly<Record<string, string>>;
}

/** A number that is always the same for a login. */
export function accountId(login: string): number {
  return createHash('sha256').update(login.toLowerCase()).digest().readUInt32BE() >>> 1;
}

/**
 * The account behind an `Authorization` header. Any token is good: a configured one is its account, `as-<login>` is
 * that login, every other is `slipway-bot`. Tokens that begin with `ghs_` were issued here, limited and with an end.
 */
export function actorOf(
  header: string | undefined,
  known: { readonly accounts: ReadonlyMap<string, string>; readonly state: ForgeState; readonly now: number },
): Actor {
  if (header === undefined) return { kind: 'anonymous' };
  const token = tokenIn(header);
  if (token === undefined) throw badCredentials();
  const appId = appIdIn(token);
  if (appId !== undefined) return { kind: 'app', appId };
  if (token.startsWith('ghs_')) return installationActor(token, known);
  const configured = known.accounts.get(token);
  if (configured !== undefined) return { kind: 'account', login: configured };
  const named = token.startsWith('as-') ? token.slice(3) : '';
  return { kind: 'account', login: LOGIN.test(named) ? named : DEFAULT_LOGIN };
}

/** True when the actor may do this to the repository (`owner/name`). */
export function permits(
  actor: Actor & { kind: 'account' },
  repository: string,
  permission: 'contents' | 'pull_requests' | 'issues' | 'administration',
): boolean {
  if (actor.grant === undefined) return true;
  const { repositories, permissions } = actor.grant;
  return (
    (repositories === undefined || repositories.includes(repository.toLowerCase())) &&
    permissions[permission] === 'write'
  );
}

function tokenIn(header: string): string | undefined {
  const [scheme = '', value = ''] = header.trim().split(/\s+/, 2);
  if (/^(bearer|token)$/i.test(scheme)) return value || undefined;
  if (!/^basic$/i.test(scheme)) return undefined;
  const [user = '', ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  return password.join(':') || user || undefined;
}

const claims = z.object({ iss: z.union([z.string(), z.number()]), exp: z.number() });

/** The App that a JSON web token speaks for. Its signature is not checked: any App is known here. */
function appIdIn(token: string): number | undefined {
  const parts = token.split('.');
  if (parts.length !== 3 || !token.startsWith('eyJ')) return undefined;
  try {
    const parsed = claims.parse(JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')));
    return Number(parsed.iss) || accountId(String(parsed.iss));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) throw badCredentials();
    throw error;
  }
}

function installationActor(
  token: string,
  known: { readonly state: ForgeState; readonly now: number },
): Actor {
  const row = known.state.token(token);
  if (row === undefined || row.expires_at <= known.now) throw badCredentials();
  const permissions = z.record(z.string(), z.string()).parse(JSON.parse(row.permissions));
  const repositories =
    row.repositories === null ? undefined : z.array(z.string()).parse(JSON.parse(row.repositories));
  return { kind: 'account', login: row.login, grant: { repositories, permissions } };
}
