import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';

/** What is missing has no inode, no facts and no entries: other processes come and go in the same folders. */

export async function inodeOf(path: string): Promise<number | undefined> {
  return (await statOf(path))?.ino;
}

export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
