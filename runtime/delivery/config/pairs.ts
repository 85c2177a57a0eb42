import { topologicalOrder } from '../../source/dag.ts';
import type { FollowedBranch, Pair, Target } from '../pair.ts';
import type { Draft, DraftApplication, DraftTarget, DraftVersion } from './draft.ts';

/** A pair with what it was made of. */
export interface PlacedPair {
  readonly pair: Pair;
  readonly application: DraftApplication;
}

/**
 * Every application in every version that it belongs to: versions as written, parents before children.
 * The parents must exist and form no circle.
 */
export function placePairs(draft: Draft): PlacedPair[] {
  const nodes = draft.applications.map((application) => ({
    name: application.name,
    parents: application.parents.map((one) => one.application),
    application,
  }));
  return placeAll(
    draft.versions,
    topologicalOrder(nodes).map((node) => node.application),
  );
}

/** As `placePairs`, in the order given. */
export function placeAll(
  versions: readonly DraftVersion[],
  applications: readonly DraftApplication[],
): PlacedPair[] {
  return versions.flatMap((version) =>
    applications
      .filter((application) => belongs(application, version))
      .map((application) => ({ pair: place(application, version), application })),
  );
}

export function belongs(application: DraftApplication, version: DraftVersion): boolean {
  return application.versions?.includes(version.name) ?? true;
}

/** Why a version skips an application; undefined when it does not. */
export function skipReason(application: DraftApplication, version: DraftVersion): string | undefined {
  const needed = [application.source, ...application.targets.map((one) => one.repository)];
  const missing = needed.find((name) => !version.listed.has(name));
  return missing === undefined
    ? undefined
    : `version ${version.name} does not list the repository ${missing}`;
}

function place(application: DraftApplication, version: DraftVersion): Pair {
  const skipped = skipReason(application, version);
  return {
    application: application.name,
    version: version.name,
    tag: version.tag,
    image: application.image,
    source: skipped === undefined ? version.repositories.get(application.source) : undefined,
    ...(skipped !== undefined && { skipped }),
    context: application.context,
    dockerfile: application.dockerfile,
    ...(application.target !== undefined && { target: application.target }),
    platforms: application.platforms,
    buildArgs: application.buildArgs,
    ...(application.inputs !== undefined && { inputs: application.inputs }),
    parents: application.parents,
    targets:
      skipped === undefined
        ? application.targets.flatMap((one) => {
            const into = version.repositories.get(one.repository);
            return into === undefined ? [] : targetOf(one, into, application.image);
          })
        : [],
    parameters: application.parameters,
  };
}

function targetOf({ target }: DraftTarget, into: FollowedBranch, image: string): Target[] {
  const also = target.also ?? [];
  if (target.kustomization !== undefined)
    return [
      { kind: 'kustomization', into, directory: target.kustomization, image: target.image ?? image, also },
    ];
  if (target.environment !== undefined) {
    const { file, name: variable, kind, resource, container } = target.environment;
    const object = {
      ...(kind !== undefined && { kind }),
      ...(resource !== undefined && { name: resource }),
      ...(container !== undefined && { container }),
    };
    return [
      { kind: 'environment', into, file, variable, ...(Object.keys(object).length > 0 && { object }), also },
    ];
  }
  if (target.path === undefined) return [];
  const { file, path, value = 'reference' } = target.path;
  return [{ kind: 'path', into, file, path, value, also }];
}
