/**
 * Docker's globs as git's. They differ in that git matches bytes where Docker matches characters: to git, `??` is an
 * `é` too, and `?` is none. What both read alike: `*`, and classes of plain ASCII characters.
 */
import { globstar, literalPattern, segmentsOf } from './tree-pattern.ts';
import type { Segment, TreePattern } from './tree-pattern.ts';

const special = /[*?[\]\\]/u;
const asciiClass = /\[(?:[A-Za-z0-9_.]-[A-Za-z0-9_.]|[A-Za-z0-9_.])+\]/gu;

/** A pattern for at least all that the source of a `COPY` matches. What follows a `**`, which builders do not agree on, is left out. */
export function widePattern(source: string): TreePattern {
  const pattern: Segment[] = [];
  for (const text of segmentsOf(source)) {
    if (!special.test(text)) pattern.push({ kind: 'literal', text });
    else if (text.includes('**')) break;
    else pattern.push({ kind: 'glob', text: widen(text) });
  }
  return pattern;
}

function widen(glob: string): string {
  return glob
    .replace(/\\.?|\[\^?\]?[^\]]*\]?|\?|\]/gu, (token) => (isAsciiClass(token) ? token : '*'))
    .replace(/\*+/gu, '*');
}

function isAsciiClass(token: string): boolean {
  return token.length > 2 && token.replace(asciiClass, '') === '';
}

/** A pattern for at most what a line of `.dockerignore` matches; undefined when there is none. */
export function narrowPattern(line: string): TreePattern | undefined {
  return rulePattern(line, (glob) => (isExact(glob) ? glob : undefined));
}

/** A pattern for at least what it matches, likewise. */
export function wideRulePattern(line: string): TreePattern | undefined {
  return rulePattern(line, widen);
}

function rulePattern(line: string, translate: (glob: string) => string | undefined): TreePattern | undefined {
  if (!special.test(line)) return literalPattern(line);
  const segments: Segment[] = [];
  for (const text of segmentsOf(line)) {
    if (text === '**') {
      if (segments.at(-1)?.kind !== 'globstar') segments.push(globstar);
    } else if (!special.test(text)) segments.push({ kind: 'literal', text });
    else {
      const glob = text.includes('**') ? undefined : translate(text);
      if (glob === undefined) return undefined;
      segments.push({ kind: 'glob', text: glob });
    }
  }
  return segments;
}

/** A single `?` between whole characters can only be an ASCII character: fewer than Docker's, never others. */
function isExact(segment: string): boolean {
  const rest = segment.replace(asciiClass, '');
  return !/[[\]\\]/u.test(rest) && rest.split('?').length <= 2;
}
