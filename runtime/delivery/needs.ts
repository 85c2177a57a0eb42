import type { PairFacts, StoredPair, TargetFacts } from './observed.ts';

/** Pure questions about one pair that planning and the forming of pull requests share. */

/** True when this place names an image of the wanted content. */
export function isUpToDate(facts: PairFacts, target: TargetFacts): boolean {
  const { current } = target;
  const { image, key, pair } = facts;
  if (target.target.kind === 'path' && target.target.value === 'name') return current.name === pair.image;
  if (image?.digest !== undefined && current.digest === image.digest)
    return namesImage(current.name, image.name);
  // Made by us from other inputs: build arguments, a parent, a platform.
  const builtFrom = current.digest === undefined ? undefined : keyBuiltInto(facts, current.digest);
  if (builtFrom !== undefined && builtFrom !== key) return false;
  // The same files on another parent are another image.
  if (pair.parents.length > 0)
    return (
      current.digest === undefined &&
      image?.released === true &&
      current.tag === image.releaseTag &&
      namesImage(current.name, image.name)
    );
  return target.relation === 'same' && namesImage(current.name, pair.image);
}

/** A place that holds a tag or digest alone names no image. */
function namesImage(current: string, image: string): boolean {
  return current === '' || current === image;
}

function keyBuiltInto(facts: PairFacts, digest: string): string | undefined {
  return facts.stored?.status?.built?.find((one) => one.digest === digest)?.key;
}

/** The places that are to be moved. */
export function outdatedTargets(facts: PairFacts): readonly TargetFacts[] {
  return facts.targets.filter((target) => !isUpToDate(facts, target));
}

/** True while the pair's image is wanted: to move a place to it, to build others on it, or for its own sake. */
export function needsImage(facts: PairFacts, parentsOfOthers: ReadonlySet<string>): boolean {
  if (
    facts.pair.targets.length === 0 ||
    parentsOfOthers.has(`${facts.pair.version}/${facts.pair.application}`)
  )
    return facts.image?.digest === undefined || outdatedTargets(facts).length > 0;
  return outdatedTargets(facts).length > 0;
}

/** A person's hold that has not run out; undefined when there is none. */
export function activeHold(facts: PairFacts, now: number): { until?: string; reason?: string } | undefined {
  const hold = facts.stored?.spec.hold;
  return hold && (hold.until === undefined || Date.parse(hold.until) > now) ? hold : undefined;
}

/** The places whose deployed commit is newer than the wanted one, unless a person has accepted that. */
export function refusedDowngrades(facts: PairFacts): readonly TargetFacts[] {
  if (isAccepted(facts.stored, facts.source?.commit)) return [];
  return outdatedTargets(facts).filter(({ relation }) => relation === 'ahead');
}

/** True when a person has said that this commit may replace a newer one. */
export function isAccepted(stored: StoredPair | undefined, commit: string | undefined): boolean {
  const accepted = stored?.spec.accept;
  return accepted !== undefined && accepted.length >= 7 && commit?.startsWith(accepted) === true;
}

/** True when a pull request can be made: there is an image under its release tag, and nothing speaks against it. */
export function isReady(facts: PairFacts, now: number): boolean {
  return (
    facts.pair.source !== undefined &&
    facts.problem === undefined &&
    facts.image?.digest !== undefined &&
    facts.image.released &&
    activeHold(facts, now) === undefined &&
    refusedDowngrades(facts).length === 0 &&
    outdatedTargets(facts).length > 0
  );
}

/** `<version>/<application>` of every pair that another one builds on. */
export function parentsOf(pairs: Iterable<PairFacts>): Set<string> {
  const parents = new Set<string>();
  for (const { pair } of pairs)
    if (pair.source)
      for (const { application } of pair.parents) parents.add(`${pair.version}/${application}`);
  return parents;
}
