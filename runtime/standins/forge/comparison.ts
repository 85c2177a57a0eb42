import { LRUCache } from 'lru-cache';
import { git } from './git.ts';
import { mergedTree } from './merging.ts';
import type { Repository } from './repositories.ts';

/** What a pull request would change. */
export interface Comparison {
  readonly commits: number;
  readonly files: number;
  readonly additions: number;
  readonly deletions: number;
  readonly mergeable: boolean;
}

/** Compares commits; both are for ever what they are, so an answer is remembered. */
export class Comparisons {
  readonly #known = new LRUCache<string, Comparison>({ max: 1_000 });

  async compare(repository: Repository, base: string, head: string): Promise<Comparison> {
    const key = `${repository.fullName} ${base} ${head}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const [count, stat, tree] = await Promise.all([
      git(repository.directory, ['rev-list', '--count', `${base}..${head}`]),
      git(repository.directory, ['diff', '--shortstat', `${base}...${head}`]),
      mergedTree(repository, base, head),
    ]);
    const figure = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(stat)?.[1] ?? 0);
    const comparison = {
      commits: Number(count),
      files: figure('file'),
      additions: figure('insertion'),
      deletions: figure('deletion'),
      mergeable: tree !== undefined,
    };
    this.#known.set(key, comparison);
    return comparison;
  }
}
