import { applicationVersionKind } from '../api/application-version.ts';
import { labels } from '../api/labels.ts';
import { PortError, type Build, type Ports } from '../ports/index.ts';
import type { StoredPair } from './observed.ts';
import { pairName, type Pair } from './pair.ts';

/**
 * The log of a build by its name, or of a pair's newest build.
 * Throws `not-found` when there is none.
 */
export async function* logsOf(
  subject: Pick<Pair, 'application' | 'version'> | string,
  { builder, objects }: Pick<Ports, 'builder' | 'objects'>,
  options: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncIterable<string> {
  if (typeof subject === 'string') {
    yield* builder.logs(subject, options);
    return;
  }
  const [builds, stored] = await Promise.all([
    builder.list(options.signal),
    objects.get(applicationVersionKind, pairName(subject), options.signal),
  ]);
  const build = newestBuild(builds, subject, stored);
  if (!build)
    throw new PortError(
      'not-found',
      pairName(subject),
      `${subject.application} ${subject.version} has not been built here`,
      { remedy: `slipway delivery build ${subject.application} ${subject.version} builds it` },
    );
  yield* builder.logs(build.name, options);
}

/**
 * Ends the builds of a pair that are under way: those of ours, be they its own or shared with other pairs.
 * @returns their names; those that somebody else has started are left alone
 */
export async function cancelBuilds(
  pair: Pick<Pair, 'application' | 'version'>,
  { builder, objects }: Pick<Ports, 'builder' | 'objects'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [builds, stored] = await Promise.all([
    builder.list(signal),
    objects.get(applicationVersionKind, pairName(pair), signal),
  ]);
  const names = buildsOf(builds, pair, stored)
    .filter(({ owned, phase }) => owned && (phase === 'pending' || phase === 'running'))
    .map(({ name }) => name);
  for (const name of names) await builder.cancel(name, signal);
  return names;
}

/** The build of a pair that started last: its own, or the one of its inputs that another pair shares with it. Pure. */
export function newestBuild(
  builds: readonly Build[],
  pair: Pick<Pair, 'application' | 'version'>,
  stored: StoredPair | undefined,
): Build | undefined {
  return buildsOf(builds, pair, stored)
    .toSorted((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0))
    .at(-1);
}

function buildsOf(
  builds: readonly Build[],
  { application, version }: Pick<Pair, 'application' | 'version'>,
  stored: StoredPair | undefined,
): readonly Build[] {
  const key = stored?.status?.key;
  return builds.filter(
    (build) =>
      (build.labels[labels.application] === application && build.labels[labels.version] === version) ||
      (key !== undefined && build.key === key),
  );
}
