import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PortError } from './errors.ts';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'a file of that name is in the way',
  ENOENT: 'the file system takes no folder there',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'its name is too long',
};

/**
 * Makes a folder and those above it, unless it is there and can be written.
 * @param remedy what a person can do where it cannot be
 * @throws PortError `denied`
 */
export async function makeFolder(path: string, remedy: string): Promise<void> {
  try {
    await make(path);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = Error.isError(error) && 'code' in error ? String(error.code) : '';
    const reason = reasons[code];
    if (reason === undefined) throw error;
    throw new PortError('denied', path, `the folder ${path} cannot be made or written: ${reason} (${code})`, {
      remedy,
      cause: error,
    });
  }
}

/** Not Node's own `recursive`, which never ends where a parent exists and refuses all children, as /proc does. */
async function make(path: string): Promise<void> {
  const code = await attempt(path);
  if (code !== 'ENOENT' || dirname(path) === path) return;
  await make(dirname(path));
  if ((await attempt(path)) === 'ENOENT') await mkdir(path);
}

/** Tells a missing parent from success; throws everything else. */
async function attempt(path: string): Promise<'ENOENT' | undefined> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = Error.isError(error) && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return code;
    // A read-only file system says so even of a folder that exists.
    const isThere = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isThere) throw error;
  }
  return undefined;
}
