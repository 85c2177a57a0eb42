import { mkdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { BuildRequest } from '../../ports/builder.ts';
import { PortError } from '../../ports/errors.ts';
import type { Git } from '../../ports/git.ts';
import type { Failure } from './classify.ts';

type Source = BuildRequest['source'];

/** Where context and Dockerfile of a build lie below its `source` folder. */
export function locateSource(
  folder: string,
  { context, dockerfile }: Source,
): { context: string; dockerfile: string } {
  const inside = posix.relative(context, dockerfile);
  return {
    context: join(folder, 'context'),
    dockerfile: isOutside(context, dockerfile)
      ? join(folder, 'dockerfile', posix.basename(dockerfile))
      : join(folder, 'context', inside),
  };
}

/** Writes the context, and the folder of the Dockerfile where that lies elsewhere (its own `.dockerignore` is beside it). */
export async function writeSource(
  git: Pick<Git, 'materialize'>,
  folder: string,
  { repository, commit, context, dockerfile }: Source,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await git.materialize(repository, commit, context, join(folder, 'context'), signal);
  if (!isOutside(context, dockerfile)) return;
  const directory = posix.dirname(dockerfile);
  await git.materialize(
    repository,
    commit,
    directory === '.' ? '' : directory,
    join(folder, 'dockerfile'),
    signal,
  );
}

/** What a source that could not be written means for the build. */
export function sourceFailure(error: unknown): Failure {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 2048);
  return error instanceof PortError && (error.fault === 'not-found' || error.fault === 'invalid')
    ? { kind: 'permanent', reason: 'SourceMissing', message }
    : { kind: 'transient', reason: 'SourceUnavailable', message };
}

function isOutside(context: string, dockerfile: string): boolean {
  return posix.relative(context, dockerfile).startsWith('../');
}
