import { mkdir, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Branches, defaultBranch } from './branches.ts';
import type { Branch } from './branches.ts';
import type { Repository } from './repository.ts';
import { errorCode, git, tryGit } from './git.ts';

export type { Repository } from './repository.ts';

const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

export function validName(owner: string, name: string): boolean {
  return OWNER.test(owner) && NAME.test(name) && !/^\.{1,2}$/.test(name) && !name.endsWith('.git');
}

/** The repositories on disk. Nothing outside the root is ever reached, by name or by symbolic link. */
export class Repositories {
  readonly #root: string;
  readonly #branches = new Branches();

  /** @param root absolute, itself without symbolic links */
  constructor(root: string) {
    this.#root = root;
  }

  async find(owner: string, name: string): Promise<Repository | undefined> {
    if (!validName(owner, name)) return undefined;
    const directory = this.#directory(owner, name);
    const real = await existing(realpath(directory));
    if (real?.startsWith(this.#root + path.sep) !== true) return undefined;
    const objects = await existing(stat(path.join(real, 'objects')));
    if (objects?.isDirectory() !== true) return undefined;
    return { owner, name, fullName: `${owner}/${name}`, directory };
  }

  async all(): Promise<Repository[]> {
    const found: Repository[] = [];
    for (const owner of await folders(this.#root)) {
      for (const folder of await folders(path.join(this.#root, owner))) {
        if (!folder.endsWith('.git')) continue;
        const repository = await this.find(owner, folder.slice(0, -'.git'.length));
        if (repository !== undefined) found.push(repository);
      }
    }
    return found;
  }

  async create(owner: string, name: string): Promise<Repository> {
    const directory = this.#directory(owner, name);
    await mkdir(directory, { recursive: true });
    await git(directory, ['init', '--quiet', '--bare', '--initial-branch=main']);
    return { owner, name, fullName: `${owner}/${name}`, directory };
  }

  /** A copy of the branches, without anything of the origin in its configuration. */
  async fork(origin: Repository, owner: string, name: string): Promise<Repository> {
    const copy = await this.create(owner, name);
    await git(copy.directory, [
      'fetch',
      '--quiet',
      origin.directory,
      '+refs/heads/*:refs/heads/*',
      '+refs/tags/*:refs/tags/*',
    ]);
    await git(copy.directory, ['symbolic-ref', 'HEAD', `refs/heads/${await defaultBranch(origin)}`]);
    return copy;
  }

  branches(repository: Repository): Promise<ReadonlyMap<string, Branch>> {
    return this.#branches.of(repository);
  }

  #directory(owner: string, name: string): string {
    return path.join(this.#root, owner, `${name}.git`);
  }
}

export async function isAncestor(
  repository: Repository,
  ancestor: string,
  descendant: string,
): Promise<boolean> {
  return (await tryGit(repository.directory, ['merge-base', '--is-ancestor', ancestor, descendant])).ok;
}

async function folders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

const ABSENT = new Set<unknown>(['ENOENT', 'ENOTDIR', 'ELOOP']);

async function existing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (ABSENT.has(errorCode(error))) return undefined;
    throw error;
  }
}
