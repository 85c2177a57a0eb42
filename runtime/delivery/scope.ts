import { pairName, type Desired, type Pair } from './pair.ts';

/**
 * What must be looked at to decide about one pair as a whole pass would: the images it builds on, the pairs that share an
 * image with any of these (they may share its build), and where one pull request carries a whole version, that version.
 */
export function scopeOf(desired: Desired, pair: Pair): Desired {
  const scope = new Set([pair]);
  for (let size = 0; size !== scope.size;) {
    size = scope.size;
    for (const one of desired.pairs) {
      if (!scope.has(one) && [...scope].some((other) => belongTogether(other, one, desired))) scope.add(one);
    }
  }
  return { ...desired, pairs: desired.pairs.filter((one) => scope.has(one)) };
}

function belongTogether(inScope: Pair, other: Pair, { pullRequests }: Desired): boolean {
  const sameVersion = inScope.version === other.version;
  return (
    inScope.image === other.image ||
    (sameVersion && inScope.parents.some(({ application }) => application === other.application)) ||
    (sameVersion && pullRequests.strategy === 'grouped')
  );
}

/** Names of the pair and of everything that it is built on. */
export function lineage(desired: Desired, pair: Pair): ReadonlySet<string> {
  const parents = desired.pairs.filter(
    (one) =>
      one.version === pair.version && pair.parents.some(({ application }) => application === one.application),
  );
  return new Set([pairName(pair), ...parents.flatMap((parent) => [...lineage(desired, parent)])]);
}
