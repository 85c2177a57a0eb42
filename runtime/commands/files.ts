import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { KUSTOMIZATION_FILES } from '../manifests/kustomization.ts';
import { UsageError } from './errors.ts';

/** A text file that a person named. */
export interface TextFile {
  /** As it was named. */
  readonly path: string;
  /** Where it really lies. */
  readonly real: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

const SIZE_LIMIT = 8 * 1024 * 1024;

/** The one kustomization in a folder. @throws UsageError for none or several */
export async function findKustomization(directory: string): Promise<string> {
  const names = new Set(await attempt(directory, () => readdir(directory)));
  const found = KUSTOMIZATION_FILES.filter((name) => names.has(name));
  const [only] = found;
  if (only === undefined) {
    throw new UsageError(
      `${directory}: holds no ${KUSTOMIZATION_FILES.join(', ')}; name its folder with --dir`,
    );
  }
  if (found.length > 1) {
    throw new UsageError(
      `${directory}: holds ${found.join(' and ')}, and kustomize accepts one; remove the others`,
    );
  }
  return join(directory, only);
}

/**
 * Reads a text file, byte order mark included. A symbolic link that leaves the file's folder is refused: it may lie in
 * somebody else's repository.
 * @throws UsageError
 */
export async function readTextFile(path: string): Promise<TextFile> {
  const real = await attempt(path, () => realpath(path));
  const folder = await attempt(path, () => realpath(dirname(path)));
  if (relative(folder, real).split(sep)[0] === '..') {
    throw new UsageError(`${path}: is a link to ${real}, outside of its folder; name that file itself`);
  }
  const found = await attempt(path, () => stat(real));
  if (found.isDirectory()) throw new UsageError(`${path}: is a folder; name a file in it`);
  if (!found.isFile()) throw new UsageError(`${path}: is no regular file`);
  if (found.size > SIZE_LIMIT)
    throw new UsageError(`${path}: is larger than ${SIZE_LIMIT / 1024 / 1024} MiB`);
  const file = await attempt(path, () => open(real, 'r'));
  try {
    const text = decode(path, await file.readFile());
    return { path, real, text, mode: found.mode & 0o7777 };
  } finally {
    await file.close();
  }
}

/** Replaces a file at once or not at all, with its permissions. @throws UsageError when the folder cannot be written */
export async function replaceTextFile(file: TextFile, text: string): Promise<void> {
  const temporary = join(dirname(file.real), `.${basename(file.real)}.${randomBytes(6).toString('hex')}`);
  await attempt(file.path, async () => {
    try {
      await using handle = await open(temporary, 'wx', file.mode);
      await handle.writeFile(text);
      await handle.chmod(file.mode);
      await handle.sync();
      await rename(temporary, file.real);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

function decode(path: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new UsageError(`${path}: is not UTF-8 text`);
  return bytes.toString('utf8');
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a folder, or lies below a file',
  EISDIR: 'is a folder',
  EACCES: 'may not be read or written by this user',
  EPERM: 'may not be read or written by this user',
  EROFS: 'lies on a read-only file system',
  ELOOP: 'is a link that leads back to itself',
  ENAMETOOLONG: 'has too long a name',
};

/** Turns what a person can set right into a `UsageError`; a full disk and the like go on as they are. */
async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    const reason = REASONS[code];
    if (reason === undefined) throw error;
    throw new UsageError(`${path}: ${reason}`);
  }
}
