import { git, tryGit } from './git.ts';
import { custom, validationFailed } from './problems.ts';
import type { Repositories, Repository } from './repositories.ts';
import type { ForgeState } from './state.ts';

export interface Head {
  readonly repository: Repository;
  readonly branch: string;
  readonly commit: string;
}

/** Finds what pull requests are to be merged from. */
export class Heads {
  readonly #repositories: Repositories;
  readonly #state: ForgeState;

  constructor({ repositories, state }: { readonly repositories: Repositories; readonly state: ForgeState }) {
    this.#repositories = repositories;
    this.#state = state;
  }

  /** @param head `branch` or `owner:branch` */
  async find(repository: Repository, head: string): Promise<Head | undefined> {
    const colon = head.indexOf(':');
    const owner = colon < 0 ? repository.owner : head.slice(0, colon);
    const branch = head.slice(colon + 1);
    const holder = await this.#holder(repository, owner);
    if (holder === undefined) return undefined;
    const commit = (await this.#repositories.branches(holder)).get(branch)?.commit;
    return commit === undefined ? undefined : { repository: holder, branch, commit };
  }

  /** The repository that this owner's branches come from: the repository itself, its fork, or one of the same name. */
  async #holder(repository: Repository, owner: string): Promise<Repository | undefined> {
    if (owner.toLowerCase() === repository.owner.toLowerCase()) return repository;
    const fork = this.#state
      .forks(repository.fullName)
      .find((row) => row.name.toLowerCase().startsWith(`${owner.toLowerCase()}/`));
    return this.repository(fork?.name ?? `${owner}/${repository.name}`);
  }

  async repository(fullName: string): Promise<Repository | undefined> {
    const [owner = '', name = ''] = fullName.split('/');
    return this.#repositories.find(owner, name);
  }
}

/** Git hands no settings on to the other side of a fetch, so that side names its own. */
const UPLOAD_PACK = "git -c safe.directory='*' -c uploadpack.allowAnySHA1InWant=true upload-pack";

/** Keeps the commits of a head in the repository, as GitHub does, so that they outlive the branch and the fork. */
export async function keepHead(
  repository: Repository,
  head: Repository,
  number: number,
  commit: string,
): Promise<void> {
  const ref = `refs/pull/${number}/head`;
  if (head.fullName !== repository.fullName)
    await git(repository.directory, [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      `--upload-pack=${UPLOAD_PACK}`,
      head.directory,
      commit,
    ]);
  await git(repository.directory, ['update-ref', ref, commit]);
}

/** Numbers of all pull requests, closed ones too, whose head is reachable from a commit. */
export async function reachablePulls(repository: Repository, tip: string): Promise<ReadonlySet<number>> {
  const output = await git(repository.directory, [
    'for-each-ref',
    `--merged=${tip}`,
    '--format=%(refname)',
    'refs/pull',
  ]);
  return new Set(output.split('\n').map((ref) => Number(/^refs\/pull\/(\d+)\/head$/.exec(ref)?.[1])));
}

export async function refuseNothingToMerge(
  repository: Repository,
  baseCommit: string,
  head: Head,
  base: string,
): Promise<void> {
  const borrowed = { GIT_ALTERNATE_OBJECT_DIRECTORIES: `${head.repository.directory}/objects` };
  const shared = await tryGit(repository.directory, ['merge-base', baseCommit, head.commit], borrowed);
  if (!shared.ok)
    throw validationFailed(custom(`The ${head.branch} branch has no history in common with ${base}`));
  if (shared.output === head.commit)
    throw validationFailed(custom(`No commits between ${base} and ${head.branch}`));
}
