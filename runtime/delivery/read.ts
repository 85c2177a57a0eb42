import type { HostGuard } from '../control/hosts.ts';
import { PortError } from '../ports/index.ts';
import type { Problem } from './observed.ts';

/** A value, or why it could not be had. One failed read never stops the others. */
export type Read<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

/** Asks the outside; every fault but our own cancelling becomes a problem. */
export async function read<T>(
  host: { readonly guard: HostGuard; readonly name: string },
  ask: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Read<T>> {
  try {
    return { ok: true, value: await host.guard.run(host.name, ask, signal) };
  } catch (error) {
    if (!(error instanceof PortError) || error.fault === 'cancelled') throw error;
    return { ok: false, problem: { ...problemOf(error), unreadable: true } };
  }
}

export function problemOf(error: PortError): Problem {
  const remedy = error.remedy ? `; ${error.remedy}` : '';
  return { reason: `${error.message.replace(/\.$/, '')}${remedy}`, retryable: error.retryable };
}

/** Whether it says that we know nothing, rather than that something is wrong. */
export function isUnread({ retryable, unreadable = false }: Problem): boolean {
  return retryable || unreadable;
}

/** A fact of the content, which no retry changes. */
export function missing(reason: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { reason, retryable: false } };
}

/** The host of a clone URL, or the URL itself where it has none (a path). */
export function hostOf(repository: string): string {
  return URL.canParse(repository) ? new URL(repository).host || repository : repository;
}
