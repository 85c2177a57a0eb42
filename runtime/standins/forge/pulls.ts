import { tryGit } from './git.ts';
import { Lock } from './lock.ts';
import { mergeCommit } from './merging.ts';
import type { MergeRequest } from './merging.ts';
import { Problem, custom, invalid, notFound, validationFailed } from './problems.ts';
import type { Branch } from './branches.ts';
import { Heads, keepHead, reachablePulls, refuseNothingToMerge } from './heads.ts';
import type { Head } from './heads.ts';
import { isAncestor } from './repositories.ts';
import type { Repositories, Repository } from './repositories.ts';
import type { ForgeState, PullChange, PullRow } from './state.ts';

export interface PullsOptions {
  readonly state: ForgeState;
  readonly repositories: Repositories;
  readonly now: () => number;
}

export interface NewPullRequest {
  readonly title: string;
  readonly body: string | null;
  /** `branch` or `owner:branch`. */
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

export interface PullEdit {
  readonly title?: string | undefined;
  readonly body?: string | null | undefined;
  readonly state?: 'open' | 'closed' | undefined;
  readonly base?: string | undefined;
}

/**
 * The life of pull requests. What branches hold is asked of git each time: `settle` brings the stored side up to date
 * with pushes, whichever way they came.
 */
export class Pulls {
  readonly #options: PullsOptions;
  readonly #heads: Heads;
  readonly #lock = new Lock();
  /** Tip of `owner/name branch` that pull requests were last compared with. */
  readonly #compared = new Map<string, string>();

  constructor(options: PullsOptions) {
    this.#options = options;
    this.#heads = new Heads(options);
  }

  /** @param actor who pushed, when that is known */
  async settle(repository: Repository, actor?: string): Promise<void> {
    await this.#lock.hold(repository.fullName, () => this.#settle(repository, actor));
  }

  async list(repository: Repository): Promise<PullRow[]> {
    await this.settle(repository);
    return this.#options.state.pulls(repository.fullName);
  }

  async get(repository: Repository, number: number): Promise<PullRow> {
    await this.settle(repository);
    return this.#stored(repository, number);
  }

