import { distance } from 'fastest-levenshtein';

/** A name that was mistyped is hardly longer; it also bounds the work. */
const longest = 100;
const most = 1000;

/** The known name that was most likely meant: a third of the letters may differ, not counting case, `_` and `-`. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > longest) return undefined;
  const wanted = simplify(name);
  let best: { name: string; distance: number } | undefined;
  for (const one of Array.from(known).slice(0, most)) {
    const other = simplify(one);
    const apart = distance(wanted, other);
    const length = Math.max(wanted.length, other.length);
    if (length === 0 || apart === length || apart > Math.ceil(length / 3)) continue;
    if (best === undefined || apart < best.distance) best = { name: one, distance: apart };
  }
  return best?.name;
}

/** What to do about an unknown name: the nearest, else all of the few that there are. */
export function suggest(name: string, known: Iterable<string>): string | undefined {
  const all = [...known];
  const near = nearest(name, all);
  if (near !== undefined) return meant(near);
  if (all.length === 0) return undefined;
  const few = all.slice(0, 12).map((one) => `\`${one}\``);
  return `known: ${few.join(', ')}${all.length > few.length ? ', …' : ''}`;
}

/** The remedy for a mistyped name. */
export function meant(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `did you mean \`${name}\`?`;
}

/** As names are compared where case and separators do not count. */
export function simplify(name: string): string {
  return name.toLowerCase().replace(/[_-]/gu, '');
}
