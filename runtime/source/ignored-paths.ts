import type { IgnoreRule } from './dockerignore.ts';
import { excludePathspecs, pathspecMatcher } from './pathspec.ts';
import { canContain, intersect, isOpen, overlap } from './tree-pattern.ts';
import type { TreePattern } from './tree-pattern.ts';

/**
 * Where a rule ignores everything (`*`, then `!src`), sources reach at most what the exceptions bring back.
 * Paths from the root of the context.
 */
export function intersectExceptions(
  sources: readonly TreePattern[],
  rules: readonly IgnoreRule[],
): readonly TreePattern[] {
  if (!rules.some((rule) => !rule.exception && isEverything(rule.tree))) return sources;
  const exceptions = rules.filter((rule) => rule.exception);
  return sources.flatMap((source) =>
    exceptions.flatMap(({ tree }) => {
      const common = tree === undefined ? source : intersect(source, tree);
      return common === undefined ? [] : [common];
    }),
  );
}

/**
 * The rules that git can say as well. Rules are tried in order and git's excludes are not, so one stays out when an
 * exception could bring back some of what it ignores, or when it would take away a file that always counts.
 */
export function ignorePathspecs(request: {
  readonly rules: readonly IgnoreRule[];
  /** The context, from the root of the repository. */
  readonly root: TreePattern;
  /** From the root of the context. */
  readonly sources: readonly TreePattern[];
  /** Files that always count, from the root of the repository. */
  readonly kept: readonly string[];
}): string[] {
  const { rules, root, sources, kept } = request;
  const pathspecs = new Set<string>();
  for (const [index, { exception, tree }] of rules.entries()) {
    if (exception || tree === undefined || isEverything(tree)) continue;
    if (!sources.some((source) => overlap(source, tree)) || !isFinal(tree, index, rules)) continue;
    const said = excludePathspecs([...root, ...tree]);
    const remains = pathspecMatcher(['.', ...said]);
    if (kept.every(remains)) for (const pathspec of said) pathspecs.add(pathspec);
  }
  return [...pathspecs];
}

/** No exception has a say in what the rule ignores (for an earlier one see the oddity of `ignoreMatcher`). */
function isFinal(tree: TreePattern, index: number, rules: readonly IgnoreRule[]): boolean {
  return rules.every((other, position) => {
    if (!other.exception) return true;
    if (other.tree === undefined) return false;
    return position > index ? !overlap(tree, other.tree) : !canContain(tree, other.tree);
  });
}

function isEverything(tree: TreePattern | undefined): boolean {
  if (tree === undefined || tree.length === 0) return false;
  return tree.every(isOpen) && tree.filter((segment) => segment.kind === 'glob').length <= 1;
}