  async create(repository: Repository, author: string, wanted: NewPullRequest): Promise<PullRow> {
    return this.#lock.hold(repository.fullName, async () => {
      await this.#settle(repository, undefined);
      const base = (await this.#options.repositories.branches(repository)).get(wanted.base);
      const head = await this.#heads.find(repository, wanted.head);
      if (head === undefined) throw invalid('head');
      if (base === undefined) throw invalid('base');
      this.#refuseSecond(repository, head, wanted.base);
      await refuseNothingToMerge(repository, base.commit, head, wanted.base);
      const row = this.#options.state.addPull({
        repository: repository.fullName,
        title: wanted.title,
        body: wanted.body,
        draft: wanted.draft,
        author,
        head_repository: head.repository.fullName,
        head_ref: head.branch,
        head_sha: head.commit,
        base_ref: wanted.base,
        base_sha: base.commit,
        created_at: this.#options.now(),
      });
      await keepHead(repository, head.repository, row.number, head.commit);
      return row;
    });
  }

  async edit(repository: Repository, number: number, actor: string, edit: PullEdit): Promise<PullRow> {
    return this.#lock.hold(repository.fullName, async () => {
      await this.#settle(repository, undefined);
      const row = this.#stored(repository, number);
      const change: PullChange = {
        ...(edit.title === undefined ? {} : { title: edit.title }),
        ...(edit.body === undefined ? {} : { body: edit.body }),
        ...(await this.#rebased(repository, row, edit.base)),
        ...(await this.#opened(repository, row, edit.state, actor)),
      };
      if (Object.keys(change).length > 0)
        this.#options.state.changePull(repository.fullName, number, {
          ...change,
          updated_at: this.#options.now(),
        });
      return this.#stored(repository, number);
    });
  }

  /** @returns the commit that the base branch now points to */
  async merge(repository: Repository, number: number, actor: string, wanted: MergeRequest): Promise<string> {
    return this.#lock.hold(repository.fullName, async () => {
      await this.#settle(repository, undefined);
      const row = this.#stored(repository, number);
      if (row.closed_at !== null) throw new Problem(405, 'Pull Request is not mergeable');
      if (row.draft) throw new Problem(405, 'Pull Request is still a draft');
      if (wanted.sha !== undefined && wanted.sha !== row.head_sha)
        throw new Problem(409, 'Head branch was modified. Review and try the merge again.');
      const base = (await this.#options.repositories.branches(repository)).get(row.base_ref);
      if (base === undefined) throw new Problem(405, 'Pull Request is not mergeable');
      const commit = await mergeCommit(repository, row, base.commit, actor, wanted);
      const moved = await tryGit(repository.directory, [
        'update-ref',
        `refs/heads/${row.base_ref}`,
        commit,
        base.commit,
      ]);
      if (!moved.ok) throw new Problem(409, 'Base branch was modified. Review and try the merge again.');
      this.#markMerged(row, { by: actor, commit, base: base.commit });
      return commit;
    });
  }

  #stored(repository: Repository, number: number): PullRow {
    const row = this.#options.state.pull(repository.fullName, number);
    if (row === undefined) throw notFound();
    return row;
  }

  async #settle(repository: Repository, actor: string | undefined): Promise<void> {
    const open = this.#options.state.openPulls(repository.fullName);
    if (open.length === 0) return;
    const bases = await this.#options.repositories.branches(repository);
    const heads = new Map<string, ReadonlyMap<string, Branch>>([[repository.fullName, bases]]);
    const moved = new Set<number>();
    for (const row of open) {
      const head = (await this.#branchesOf(row.head_repository, heads)).get(row.head_ref);
      const base = bases.get(row.base_ref);
      if (head === undefined || base === undefined) this.#close(row, actor);
      else if (head.commit !== row.head_sha) {
        await this.#follow(repository, row, head.commit);
        moved.add(row.number);
      }
    }
    await this.#closeMerged(repository, bases, moved, actor);
  }

  async #branchesOf(
    fullName: string,
    known: Map<string, ReadonlyMap<string, Branch>>,
  ): Promise<ReadonlyMap<string, Branch>> {
    const cached = known.get(fullName);
    if (cached !== undefined) return cached;
    const repository = await this.#heads.repository(fullName);
    const found =
      repository === undefined
        ? new Map<string, Branch>()
        : await this.#options.repositories.branches(repository);
    known.set(fullName, found);
    return found;
  }

  async #follow(repository: Repository, row: PullRow, commit: string): Promise<void> {
    const head = await this.#heads.repository(row.head_repository);
    if (head === undefined) return;
    await keepHead(repository, head, row.number, commit);
    this.#options.state.changePull(row.repository, row.number, {
      head_sha: commit,
      updated_at: this.#options.now(),
    });
  }

  /**
   * Closes what its base branch holds by now: as merged, except where the head was moved back to a commit that the
   * base branch held before (nothing is left to merge).
   */
  async #closeMerged(
    repository: Repository,
    bases: ReadonlyMap<string, Branch>,
    moved: ReadonlySet<number>,
    actor: string | undefined,
  ): Promise<void> {
    const open = this.#options.state.openPulls(repository.fullName);
    for (const [ref, rows] of Map.groupBy(open, (row) => row.base_ref)) {
      const tip = bases.get(ref)?.commit;
      const key = `${repository.fullName} ${ref}`;
      if (
        tip === undefined ||
        (this.#compared.get(key) === tip && !rows.some((row) => moved.has(row.number)))
      )
        continue;
      const reachable = await reachablePulls(repository, tip);
      for (const row of rows) {
        if (!reachable.has(row.number)) {
          if (moved.has(row.number))
            this.#options.state.changePull(row.repository, row.number, { base_sha: tip });
        } else if (await isAncestor(repository, row.head_sha, row.base_sha)) this.#close(row, actor);
        else this.#markMerged(row, { by: actor ?? row.author, commit: tip, base: row.base_sha });
      }
      this.#compared.set(key, tip);
    }
  }

  #close(row: PullRow, actor: string | undefined): void {
    const at = this.#options.now();
    this.#options.state.changePull(row.repository, row.number, {
      closed_at: at,
      closed_by: actor ?? null,
      updated_at: at,
    });
  }

  #markMerged(
    row: PullRow,
    merge: { readonly by: string; readonly commit: string; readonly base: string },
  ): void {
    const at = this.#options.now();
    this.#options.state.changePull(row.repository, row.number, {
      closed_at: at,
      closed_by: merge.by,
      merged_at: at,
      merged_by: merge.by,
      merge_commit_sha: merge.commit,
      base_sha: merge.base,
      updated_at: at,
    });
  }

  async #rebased(repository: Repository, row: PullRow, base: string | undefined): Promise<PullChange> {
    if (base === undefined || base === row.base_ref) return {};
    if (row.closed_at !== null)
      throw validationFailed(custom('Cannot change the base branch of a closed pull request.', 'base'));
    const branch = (await this.#options.repositories.branches(repository)).get(base);
    if (branch === undefined) throw invalid('base');
    return { base_ref: base, base_sha: branch.commit };
  }

  async #opened(
    repository: Repository,
    row: PullRow,
    state: PullEdit['state'],
    actor: string,
  ): Promise<PullChange> {
    if (state === 'closed' && row.closed_at === null)
      return { closed_at: this.#options.now(), closed_by: actor };
    if (state !== 'open' || row.closed_at === null) return {};
    const head = await this.#heads.find(
      repository,
      `${row.head_repository.split('/')[0] ?? ''}:${row.head_ref}`,
    );
    if (row.merged_at !== null || head === undefined)
      throw validationFailed(
        custom(
          row.merged_at === null
            ? `state cannot be changed. The ${row.head_ref} branch has been deleted.`
            : 'state cannot be changed. The pull request was merged.',
          'state',
        ),
      );
    this.#refuseSecond(repository, head, row.base_ref);
    await keepHead(repository, head.repository, row.number, head.commit);
    return { closed_at: null, closed_by: null, head_sha: head.commit };
  }

  #refuseSecond(repository: Repository, head: Head, base: string): void {
    const same = this.#options.state
      .openPulls(repository.fullName)
      .some(
        (row) =>
          row.head_repository === head.repository.fullName &&
          row.head_ref === head.branch &&
          row.base_ref === base,
      );
    if (same)
      throw validationFailed(
        custom(`A pull request already exists for ${head.repository.owner}:${head.branch}.`),
      );
  }
}
