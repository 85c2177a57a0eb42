import { applicationVersionKind, type ApplicationVersionSpec } from '../api/application-version.ts';
import { isFault, type ObjectStore } from '../ports/index.ts';
import type { StoredPair } from './observed.ts';
import type { Pair } from './pair.ts';
import { pairName } from './pair.ts';

/** What a person may say of a pair. */
export type Word =
  | { readonly say: 'hold'; readonly until?: string; readonly reason?: string }
  | { readonly say: 'release' }
  | { readonly say: 'retry'; readonly at: string }
  | { readonly say: 'accept'; readonly commit: string };

const tries = 5;

/** Writes a person's word into the pair's spec, by compare-and-swap. Returns what was stored before. */
export async function tell(
  objects: ObjectStore,
  pair: Pick<Pair, 'application' | 'version'>,
  word: Word,
  signal: AbortSignal,
): Promise<StoredPair | undefined> {
  const name = pairName(pair);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const stored = await objects.get(applicationVersionKind, name, signal);
      if (word.say === 'release' && !stored?.spec.hold) return stored;
      if (stored) {
        await objects.update(
          applicationVersionKind,
          { ...stored, spec: withWord(stored.spec, word) },
          signal,
        );
      } else {
        const { application, version } = pair;
        const spec = withWord({ application, version }, word);
        await objects.create(applicationVersionKind, { metadata: { name }, spec }, signal);
      }
      return stored;
    } catch (error) {
      if (attempt === tries || !isFault(error, 'conflict')) throw error;
    }
  }
}

function withWord(spec: ApplicationVersionSpec, word: Word): ApplicationVersionSpec {
  switch (word.say) {
    case 'hold': {
      const { until, reason } = word;
      return { ...spec, hold: { ...(until && { until }), ...(reason && { reason }) } };
    }
    case 'release': {
      return { ...spec, hold: undefined };
    }
    case 'retry':
      return { ...spec, retry: word.at };
    case 'accept':
      return { ...spec, accept: word.commit };
  }
}
