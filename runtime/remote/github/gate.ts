import { limitOf } from './limits.ts';

/** Timers may end a little before the clock says so. */
const EARLY = 50;

interface Closed {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Once GitHub limits us, answers further calls in its place until the time that it named: calls during a limit prolong
 * it, and may end in a ban. A spent limit is that of one credential, a secondary one that of the whole host.
 */
export function gated(send: typeof fetch, now: () => number): typeof fetch {
  const closed = new Map<string, Closed>();
  return async (input, init) => {
    const credential = new Headers(init?.headers).get('authorization') ?? '';
    for (const scope of [EVERYBODY, credential]) {
      const limit = closed.get(scope);
      if (limit === undefined) continue;
      if (limit.until > now()) return again(limit, limit.until - now());
      closed.delete(scope);
    }
    const answer = await send(input, init);
    if (answer.status !== 403 && answer.status !== 429) return answer;
    const { status, headers } = answer;
    const body = await answer.text();
    const limit = limitOf({ status, headers: Object.fromEntries(headers), message: body }, now());
    if (limit !== undefined)
      closed.set(limit.spent ? credential : EVERYBODY, {
        until: now() + limit.wait - EARLY,
        status,
        headers,
        body,
      });
    return new Response(body, { status, headers });
  };
}

/** No credential is written so. */
const EVERYBODY = '*';

function again({ status, headers, body }: Closed, wait: number): Response {
  const answer = new Response(body, { status, headers });
  answer.headers.set('retry-after', String(Math.ceil(wait / 1000)));
  return answer;
}
