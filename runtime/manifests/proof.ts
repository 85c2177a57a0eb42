import { isDeepStrictEqual } from 'node:util';
import { ManifestError } from './errors.ts';
import { isList } from './layout.ts';
import type { Insertable } from './layout.ts';
import { YamlText } from './yaml-text.ts';
import type { Change } from './yaml-text.ts';

/** These bytes of a text, replaced. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Wanted {
  readonly document: number;
  readonly keys: readonly unknown[];
  /** Undefined: gone. */
  readonly value: Insertable | undefined;
  readonly change: Omit<Change, 'line'>;
}

/** The first of the candidates that reads back as the old values with exactly the wanted one changed. */
export function proven(yaml: YamlText, candidates: readonly Splice[], wanted: Wanted): YamlText {
  const values = yaml.values.map((one, index) =>
    index === wanted.document ? withValue(one, wanted.keys, wanted.value) : one,
  );
  let failure: unknown;
  for (const { start, end, text } of candidates) {
    const edited = yaml.text.slice(0, start) + text + yaml.text.slice(end);
    const line = yaml.place(start).line + (/^\s*/.exec(text)?.[0].split('\n').length ?? 1) - 1;
    try {
      const next = new YamlText(edited, yaml.file, [...yaml.changes, { ...wanted.change, line }]);
      if (isDeepStrictEqual(next.values, values)) return next;
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      failure = error;
    }
  }
  throw new ManifestError(yaml.file, 'this layout cannot be edited safely, so nothing was changed', {
    place: yaml.place(candidates[0]?.start ?? 0),
    path: wanted.change.path,
    remedy: 'make this change by hand',
    cause: failure,
  });
}

/** A copy of what `YamlText.values` holds with one value set, or deleted when undefined. */
function withValue(root: unknown, keys: readonly unknown[], value: Insertable | undefined): unknown {
  const [key, ...rest] = keys;
  if (keys.length === 0) return asMaps(value);
  if (Array.isArray(root)) {
    const items = [...(root as unknown[])];
    items[Number(key)] = withValue(items[Number(key)], rest, value);
    return items;
  }
  const map = new Map(root instanceof Map ? (root as Map<unknown, unknown>) : []);
  if (rest.length === 0 && value === undefined) map.delete(key);
  else map.set(key, withValue(map.get(key), rest, value));
  return map;
}

function asMaps(value: Insertable | undefined): unknown {
  if (value === undefined || value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => asMaps(item));
  return new Map(Object.entries(value).map(([key, child]) => [key, asMaps(child)]));
}
