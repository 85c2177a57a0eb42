import { posix } from 'node:path';
import type { Oid, TreeEntry } from '../ports/index.ts';
import { includePathspecs, pathspecMatcher } from './pathspec.ts';
import { literalPattern, segmentsOf } from './tree-pattern.ts';
import type { TreePattern } from './tree-pattern.ts';

export type Followed =
  | { readonly patterns: readonly TreePattern[]; readonly problem?: undefined }
  /** `needs`: links whose content has not been given. */
  | { readonly problem: string; readonly needs: readonly Oid[] };

const symlink = '120000';
const submodule = '160000';
/** As Linux has it. */
const longestChain = 40;

/**
 * A source that leads through symbolic links reads the links and what they lead to; one that leads into a submodule
 * reads the commit that the submodule stands at. Builders follow links in the way to a source and at its end, and none
 * below it.
 * @param entries of the context, paths from its root
 * @param targets content of links, by blob
 */
export function followLinks(
  source: TreePattern,
  entries: readonly TreeEntry[],
  targets: ReadonlyMap<Oid, string>,
): Followed {
  const specials = entries.filter((entry) => entry.mode === symlink || entry.mode === submodule);
  if (specials.length === 0) return { patterns: [source] };
  const patterns: TreePattern[] = [];
  const needs: Oid[] = [];
  const pending: { readonly pattern: TreePattern; readonly links: number }[] = [
    { pattern: source, links: 0 },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { pattern, links } = next;
    patterns.push(pattern);
    for (const entry of specials) {
      const depth = segmentsOf(entry.path).length;
      if (!leadsThrough(pattern, entry.path, depth)) continue;
      patterns.push(literalPattern(entry.path));
      if (entry.mode === submodule) continue;
      const target = targets.get(entry.oid);
      if (target === undefined) {
        needs.push(entry.oid);
        continue;
      }
      const path = posix.join(posix.dirname(entry.path), target);
      if (links === longestChain) return { problem: `${entry.path} is a link in a circle`, needs: [] };
      if (posix.isAbsolute(target) || path === '..' || path.startsWith('../'))
        return { problem: `${entry.path} is a link that leads out of the context`, needs: [] };
      const rest = pattern.slice(depth);
      pending.push({ pattern: [...literalPattern(path === '.' ? '' : path), ...rest], links: links + 1 });
    }
  }
  return needs.length === 0
    ? { patterns }
    : { problem: 'it reads through symbolic links that have not been read', needs };
}

function leadsThrough(pattern: TreePattern, path: string, depth: number): boolean {
  if (depth > pattern.length) return false;
  return pathspecMatcher(includePathspecs(pattern.slice(0, depth)).slice(0, 1))(path);
}
