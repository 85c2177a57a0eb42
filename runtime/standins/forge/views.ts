import { AccountViews } from './account-views.ts';
import type { Comparison } from './comparison.ts';
import { nodeId, time } from './fields.ts';
import { repositoryLinks } from './repository-links.ts';
import type { CommentRow, PullRow, RepositoryRow } from './state.ts';

/** What a repository's JSON is made of. */
export interface RepositoryFacts {
  readonly row: RepositoryRow;
  readonly defaultBranch: string;
  /** Milliseconds since 1970. */
  readonly pushedAt: number;
  readonly openPulls: number;
  readonly forks: number;
}

/** GitHub's JSON for each kind of thing, complete as its published schema asks. */
export class Views {
  readonly accounts: AccountViews;
  readonly #base: string;

  /** @param base address of the forge, without a trailing slash; API and pages share it */
  constructor(base: string) {
    this.accounts = new AccountViews(base);
    this.#base = base;
  }

  repository(facts: RepositoryFacts) {
    const { row } = facts;
    const [owner = '', name = ''] = row.name.split('/');
    const api = this.#api(row.name);
    const page = `${this.#base}/${row.name}`;
    return {
      id: row.id,
      node_id: nodeId('Repository', row.id),
      name,
      full_name: row.name,
      private: false,
      owner: this.accounts.account(owner),
      html_url: page,
      description: row.description,
      fork: row.parent !== null,
      url: api,
      ...repositoryLinks(api),
      git_url: `${page}.git`,
      ssh_url: `${page}.git`,
      clone_url: `${page}.git`,
      svn_url: page,
      homepage: null,
      mirror_url: null,
      created_at: time(row.created_at),
      updated_at: time(facts.pushedAt),
      pushed_at: time(facts.pushedAt),
      size: 0,
      stargazers_count: 0,
      watchers_count: 0,
      language: null,
      has_issues: true,
      has_projects: false,
      has_downloads: false,
      has_wiki: false,
      has_pages: false,
      has_discussions: false,
      forks_count: facts.forks,
      archived: false,
      disabled: false,
      license: null,
      forks: facts.forks,
      open_issues: facts.openPulls,
      open_issues_count: facts.openPulls,
      watchers: 0,
      default_branch: facts.defaultBranch,
    };
  }

  /** @param push whether the one who asks may write; undefined for nobody, who is told no permissions */
  fullRepository(facts: RepositoryFacts, push: boolean | undefined) {
    const permissions = { admin: push, maintain: push, push, triage: push, pull: true };
    return {
      ...this.repository(facts),
      network_count: facts.forks,
      subscribers_count: 0,
      ...(push !== undefined && { permissions }),
    };
  }

  branch(repository: string, name: string, commit: string) {
    return {
      name,
      commit: { sha: commit, url: `${this.#api(repository)}/commits/${commit}` },
      protected: false,
    };
  }

  /**
   * A pull request as lists have it.
   * @param head undefined when its repository is gone
   */
  pull(row: PullRow, base: RepositoryFacts, head: RepositoryFacts | undefined) {
    const url = `${this.#api(row.repository)}/pulls/${row.number}`;
    const issue = `${this.#api(row.repository)}/issues/${row.number}`;
    const page = this.pullPage(row);
    const statuses = `${this.#api(row.repository)}/statuses/${row.head_sha}`;
    const side = (repository: string, ref: string, sha: string, facts: RepositoryFacts | undefined) => {
      const owner = repository.split('/')[0] ?? '';
      return {
        label: `${owner}:${ref}`,
        ref,
        sha,
        user: this.accounts.account(owner),
        repo: facts === undefined ? null : this.repository(facts),
      };
    };
    return {
      url,
      id: row.id,
      node_id: nodeId('PullRequest', row.id),
      html_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      issue_url: issue,
      number: row.number,
      state: row.closed_at === null ? 'open' : 'closed',
      locked: false,
      title: row.title,
      user: this.accounts.account(row.author),
      body: row.body,
      created_at: time(row.created_at),
      updated_at: time(row.updated_at),
      closed_at: optionalTime(row.closed_at),
      merged_at: optionalTime(row.merged_at),
      merge_commit_sha: row.merge_commit_sha,
      assignee: null,
      assignees: [],
      requested_reviewers: [],
      requested_teams: [],
      labels: [],
      milestone: null,
      draft: row.draft,
      commits_url: `${url}/commits`,
      review_comments_url: `${url}/comments`,
      review_comment_url: `${this.#api(row.repository)}/pulls/comments{/number}`,
      comments_url: `${issue}/comments`,
      statuses_url: statuses,
      head: side(row.head_repository, row.head_ref, row.head_sha, head),
      base: side(row.repository, row.base_ref, row.base_sha, base),
      _links: {
        self: { href: url },
        html: { href: page },
        issue: { href: issue },
        comments: { href: `${issue}/comments` },
        review_comments: { href: `${url}/comments` },
        review_comment: { href: `${this.#api(row.repository)}/pulls/comments{/number}` },
        commits: { href: `${url}/commits` },
        statuses: { href: statuses },
      },
      author_association: row.author === row.repository.split('/')[0] ? 'OWNER' : 'CONTRIBUTOR',
      auto_merge: null,
    };
  }

