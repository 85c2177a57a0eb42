import picomatch from 'picomatch';
import { suggest } from '../config/nearest.ts';
import type { Pair } from './pair.ts';

export interface Selection {
  readonly pairs: readonly Pair[];
  /** One for each pattern that selects nothing, with what was likely meant. */
  readonly problems: readonly string[];
}

/**
 * The pairs that people name: `VERSION/APPLICATION`, where either may be a glob (`v1-1/*`), or the name of an
 * application or version alone for all of its pairs. In the order of the config.
 */
export function selectPairs(pairs: readonly Pair[], patterns: readonly string[]): Selection {
  const matched = patterns.map((pattern) => pairs.filter(matcher(pattern)));
  const chosen = new Set(matched.flat());
  return {
    pairs: pairs.filter((pair) => chosen.has(pair)),
    problems: patterns.flatMap((pattern, at) =>
      matched[at]?.length === 0 ? [unknownPair(pattern, pairs)] : [],
    ),
  };
}

/**
 * One pair by `APPLICATION VERSION`, or by `VERSION/APPLICATION` (also the other way round) in one word, or by its
 * application alone where that is in one version only. A sentence when there is no such pair, or not one alone.
 */
export function selectPair(
  pairs: readonly Pair[],
  [first, second]: readonly [string, string?],
): Pair | string {
  if (second === undefined && !first.includes('/')) return onlyPair(pairs, first);
  const [application = '', version = ''] =
    second === undefined ? first.split('/').reverse() : [first, second];
  const found =
    pairs.find((pair) => pair.application === application && pair.version === version) ??
    pairs.find((pair) => pair.application === version && pair.version === application);
  return found ?? unknownPair(second === undefined ? first : `${version}/${application}`, pairs);
}

function onlyPair(pairs: readonly Pair[], application: string): Pair | string {
  const [found, ...others] = pairs.filter((pair) => pair.application === application);
  if (!found) return unknown(application, new Set(pairs.map((pair) => pair.application)));
  if (others.length === 0) return found;
  const versions = [found, ...others].map(({ version }) => version);
  return `${application} is in ${versions.slice(0, -1).join(', ')} and ${versions.at(-1)}; name one`;
}

/** How a pair is written on the command line. */
export function pairPath({ application, version }: Pick<Pair, 'application' | 'version'>): string {
  return `${version}/${application}`;
}

function matcher(pattern: string): (pair: Pair) => boolean {
  const isMatch = picomatch(pattern, { dot: true, nonegate: true });
  if (pattern.includes('/')) return (pair) => isMatch(pairPath(pair));
  return ({ application, version }) => isMatch(application) || isMatch(version);
}

function unknownPair(pattern: string, pairs: readonly Pair[]): string {
  const known = pattern.includes('/')
    ? pairs.map(pairPath)
    : new Set(pairs.flatMap(({ application, version }) => [application, version]));
  return unknown(pattern, known);
}

function unknown(name: string, known: Iterable<string>): string {
  const remedy = suggest(name, known);
  return `the config has no ${name}${remedy === undefined ? '' : `; ${remedy}`}`;
}
