import type { Document } from '../../config/document.ts';
import type { Problem } from '../../config/errors.ts';
import { formatPath, show, type Path } from '../../config/words.ts';
import { repositoryIdentity } from '../../source/repository.ts';
import { pairName, type Pair, type Target } from '../pair.ts';
import type { Draft } from './draft.ts';
import { placeAll, type PlacedPair } from './pairs.ts';

/** What two pairs may not share: a place that both write, an image that both build differently, a name. */
export function pairProblems({ versions, applications, document }: Draft): Problem[] {
  const pairs = placeAll(
    unique(versions),
    unique(applications).filter((one) => one.whole),
  );
  const live = pairs.filter(({ pair }) => pair.skipped === undefined);
  return [...sharedPlaces(live, document), ...sharedImages(live, document), ...sharedNames(pairs, document)];
}

interface Writer {
  readonly pair: Pair;
  readonly target: Target;
  readonly path: Path;
}

function sharedPlaces(pairs: readonly PlacedPair[], document: Document): Problem[] {
  const writers = pairs.flatMap(({ pair, application }) =>
    pair.targets.map((target, at): Writer => ({
      pair,
      target,
      path: application.targets[at]?.path ?? application.path,
    })),
  );
  const reported = new Set<string>();
  return Object.values(Object.groupBy(writers, ({ target }) => placeOf(target))).flatMap((group = []) =>
    group.flatMap((writer, at) => {
      const other = group.slice(0, at).find((one) => overlaps(one.target, writer.target));
      // The same two lines meet in every version: one problem.
      const lines = other && `${formatPath(other.path)} ${formatPath(writer.path)}`;
      if (other === undefined || lines === undefined || reported.has(lines)) return [];
      reported.add(lines);
      return [
        document.problem(
          writer.path,
          bothWrite(writer.pair, other.pair, describe(writer.target)),
          'let one of them write it, or let the versions follow different branches',
        ),
      ];
    }),
  );
}

function bothWrite(one: Pair, other: Pair, what: string): string {
  return one === other
    ? `${named(one)} writes ${what} twice`
    : `${named(one)} and ${named(other)} both write ${what}`;
}

/** Equal for targets that may write the same place. */
function placeOf(target: Target): string {
  return JSON.stringify([
    repositoryIdentity(target.into.url),
    target.into.branch,
    target.kind,
    ...within(target),
  ]);
}

function within(target: Target): string[] {
  switch (target.kind) {
    case 'kustomization':
      return [target.directory, target.image];
    case 'environment':
      return [target.file, target.variable];
    case 'path':
      return [target.file, target.path];
  }
}

/** Two variables of one name in one file may belong to different objects. */
function overlaps(a: Target, b: Target): boolean {
  if (a.kind === 'environment' && b.kind === 'environment')
    return (['kind', 'name', 'container'] as const).every((field) => {
      const [one, other] = [a.object?.[field], b.object?.[field]];
      return one === undefined || other === undefined || one === other;
    });
  return true;
}

function describe(target: Target): string {
  const where = `of ${target.into.url}, branch ${target.into.branch}`;
  switch (target.kind) {
    case 'kustomization':
      return `the image ${show(target.image)} in ${show(target.directory)} ${where}`;
    case 'environment':
      return `the variable ${show(target.variable)} in ${show(target.file)} ${where}`;
    case 'path':
      return `${show(target.path)} in ${show(target.file)} ${where}`;
  }
}

/** Pairs of one version that push the same image must build the same, else they take each other's release tags. */
function sharedImages(pairs: readonly PlacedPair[], document: Document): Problem[] {
  const reported = new Set<string>();
  const groups = Object.groupBy(pairs, ({ pair }) => JSON.stringify([pair.version, pair.image]));
  return Object.values(groups).flatMap((group = []) => {
    const [first, ...others] = group;
    return others.flatMap(({ pair, application }) => {
      const differing = first && differences(first.pair, pair);
      if (first === undefined || differing === undefined || differing.length === 0) return [];
      if (reported.has(application.name)) return [];
      reported.add(application.name);
      return [
        document.problem(
          application.imagePath,
          `${named(pair)} and ${first.pair.application} push ${show(pair.image)} from builds that differ in ${differing.join(', ')}`,
          'give them different images, or make the builds equal',
        ),
      ];
    });
  });
}

function differences(a: Pair, b: Pair): string[] {
  const fields = ['source', 'context', 'dockerfile', 'target', 'platforms', 'buildArgs', 'parents'] as const;
  return fields.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));
}

/** `a` in `b-c` and `c-a` in `b` would share one object of the store. */
function sharedNames(pairs: readonly PlacedPair[], document: Document): Problem[] {
  const first = new Map<string, Pair>();
  return pairs.flatMap(({ pair, application }) => {
    const name = pairName(pair);
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, pair);
      return [];
    }
    return [
      document.problem(
        application.path,
        `${named(pair)} and ${named(other)} would both be called ${show(name)}`,
        'rename the application or the version',
      ),
    ];
  });
}

function named(pair: Pair): string {
  return `${pair.application} (version ${pair.version})`;
}

/** The first of each name. */
function unique<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  return [...new Map(entries.toReversed().map((one) => [one.name, one])).values()].toReversed();
}
