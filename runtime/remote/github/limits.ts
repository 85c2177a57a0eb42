/** An answer, with its headers in lower case. */
export interface LimitedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface Limit {
  /** Milliseconds. */
  readonly wait: number;
  /** The hourly calls of this credential are used up; else it is a secondary limit, for calls that came too fast. */
  readonly spent: boolean;
}

/** GitHub's advice where it names no time. */
const SECONDARY_WAIT = 60_000;

/** How GitHub limits us; undefined where it does not. */
export function limitOf({ status, headers, message }: LimitedAnswer, now: number): Limit | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const spent = headers['x-ratelimit-remaining'] === '0';
  const retryAfter = Number(headers['retry-after']);
  if (Number.isFinite(retryAfter) && retryAfter > 0) return { wait: retryAfter * 1000, spent };
  const reset = Number(headers['x-ratelimit-reset']);
  if (spent && Number.isFinite(reset)) return { wait: Math.max(1000, reset * 1000 - now), spent };
  const isLimit = status === 429 || /rate limit/i.test(message);
  return isLimit ? { wait: SECONDARY_WAIT, spent: false } : undefined;
}
