import { randomUUID } from 'node:crypto';
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../../ports/errors.ts';
import type { Oid } from '../../ports/git.ts';
import type { Mirror } from './mirror.ts';

/** Git refuses names that any file system could take for `.git`, and never writes through a link. */
const SAFE = [
  'core.symlinks=true',
  'core.fileMode=true',
  'core.protectHFS=true',
  'core.protectNTFS=true',
].flatMap((setting) => ['-c', setting]);

/** Writes the files of a tree, whose blobs are all in the mirror, to a new or empty folder. */
export async function checkOut(
  mirror: Mirror,
  tree: Oid,
  destination: string,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(destination, { recursive: true });
  const folder = await realpath(destination);
  if ((await readdir(folder)).length > 0)
    throw new PortError('invalid', destination, `${destination} is not empty`, {
      remedy: 'name a new folder',
    });
  const drafts = join(mirror.path, 'slipway-drafts');
  await mkdir(drafts, { recursive: true });
  const index = join(drafts, `index-${randomUUID()}`);
  const run = { env: { GIT_INDEX_FILE: index }, signal };
  try {
    await mirror.local('read the files of a commit', [...SAFE, 'read-tree', tree], run);
    await mirror.local(
      `write files to ${folder}`,
      [`--work-tree=${folder}`, ...SAFE, 'checkout-index', '--all', '--quiet'],
      run,
    );
  } finally {
    await rm(index, { force: true });
  }
}
