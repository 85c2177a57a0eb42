/** A repository on a forge. */
export interface ForgeRepository {
  /** `github.com`, `127.0.0.1:3000`. */
  readonly host: string;
  readonly owner: string;
  readonly name: string;
}

export interface Account {
  readonly login: string;
  readonly bot: boolean;
}

export interface PullRequest {
  readonly number: number;
  /** Address of its page. */
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly title: string;
  readonly body: string;
  readonly author: Account;
  readonly head: {
    /** `owner/name` of the repository that holds the branch; undefined when it was deleted. */
    readonly repository: string | undefined;
    readonly branch: string;
    readonly commit: string;
  };
  /** Branch it is to be merged into. */
  readonly base: string;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
  /** When it was merged or closed, in milliseconds since 1970, as far as the forge says. */
  readonly endedAt?: number;
}

export interface PullRequestContent {
  readonly title: string;
  readonly body: string;
}

/** What Slipway asks of GitHub and its like. All methods throw `PortError`; reads are conditional requests (ETag). */
export interface Forge {
  /** Who our credential is on this host. */
  account(host: string, signal?: AbortSignal): Promise<Account>;

  /**
   * What our credential may do there, as far as the forge says: a token may be narrower than its account.
   * Throws `not-found` or `denied` where it may not even read.
   */
  access(repository: ForgeRepository, signal?: AbortSignal): Promise<{ readonly push: boolean }>;

  /** Every open pull request of the repository, newest first. */
  openPullRequests(repository: ForgeRepository, signal?: AbortSignal): Promise<readonly PullRequest[]>;

  /** Pull requests of any state from this head branch (`owner:branch`), newest first, at most 100. */
  pullRequestsFrom(
    repository: ForgeRepository,
    head: { readonly owner: string; readonly branch: string },
    signal?: AbortSignal,
  ): Promise<readonly PullRequest[]>;

  pullRequest(repository: ForgeRepository, number: number, signal?: AbortSignal): Promise<PullRequest>;

  /** Who closed it; undefined when the forge does not say. */
  closedBy(repository: ForgeRepository, number: number, signal?: AbortSignal): Promise<Account | undefined>;

  /**
   * One write. When an open one from the same head to the same base exists, that one is returned with `created: false`.
   */
  createPullRequest(
    repository: ForgeRepository,
    request: PullRequestContent & {
      readonly head: { readonly owner: string; readonly branch: string };
      readonly base: string;
      /** @default false */
      readonly draft?: boolean;
    },
    signal?: AbortSignal,
  ): Promise<{ readonly pullRequest: PullRequest; readonly created: boolean }>;

  /** One PATCH. */
  updatePullRequest(
    repository: ForgeRepository,
    number: number,
    change: Partial<PullRequestContent> & { readonly state?: 'closed' },
    signal?: AbortSignal,
  ): Promise<PullRequest>;
}
