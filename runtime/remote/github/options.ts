import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../ports/index.ts';
import type { AppCredential } from './app.ts';
import type { AnswerStore } from './conditional.ts';
import type { TokenCredential } from './credentials.ts';
import type { Call } from './octokit.ts';

export interface GitHubForgeOptions {
  /** `github.com`, or the host of a GitHub Enterprise or of a stand-in. */
  readonly host: string;
  /** @default https://api.github.com for github.com, else `https://<host>/api/v3` (http for loopback) */
  readonly api?: string;
  readonly credential: TokenCredential | { readonly app: AppCredential };
  /** Remembers answers with their ETags. @default in memory */
  readonly answers?: AnswerStore;
  /** Sees every HTTP exchange. */
  readonly onCall?: (call: Call) => void;
  /** Milliseconds per exchange. @default 30_000 */
  readonly timeout?: number;
  /** Milliseconds between writes. @default 1000, as GitHub asks; 0 where the API is on loopback */
  readonly writeInterval?: number;
  /** Longest wait for a rate limit within a call, milliseconds; beyond, `rate-limited` is thrown. @default 10_000 */
  readonly patience?: number;
  /** Milliseconds before the first repetition of a failed read. @default 1000 */
  readonly retryDelay?: number;
  /** @default the global one */
  readonly fetch?: typeof fetch;
  /** @default the real one */
  readonly clock?: Clock;
}

/** Whatever host a forge on this machine stands for. */
export function writeIntervalOf(api: string): number {
  return isLoopback(URL.parse(api)?.host ?? '') ? 0 : 1_000;
}

export function defaultApi(host: string): string {
  if (host === 'github.com') return 'https://api.github.com';
  return `${isLoopback(host) ? 'http' : 'https'}://${host}/api/v3`;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal === undefined ? {} : { signal }),
};
