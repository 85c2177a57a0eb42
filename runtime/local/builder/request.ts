import { posix } from 'node:path';
import type { BuildRequest } from '../../ports/builder.ts';
import { PortError } from '../../ports/errors.ts';

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const PLATFORM = /^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9.]+)?$/;
const STAGE = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const ARGUMENT = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws `invalid`, naming all problems at once. What passes is safe as a file name and in any tool's arguments. */
export function checkRequest({ name, key, source, target, platforms, buildArgs, image }: BuildRequest): void {
  const problems = [
    ...refuse(NAME, 'name', [name]),
    ...refuse(/^[0-9a-f]{64}$/, 'key', [key]),
    ...refuse(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'commit', [source.commit]),
    ...refuse(STAGE, 'target', target === undefined ? [] : [target]),
    ...refuse(PLATFORM, 'platform', platforms),
    ...refuse(ARGUMENT, 'build argument', Object.keys(buildArgs)),
    ...refuse(TAG, 'tag', image.tags),
    ...(image.tags.length === 0 ? ['there is no tag'] : []),
    ...(isInside(source.context) ? [] : [`context "${source.context}" leads out of the repository`]),
    ...(source.dockerfile !== '' && isInside(source.dockerfile)
      ? []
      : [`dockerfile "${source.dockerfile}" is no file in the repository`]),
  ];
  if (problems.length === 0) return;
  throw new PortError('invalid', name, `The build ${name} cannot be started: ${problems.join('; ')}.`);
}

function refuse(pattern: RegExp, what: string, values: readonly string[]): readonly string[] {
  return values.filter((value) => !pattern.test(value)).map((value) => `${what} "${value}" is malformed`);
}

function isInside(path: string): boolean {
  const normal = posix.normalize(path === '' ? '.' : path);
  return !posix.isAbsolute(path) && normal !== '..' && !normal.startsWith('../') && !path.includes('\0');
}
