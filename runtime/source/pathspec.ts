import { accepts, character, characterClass, directories, everything, one, star } from './automaton.ts';
import type { Step } from './automaton.ts';
import { isOpen, segmentsOf } from './tree-pattern.ts';
import type { TreePattern } from './tree-pattern.ts';

const special = /[*?[\]\\]/u;

/**
 * Git pathspecs for a set of files, as plain as they can be since people read them.
 * A glob needs two: in git, unlike in Docker, it does not stand for what is below a directory that it matches.
 */
export function includePathspecs(pattern: TreePattern): string[] {
  const path = literalPath(pattern);
  if (path === undefined) return globs(pattern).map((glob) => `:(glob)${glob}`);
  if (path === '') return ['.'];
  return [special.test(path) || path.startsWith(':') ? `:(literal)${path}` : path];
}

/** As above, for what is taken away. */
export function excludePathspecs(pattern: TreePattern): string[] {
  const path = literalPath(pattern);
  if (path === undefined) return globs(pattern).map((glob) => `:(exclude,glob)${glob}`);
  return [special.test(path) ? `:(exclude,literal)${path}` : `:(exclude)${path}`];
}

function literalPath(pattern: TreePattern): string | undefined {
  if (pattern.some((segment) => segment.kind !== 'literal')) return undefined;
  return pattern.map((segment) => segment.text).join('/');
}

function globs(pattern: TreePattern): string[] {
  const texts = pattern.map((segment) => (segment.kind === 'literal' ? escape(segment.text) : segment.text));
  const last = pattern.at(-1);
  if (last !== undefined && isOpen(last)) return [[...texts.slice(0, -1), '**'].join('/')];
  return [texts.join('/'), [...texts, '**'].join('/')];
}

function escape(name: string): string {
  return name.replace(/[*?[\]\\]/gu, '\\$&');
}

/**
 * An application's `inputs:` as pathspecs: a path stands for itself and all below it; with `*`, `?`, `[…]` or `**` it is
 * git's `:(glob)`; `!` in front takes away, whatever the order. Throws an `Error` for what is none of these.
 */
export function inputPathspecs(inputs: readonly string[]): string[] {
  const pathspecs = inputs.map(inputPathspec);
  if (pathspecs.some((pathspec) => !isExclude(pathspec))) return pathspecs;
  throw new Error(
    'inputs name nothing that counts: write at least one path or glob without "!", such as "components/common"',
  );
}

export function isExclude(pathspec: string): boolean {
  return pathspec.startsWith(':(exclude');
}

function inputPathspec(text: string): string {
  const exclude = text.startsWith('!');
  const path = (exclude ? text.slice(1) : text).replace(/^(?:\.?\/)+/u, '').replace(/\/+$/u, '');
  const problem = inputProblem(path);
  if (problem !== undefined)
    throw new Error(
      `input ${JSON.stringify(text)} ${problem}: write a path or glob from the root of the repository, such as "components/common" or "components/**/*.go"`,
    );
  const magic = [...(exclude ? ['exclude'] : []), ...(special.test(path) ? ['glob'] : [])].join(',');
  return magic === '' && !path.startsWith(':') ? path : `:(${magic === '' ? 'literal' : magic})${path}`;
}

function inputProblem(path: string): string | undefined {
  if (path === '' || path === '.') return 'names nothing (the whole context is `inputs: context`)';
  if (hasControlCharacter(path)) return 'has a control character';
  if (path.includes('\\')) return 'has a backslash';
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'has an empty, "." or ".." segment';
  if (segments.some((segment) => segment.includes('**') && segment !== '**'))
    return 'has "**" beside other characters of a segment';
  if (segments.some((segment) => /[[\]]/u.test(segment.replace(/\[[!^]?[^[\]!^][^[\]]*\]/gu, ''))))
    return 'has brackets that are no character class';
  return undefined;
}

function hasControlCharacter(text: string): boolean {
  return Array.from(text).some((one) => one < ' ' || one === '\u007F');
}

/**
 * Says which paths of any tree the pathspecs select, as git does: at least one that includes, none that excludes.
 * Knows the kinds made here: plain, `literal`, `glob`, `exclude`.
 */
export function pathspecMatcher(pathspecs: readonly string[]): (path: string) => boolean {
  const parsed = pathspecs.map(parsePathspec);
  const includes = parsed.filter((spec) => !spec.exclude);
  const excludes = parsed.filter((spec) => spec.exclude);
  return (path) => {
    const matches = (spec: ParsedPathspec) => spec.matches(path);
    return includes.some(matches) && !excludes.some(matches);
  };
}

interface ParsedPathspec {
  readonly exclude: boolean;
  readonly matches: (path: string) => boolean;
}

function parsePathspec(pathspec: string): ParsedPathspec {
  const [, magic = '', text = ''] = /^(?::\(([a-z,]*)\))?(.*)$/su.exec(pathspec) ?? [];
  const words = magic.split(',');
  const below = `${text}/`;
  // Git tries the letters of a glob literally too.
  const isPrefix = (path: string) => text === '.' || path === text || path.startsWith(below);
  if (!words.includes('glob')) return { exclude: words.includes('exclude'), matches: isPrefix };
  const start = asBytes(/^[^*?[\\]*/u.exec(text)?.[0] ?? '');
  const end = asBytes(/[^*?[\]\\/]*$/u.exec(text)?.[0] ?? '');
  const steps = wildmatchSteps(text);
  return {
    exclude: words.includes('exclude'),
    matches: (path) => {
      if (isPrefix(path)) return true;
      const bytes = asBytes(path);
      return bytes.startsWith(start) && bytes.endsWith(end) && accepts(steps, bytes);
    },
  };
}

/** Git compares bytes: a `?` is half an `é`. */
function asBytes(text: string): string {
  return /^[\0-\x7F]*$/u.test(text) ? text : Buffer.from(text).toString('latin1');
}

/** The part of git's wildmatch (with `WM_PATHNAME`) that our pathspecs use. */
function wildmatchSteps(glob: string): Step[] {
  const segments = segmentsOf(asBytes(glob));
  return segments.flatMap((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '**') return last ? [everything] : directories;
    return [...segmentSteps(segment), ...(last ? [] : [character('/')])];
  });
}

function segmentSteps(segment: string): Step[] {
  const tokens = segment.match(/\\.|\[[!^]?[^\]]+\]|./gsu) ?? [];
  return tokens.map((token) => {
    if (token === '*') return star;
    if (token === '?') return one;
    if (token.length > 2 && token.startsWith('[')) {
      const negated = token[1] === '!' || token[1] === '^';
      return characterClass(token.slice(negated ? 2 : 1, -1), negated);
    }
    return character(token.startsWith('\\') ? token.slice(1) : token);
  });
}
