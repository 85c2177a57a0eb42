import { mkdir, readFile, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, git, tryGit } from './git.ts';

/** A bare repository `<root>/<owner>/<name>.git`. */
export interface Repository {
  readonly owner: string;
  readonly name: string;
  readonly fullName: string;
  readonly directory: string;
}

export interface Branch {
  readonly commit: string;
  /** Milliseconds since 1970. */
  readonly committedAt: number;
}

const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

export function validName(owner: string, name: string): boolean {
  return OWNER.test(owner) && NAME.test(name) && !/^\.{1,2}$/.test(name) && !name.endsWith('.git');
}

/** The repositories on disk. Nothing outside the root is ever reached, by name or by symbolic link. */
export class Repositories {
  readonly #root: string;

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

  #directory(owner: string, name: string): string {
    return path.join(this.#root, owner, `${name}.git`);
  }
}

export async function branches(repository: Repository): Promise<ReadonlyMap<string, Branch>> {
  const output = await git(repository.directory, [
    'for-each-ref',
    '--format=%(objectname) %(committerdate:unix) %(refname)',
    'refs/heads',
  ]);
  return new Map(
    output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [commit = '', seconds = '', ref = ''] = line.split(' ');
        return [ref.slice('refs/heads/'.length), { commit, committedAt: Number(seconds) * 1000 }];
      }),
  );
}

export async function defaultBranch(repository: Repository): Promise<string> {
  const head = await readFile(path.join(repository.directory, 'HEAD'), 'utf8');
  return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1] ?? 'main';
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
