import type { Oid, RepositoryUrl } from '../../ports/git.ts';
import { checkPattern, matchesPattern } from './names.ts';
import type { Remote } from './remote.ts';

/** One `ls-remote`. A trailing `*` of a pattern stands for any rest. */
export async function readRefs(
  remote: Remote,
  repository: RepositoryUrl,
  patterns: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Oid>> {
  patterns.forEach(checkPattern);
  if (patterns.length === 0) return new Map();
  const output = await remote.read('read refs of', {
    repository,
    args: ['ls-remote', '--quiet', '--refs', ...scopesOf(patterns), '--', repository, ...patterns],
    signal,
  });
  const lines = [...output.matchAll(/^([0-9a-f]+)\t(\S+)$/gm)];
  return new Map(
    lines
      .map(([, oid = '', ref = '']) => [ref, oid] as const)
      .filter(([ref]) => patterns.some((pattern) => matchesPattern(ref, pattern))),
  );
}

/** With these a server sends only what lies below, which spares it (and us) the refs of all pull requests. */
function scopesOf(patterns: readonly string[]): string[] {
  const scopes = [
    ['--heads', 'refs/heads/'],
    ['--tags', 'refs/tags/'],
  ] as const;
  const within = scopes.filter(([, prefix]) => patterns.some((pattern) => pattern.startsWith(prefix)));
  const all = patterns.every((pattern) => within.some(([, prefix]) => pattern.startsWith(prefix)));
  return all ? within.map(([flag]) => flag) : [];
}
