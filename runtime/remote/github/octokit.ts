import { Octokit } from '@octokit/rest';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import Bottleneck from 'bottleneck';
import { gated } from './gate.ts';

/** One HTTP exchange, for metrics and tests. */
export interface Call {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  readonly notModified: boolean;
}

export interface Transport {
  /** Address of the API, without a trailing slash. */
  readonly api: string;
  readonly fetch: typeof fetch;
  /** For one exchange, milliseconds. */
  readonly timeout: number;
  /** Between two writes, milliseconds. */
  readonly writeInterval: number;
  /** Longest wait for a rate limit inside a call, milliseconds. */
  readonly patience: number;
  /** Before the first repetition of a read, milliseconds; the second waits four times as long. */
  readonly retryDelay: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onCall: ((call: Call) => void) | undefined;
}

const READ_RETRIES = 2;
const CLIENT_ERRORS = Array.from({ length: 100 }, (_, index) => 400 + index);

const Client = Octokit.plugin(throttling, retry);
export type Client = InstanceType<typeof Client>;

let clients = 0;

/** Octokit that waits between writes, repeats failed reads, and waits for a limit when the wait is short. */
export function openClient(transport: Transport): Client {
  const waits = (retryAfter: number, _options: unknown, _octokit: unknown, retryCount: number) =>
    retryCount < 1 && retryAfter * 1000 <= transport.patience;
  const spaced = () => new Bottleneck.Group({ maxConcurrent: 1, minTime: transport.writeInterval });
  return new Client({
    baseUrl: transport.api,
    userAgent: 'slipway',
    request: { fetch: gated(boundedFetch(transport), transport.now) },
    throttle: {
      id: `slipway-${clients++}`,
      write: spaced(),
      notifications: spaced(),
      onRateLimit: waits,
      onSecondaryRateLimit: waits,
    },
    retry: {
      doNotRetry: CLIENT_ERRORS,
      retries: READ_RETRIES,
      // Several processes that failed together do not come back together.
      retryAfterBaseValue: transport.retryDelay * (0.75 + Math.random() / 2),
    },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
}

/** What Octokit logs, our errors say. */
function ignore(): void {
  // Nothing to do.
}

/** Gives every exchange, its body included, a time limit, and reports it. */
function boundedFetch({ fetch: send, timeout, onCall }: Transport): typeof fetch {
  return async (input, init) => {
    const limit = AbortSignal.timeout(timeout);
    const signal = init?.signal instanceof AbortSignal ? AbortSignal.any([init.signal, limit]) : limit;
    const address = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    const call = { method: init?.method ?? 'GET', path: new URL(address).pathname };
    try {
      const response = await send(input, { ...init, signal });
      onCall?.({ ...call, status: response.status, notModified: response.status === 304 });
      return response;
    } catch (error) {
      onCall?.({ ...call, status: undefined, notModified: false });
      throw error;
    }
  };
}
