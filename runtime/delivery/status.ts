import { applicationVersionKind, type PairState } from '../api/application-version.ts';
import type { ObjectStore } from '../ports/index.ts';
import type { StoredPair } from './observed.ts';

/** How a pair stood when it was last looked at, and what people have said of it. */
export interface PairStatus {
  readonly application: string;
  readonly version: string;
  /** Undefined until a pass has looked at it. */
  readonly state?: PairState;
  readonly reason?: string;
  /** RFC 3339: since when it is in this state. */
  readonly since?: string;
  readonly commit?: string;
  readonly image?: { readonly name: string; readonly tag: string; readonly digest?: string };
  readonly pullRequests: readonly { readonly number: number; readonly url: string }[];
  /** The newest one. */
  readonly build?: { readonly name: string; readonly outcome: string; readonly reason?: string };
  readonly hold?: { readonly until?: string; readonly reason?: string };
  readonly accept?: string;
  readonly retry?: string;
}

/** From what is stored alone, ordered by version and application. An object that does not parse is named as invalid. */
export async function storedStatus(
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<{ items: PairStatus[]; invalid: readonly { name: string; problem: string }[] }> {
  const { items, invalid } = await objects.list(applicationVersionKind, { signal });
  const order = (a: PairStatus, b: PairStatus) =>
    compare(a.version, b.version) || compare(a.application, b.application);
  return { items: items.map(pairStatus).toSorted(order), invalid };
}

function pairStatus({ spec, status }: StoredPair): PairStatus {
  const { application, version, hold, accept, retry } = spec;
  const attempt = status?.attempts?.at(-1);
  return {
    application,
    version,
    ...(status && { state: status.state, reason: status.reason, since: status.since }),
    ...(status?.commit && { commit: status.commit }),
    ...(status?.image && { image: status.image }),
    pullRequests: (status?.pullRequests ?? []).flatMap(({ state, number, url }) =>
      state === 'open' ? [{ number, url }] : [],
    ),
    ...(attempt && {
      build: {
        name: attempt.build,
        outcome: attempt.outcome,
        ...(attempt.reason && { reason: attempt.reason }),
      },
    }),
    ...(hold && { hold }),
    ...(accept && { accept }),
    ...(retry && { retry }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
