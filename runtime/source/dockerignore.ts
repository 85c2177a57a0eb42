import { posix } from 'node:path';
import { accepts, character, characterClass, directories, everything, one, star } from './automaton.ts';
import type { Step } from './automaton.ts';
import { narrowPattern, wideRulePattern } from './docker-glob.ts';
import type { TreePattern } from './tree-pattern.ts';

/** One line of a `.dockerignore`. */
export interface IgnoreRule {
  /** `!`: takes back what earlier rules ignored. */
  readonly exception: boolean;
  /** Cleaned, from the root of the context. */
  readonly pattern: string;
  /** Whether it matches exactly this path of the context; what is below it is the business of `ignoreMatcher`. */
  readonly matches: (path: string) => boolean;
  /**
   * The same as a set of files: an exception's is at most too wide, any other's at most too narrow.
   * Undefined for what path patterns cannot say.
   */
  readonly tree: TreePattern | undefined;
}

export type Dockerignore =
  | { readonly rules: readonly IgnoreRule[]; readonly problem?: undefined }
  /** Builders would fail on it, or it is more than we are ready to work through. */
  | { readonly problem: string };

/** Bounds the work that a hostile file can ask for. */
const limits = { rules: 512, pattern: 1024 };

/** Reads a `.dockerignore` as moby's `patternmatcher` does. */
export function parseDockerignore(text: string): Dockerignore {
  const rules: IgnoreRule[] = [];
  const lines = text.replace(/^\uFEFF/u, '').split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const exception = line.trim().startsWith('!');
    const written = exception ? line.trim().slice(1).trim() : line.trim();
    const pattern = clean(written);
    const problem = patternProblem(pattern);
    if (problem !== undefined)
      return { problem: `line ${index + 1}, ${JSON.stringify(written)}: ${problem}` };
    if (rules.length === limits.rules) return { problem: `more than ${limits.rules} patterns` };
    rules.push({
      exception,
      pattern,
      matches: patternMatcher(pattern),
      tree: exception ? wideRulePattern(pattern) : narrowPattern(pattern),
    });
  }
  return { rules };
}

/** As Go's `filepath.Clean`, less the leading slash. */
function clean(pattern: string): string {
  if (pattern === '') return '';
  const normalized = posix.normalize(pattern.replace(/^\/{2,}/u, '/')).replace(/(?<=.)\/$/u, '');
  return normalized.length > 1 && normalized.startsWith('/') ? normalized.slice(1) : normalized;
}

function patternProblem(pattern: string): string | undefined {
  if (pattern === '') return '"!" alone is no pattern';
  if (pattern.length > limits.pattern) return `longer than ${limits.pattern} characters`;
  const plain = pattern.replace(/\\./gsu, '');
  if (plain.endsWith('\\')) return 'ends with a backslash';
  if (plain.replace(/\[\^?[^\][/]+\]/gu, '').includes('[')) return 'has brackets that are no character class';
  return undefined;
}

/**
 * Whether a path of the context is ignored: the last rule that matches the path or a directory above it decides.
 * One oddity of moby is kept: a rule is not tried on a directory whose fate it would not change.
 */
export function ignoreMatcher(rules: readonly IgnoreRule[]): (path: string) => boolean {
  const root: Judgement = { matched: rules.map(() => false), ignored: false };
  const known = new Map<string, Judgement>([['.', root]]);
  const judge = (path: string): Judgement => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const above = judge(posix.dirname(path));
    let ignored = false;
    const matched = rules.map((rule, index) => {
      const matches = above.matched[index] === true || (rule.exception === ignored && rule.matches(path));
      if (matches) ignored = !rule.exception;
      return matches;
    });
    const judgement = { matched, ignored };
    known.set(path, judgement);
    return judgement;
  };
  return (path) => rules.length > 0 && judge(path).ignored;
}

interface Judgement {
  /** By rule: whether it matched this path or one above. */
  readonly matched: readonly boolean[];
  readonly ignored: boolean;
}

function patternMatcher(pattern: string): (path: string) => boolean {
  if (!/[*?[\]\\]/u.test(pattern)) return (path) => path === pattern;
  // Moby takes `**name` for "ends with name", where `**` in other places stands for whole directories.
  const suffix = /^\*\*([^*?[\]\\]*)$/u.exec(pattern)?.[1];
  if (suffix !== undefined) return (path) => path.endsWith(suffix) || `/${path}` === suffix;
  const start = /^[^*?[\]\\]*/u.exec(pattern)?.[0] ?? '';
  const steps = patternSteps(pattern);
  return (path) => path.startsWith(start) && accepts(steps, path);
}

function patternSteps(pattern: string): Step[] {
  const tokens = pattern.match(/\*\*\/?$|\*\*\/?|\\.|\[\^?[^\][/]+\]|./gsu) ?? [];
  return tokens.flatMap((token, index) => {
    if (token.startsWith('**')) return index === tokens.length - 1 ? [everything] : directories;
    if (token === '*') return star;
    if (token === '?') return one;
    if (token.length > 2 && token.startsWith('[')) {
      const negated = token[1] === '^';
      return characterClass(token.slice(negated ? 2 : 1, -1), negated);
    }
    return character(token.startsWith('\\') ? token.slice(1) : token);
  });
}
