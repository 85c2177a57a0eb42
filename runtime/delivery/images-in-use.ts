import { stepOf } from './decide.ts';
import { needsImage, parentsOf } from './needs.ts';
import type { PairFacts, UnitFacts } from './observed.ts';
import { pairName, type Pair } from './pair.ts';

/**
 * Pure: pairs whose images must really be there, because something is about to be made of them: a branch or a pull
 * request that names them, a tag, or a build on them. None in the steady state.
 */
export function imagesInUse(
  pairs: ReadonlyMap<string, PairFacts>,
  units: readonly UnitFacts[],
): ReadonlySet<Pair> {
  const proposed = units
    .filter((unit) => !unit.problem && ['push', 'open'].includes(stepOf(unit)))
    .flatMap(({ unit }) => unit.members);
  const parentsOfOthers = parentsOf(pairs.values());
  const needed = [...pairs.values()].filter((facts) => needsImage(facts, parentsOfOthers));
  const tagged = needed
    .filter(({ image }) => image?.digest !== undefined && !image.released)
    .map(({ pair }) => pairName(pair));
  const builtOn = needed
    .filter(({ key, image }) => key !== undefined && image && image.digest === undefined)
    .flatMap(({ pair: { parents, version } }) =>
      parents.map(({ application }) => pairName({ application, version })),
    );
  return new Set([...proposed, ...tagged, ...builtOn].flatMap((name) => pairs.get(name)?.pair ?? []));
}
