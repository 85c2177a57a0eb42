/**
 * Sets of files, said as path patterns that stand for what they match **and everything below it**: this is how
 * both a `COPY` source and a line of `.dockerignore` work.
 */
export interface Segment {
  readonly kind: 'literal' | 'glob' | 'globstar';
  /** The name itself, or the glob: `*`, `?`, `[a-z]`. */
  readonly text: string;
}

/** From the root of the repository or context; no segments: everything. */
export type TreePattern = readonly Segment[];

export const globstar: Segment = { kind: 'globstar', text: '**' };

/** A path taken literally; '' is the root. */
export function literalPattern(path: string): TreePattern {
  return segmentsOf(path).map((text) => ({ kind: 'literal', text }));
}

export function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** Whether a segment stands for any name. */
export function isOpen(segment: Segment): boolean {
  return segment.kind === 'globstar' || (segment.kind === 'glob' && segment.text === '*');
}

/** `foo/*` and `foo/**` are all of `foo`: as what is read, not as what is left out, since `foo` may be a file. */
export function withoutOpenEnd(pattern: TreePattern): TreePattern {
  return pattern.slice(0, pattern.findLastIndex((segment) => !isOpen(segment)) + 1);
}

/** Whether the first set holds all of the second. May say false where it does. */
export function contains(a: TreePattern, b: TreePattern): boolean {
  return (
    a.length <= b.length &&
    a.every((segment, index) => segment.kind === b[index]?.kind && segment.text === b[index].text)
  );
}

/** Whether some path can lie in both sets. May say true where none can, never false where one can. */
export function overlap(a: TreePattern, b: TreePattern): boolean {
  return reach(a, b, (i, j) => i === a.length || j === b.length);
}

/** Whether a path that `above` names itself can be a directory strictly above one that `below` names itself. */
export function canContain(above: TreePattern, below: TreePattern): boolean {
  return reach(above, below, (i, j) => i === above.length && j < below.length);
}

/** Walks both patterns along common paths and says whether a pair of positions is reached that `found` likes. */
function reach(a: TreePattern, b: TreePattern, found: (i: number, j: number) => boolean): boolean {
  const seen = new Set<number>();
  const pending: [number, number][] = [[0, 0]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [i, j] = pair;
    const id = i * (b.length + 1) + j;
    if (seen.has(id)) continue;
    seen.add(id);
    if (found(i, j)) return true;
    const [left, right] = [a[i], b[j]];
    if (left?.kind === 'globstar') pending.push([i + 1, j]);
    if (right?.kind === 'globstar') pending.push([i, j + 1]);
    if (left === undefined || right === undefined) continue;
    if (left.kind === 'globstar') pending.push([i, j + 1]);
    if (right.kind === 'globstar') pending.push([i + 1, j]);
    if (left.kind !== 'globstar' && right.kind !== 'globstar' && segmentsOverlap(left, right))
      pending.push([i + 1, j + 1]);
  }
  return false;
}

/** Compares what stands before the first and after the last wildcard. */
function segmentsOverlap(a: Segment, b: Segment): boolean {
  const [left, right] = [ends(a), ends(b)];
  if (a.kind === 'literal' && b.kind === 'literal') return a.text === b.text;
  if (a.kind === 'literal') return fits(a.text, right);
  if (b.kind === 'literal') return fits(b.text, left);
  return (
    (left.start.startsWith(right.start) || right.start.startsWith(left.start)) &&
    (left.end.endsWith(right.end) || right.end.endsWith(left.end))
  );
}

function ends(segment: Segment): { readonly start: string; readonly end: string } {
  const [start = ''] = segment.text.split(/[*?[]/u, 1);
  return { start, end: /[^*?\]]*$/u.exec(segment.text)?.[0] ?? '' };
}

function fits(name: string, { start, end }: { readonly start: string; readonly end: string }): boolean {
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}

/**
 * A pattern for what lies in both sets, at most too wide; undefined when they are disjoint.
 * @param source without globstars
 */
export function intersect(source: TreePattern, other: TreePattern): TreePattern | undefined {
  if (!overlap(source, other)) return undefined;
  const common: Segment[] = [];
  for (const [index, mine] of source.entries()) {
    const theirs = other[index];
    if (theirs === undefined) return source;
    if (theirs.kind === 'globstar') return intersectDeep(source, other, index);
    common.push(mine.kind === 'literal' || theirs.kind === 'glob' ? mine : theirs);
  }
  return [...common, ...other.slice(source.length)];
}

/** `src` and `**` + `/*.go` meet in `src/**` + `/*.go`, unless a segment of `src` itself could be what is meant. */
function intersectDeep(source: TreePattern, other: TreePattern, index: number): TreePattern {
  const [wanted, ...more] = other.slice(index + 1);
  if (wanted === undefined || more.length > 0 || wanted.kind === 'globstar') return source;
  if (source.slice(index).some((segment) => segmentsOverlap(segment, wanted))) return source;
  return [...source, globstar, wanted];
}
