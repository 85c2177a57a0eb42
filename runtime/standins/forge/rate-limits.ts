const WINDOW = 60 * 60 * 1000;

export interface RateLimit {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Seconds since 1970. */
  readonly reset: number;
}

/** Counts requests per credential and hour, as GitHub does. */
export class RateLimits {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #windows = new Map<string, { used: number; reset: number }>();

  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  state(credential: string): RateLimit {
    const { used, reset } = this.#window(credential);
    return {
      limit: this.#limit,
      used,
      remaining: Math.max(0, this.#limit - used),
      reset: Math.ceil(reset / 1000),
    };
  }

  count(credential: string): void {
    this.#window(credential).used += 1;
  }

  #window(credential: string): { used: number; reset: number } {
    const current = this.#windows.get(credential);
    if (current !== undefined && current.reset > this.#now()) return current;
    const fresh = { used: 0, reset: this.#now() + WINDOW };
    this.#windows.set(credential, fresh);
    return fresh;
  }
}

export function rateLimitHeaders(state: RateLimit): Record<string, string> {
  return {
    'x-ratelimit-limit': String(state.limit),
    'x-ratelimit-remaining': String(state.remaining),
    'x-ratelimit-used': String(state.used),
    'x-ratelimit-reset': String(state.reset),
    'x-ratelimit-resource': 'core',
  };
}
