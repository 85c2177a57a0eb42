import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { Actor } from './accounts.ts';
import { actorOf } from './accounts.ts';
import { Problem } from './problems.ts';
import { rateLimitHeaders } from './rate-limits.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ForgeState } from './state.ts';

export interface AdmissionParts {
  readonly state: ForgeState;
  /** Login of each configured token. */
  readonly accounts: ReadonlyMap<string, string>;
  readonly limits: RateLimits;
  readonly now: () => number;
}

/** What every route knows of its request. */
export interface Env {
  Variables: { actor: Actor };
}
export type Call = Context<Env>;

/** What requests are counted under: the credential itself is kept nowhere. */
export function credentialOf(call: Call): string {
  return createHash('sha256')
    .update(call.req.header('authorization') ?? '')
    .digest('hex');
}

/** Who asks, whether they still may, and what every answer carries: limits, and an ETag on reads. */
export function admission({ accounts, state, limits, now }: AdmissionParts) {
  return async (call: Call, next: () => Promise<void>) => {
    const header = call.req.header('authorization');
    call.set('actor', actorOf(header, { accounts, state, now: now() }));
    const credential = credentialOf(call);
    const free = call.req.path.endsWith('/rate_limit');
    if (!free && limits.state(credential).remaining === 0)
      return call.json(
        new Problem(403, 'API rate limit exceeded for this credential.').body(),
        403,
        rateLimitHeaders(limits.state(credential)),
      );
    await next();
    const unchanged = await tagged(call);
    if (!free && !unchanged) limits.count(credential);
    for (const [name, value] of Object.entries(rateLimitHeaders(limits.state(credential))))
      call.res.headers.set(name, value);
    return undefined;
  };
}

/** Gives a read its ETag, of its body alone as GitHub's; true when the caller has this content, and is told so. */
async function tagged(call: Call): Promise<boolean> {
  if (call.req.method !== 'GET' || call.res.status !== 200) return false;
  const tag = `W/"${createHash('sha256')
    .update(await call.res.clone().bytes())
    .digest('hex')}"`;
  call.res.headers.set('etag', tag);
  call.res.headers.set('cache-control', 'private, max-age=60, s-maxage=60');
  const held = call.req.header('if-none-match')?.split(/\s*,\s*/) ?? [];
  if (!held.includes(tag)) return false;
  call.res = undefined;
  call.res = new Response(null, { status: 304, headers: { etag: tag } });
  return true;
}

export function problemResponse(call: Call, error: Error, log: (line: string) => void): Response {
  const problem = error instanceof Problem ? error : new Problem(500, 'Server Error');
  if (problem !== error) log(`${call.req.method} ${call.req.path}: ${error.stack ?? error.message}`);
  return Response.json(problem.body(), {
    status: problem.status,
    // The rest of a body that is too long is not read, so nothing can follow it.
    headers: problem.status === 413 ? { connection: 'close' } : {},
  });
}