  /** A pull request as it is read alone. */
  wholePull(row: PullRow, base: RepositoryFacts, head: RepositoryFacts | undefined, comparison: Comparison) {
    const open = row.closed_at === null;
    return {
      ...this.pull(row, base, head),
      merged: row.merged_at !== null,
      mergeable: open ? comparison.mergeable : null,
      rebaseable: false,
      mergeable_state: !open ? 'unknown' : row.draft ? 'draft' : comparison.mergeable ? 'clean' : 'dirty',
      merged_by: row.merged_by === null ? null : this.accounts.account(row.merged_by),
      comments: row.comments,
      review_comments: 0,
      maintainer_can_modify: false,
      commits: comparison.commits,
      additions: comparison.additions,
      deletions: comparison.deletions,
      changed_files: comparison.files,
    };
  }

  /** A pull request as an issue. */
  issue(row: PullRow) {
    const repository = this.#api(row.repository);
    const url = `${repository}/issues/${row.number}`;
    const pull = `${repository}/pulls/${row.number}`;
    const page = this.pullPage(row);
    return {
      url,
      repository_url: repository,
      labels_url: `${url}/labels{/name}`,
      comments_url: `${url}/comments`,
      events_url: `${url}/events`,
      html_url: page,
      id: row.id,
      node_id: nodeId('PullRequest', row.id),
      number: row.number,
      title: row.title,
      user: this.accounts.account(row.author),
      labels: [],
      state: row.closed_at === null ? 'open' : 'closed',
      locked: false,
      assignee: null,
      assignees: [],
      milestone: null,
      comments: row.comments,
      created_at: time(row.created_at),
      updated_at: time(row.updated_at),
      closed_at: optionalTime(row.closed_at),
      author_association: row.author === row.repository.split('/')[0] ? 'OWNER' : 'CONTRIBUTOR',
      draft: row.draft,
      pull_request: {
        url: pull,
        html_url: page,
        diff_url: `${page}.diff`,
        patch_url: `${page}.patch`,
        merged_at: optionalTime(row.merged_at),
      },
      body: row.body,
      closed_by: row.closed_by === null ? null : this.accounts.account(row.closed_by),
      state_reason: null,
    };
  }

  comment(row: CommentRow) {
    const issue = `${this.#api(row.repository)}/issues/${row.number}`;
    return {
      url: `${this.#api(row.repository)}/issues/comments/${row.id}`,
      html_url: `${this.#base}/${row.repository}/pull/${row.number}#comment-${row.id}`,
      issue_url: issue,
      id: row.id,
      node_id: nodeId('IssueComment', row.id),
      user: this.accounts.account(row.author),
      created_at: time(row.created_at),
      updated_at: time(row.created_at),
      author_association: 'CONTRIBUTOR',
      body: row.body,
    };
  }

  pullPage(row: Pick<PullRow, 'repository' | 'number'>): string {
    return `${this.#base}/${row.repository}/pull/${row.number}`;
  }

  #api(repository: string): string {
    return `${this.#base}/repos/${repository}`;
  }
}

const optionalTime = (milliseconds: number | null) => (milliseconds === null ? null : time(milliseconds));
