import { isFault } from '../../ports/index.ts';
import type { Account, Forge, ForgeRepository, PullRequest } from '../../ports/index.ts';
import { Calls } from './calls.ts';
import type { Purpose } from './credentials.ts';
import { malformed } from './errors.ts';
import type { GitHubForgeOptions } from './options.ts';
import * as schemas from './schemas.ts';

export type { AppCredential } from './app.ts';
export type { AnswerStore, RememberedAnswer } from './conditional.ts';
export type { Call } from './octokit.ts';
export type { GitHubForgeOptions } from './options.ts';

const PAGE = 100;
/** 10 000 pull requests; more than that is a server that names next pages without end. */
const PAGES = 100;

type NewPullRequest = Parameters<Forge['createPullRequest']>[1];
type Change = Parameters<Forge['updatePullRequest']>[2];

/** GitHub or GitHub Enterprise, one host. */
export class GitHubForge implements Forge {
  readonly #host: string;
  readonly #calls: Calls;

  constructor(options: GitHubForgeOptions) {
    this.#host = options.host;
    this.#calls = new Calls(options);
  }

  account(_host: string, signal?: AbortSignal): Promise<Account> {
    return this.#calls.account(signal);
  }

  /** A token with which git, too, may read (or push) this repository; its user name is `x-access-token`. */
  tokenFor(repository: ForgeRepository, purpose: Purpose, signal?: AbortSignal): Promise<string> {
    return this.#calls.tokenFor(repository, purpose, signal);
  }

  async access(repository: ForgeRepository, signal?: AbortSignal): Promise<{ readonly push: boolean }> {
    const purpose = 'ask for our access';
    const { value } = await this.#calls.read(
      { repository, subject: nameOf(repository), purpose, signal },
      '',
      {},
      schemas.repository,
    );
    const permitted = this.#calls.alwaysWrites || value.permissions?.push === true;
    return { push: permitted && value.archived !== true };
  }

  async openPullRequests(repository: ForgeRepository, signal?: AbortSignal): Promise<readonly PullRequest[]> {
    const operation = {
      repository,
      subject: nameOf(repository),
      purpose: 'list the open pull requests',
      signal,
    };
    const found = new Map<number, PullRequest>();
    // Oldest first: a new pull request changes only the last page, and all others stay as remembered.
    const query = { state: 'open', sort: 'created', direction: 'asc', per_page: PAGE };
    for (let page = 1; page <= PAGES; page += 1) {
      const { value, more } = await this.#calls.read(
        operation,
        '/pulls',
        { ...query, page },
        schemas.pullRequests,
      );
      for (const one of value) found.set(one.number, schemas.toPullRequest(one));
      // Behind a full page there may be another one that the remembered answer knows nothing of: no ETag covers `Link`.
      if (!more && value.length < PAGE)
        return [...found.values()].sort((one, other) => other.number - one.number);
    }
    throw malformed({ ...operation, host: this.#host }, `more than ${PAGES} pages of pull requests`);
  }

  async pullRequestsFrom(
    repository: ForgeRepository,
    head: { readonly owner: string; readonly branch: string },
    signal?: AbortSignal,
  ): Promise<readonly PullRequest[]> {
    const purpose = `list the pull requests from ${head.owner}:${head.branch}`;
    const { value } = await this.#calls.read(
      { repository, subject: nameOf(repository), purpose, signal },
      '/pulls',
      {
        state: 'all',
        head: `${head.owner}:${head.branch}`,
        sort: 'created',
        direction: 'desc',
        per_page: PAGE,
      },
      schemas.pullRequests,
    );
    // GitHub leaves out a filter that it does not understand.
    return value.map((one) => schemas.toPullRequest(one)).filter((one) => isFrom(one, head));
  }

  async pullRequest(repository: ForgeRepository, number: number, signal?: AbortSignal): Promise<PullRequest> {
    const { value } = await this.#calls.read(
      { repository, subject: `${nameOf(repository)}#${number}`, purpose: 'read pull request', signal },
      `/pulls/${number}`,
      {},
      schemas.pullRequest,
    );
    return schemas.toPullRequest(value);
  }

  async closedBy(
    repository: ForgeRepository,
    number: number,
    signal?: AbortSignal,
  ): Promise<Account | undefined> {
    const { value } = await this.#calls.read(
      { repository, subject: `${nameOf(repository)}#${number}`, purpose: 'read who closed', signal },
      `/issues/${number}`,
      {},
      schemas.closing,
    );
    return schemas.toAccount(value.closed_by);
  }

  async createPullRequest(
    repository: ForgeRepository,
    wanted: NewPullRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly pullRequest: PullRequest; readonly created: boolean }> {
    const { owner, branch } = wanted.head;
    const purpose = `open a pull request from ${owner}:${branch} into ${wanted.base}`;
    try {
      const pullRequest = await this.#calls.write(
        { repository, subject: nameOf(repository), purpose, signal },
        'POST',
        '/pulls',
        {
          title: wanted.title,
          body: wanted.body,
          head: `${owner}:${branch}`,
          base: wanted.base,
          draft: wanted.draft ?? false,
        },
      );
      return { pullRequest, created: true };
    } catch (error) {
      // After a lost answer nobody knows whether it was made: the forge does.
      if (!isFault(error, 'transient') && !saysThatOneExists(error)) throw error;
      const existing = await this.#openFrom(repository, wanted, signal);
      if (existing === undefined) throw error;
      return { pullRequest: existing, created: false };
    }
  }

  updatePullRequest(
    repository: ForgeRepository,
    number: number,
    change: Change,
    signal?: AbortSignal,
  ): Promise<PullRequest> {
    return this.#calls.write(
      { repository, subject: `${nameOf(repository)}#${number}`, purpose: 'change pull request', signal },
      'PATCH',
      `/pulls/${number}`,
      { ...change },
    );
  }

  async #openFrom(
    repository: ForgeRepository,
    { head, base }: NewPullRequest,
    signal: AbortSignal | undefined,
  ): Promise<PullRequest | undefined> {
    const purpose = `look for a pull request from ${head.owner}:${head.branch}`;
    const { value } = await this.#calls.read(
      { repository, subject: nameOf(repository), purpose, signal },
      '/pulls',
      { state: 'open', head: `${head.owner}:${head.branch}`, base, per_page: PAGE },
      schemas.pullRequests,
    );
    return value
      .map((one) => schemas.toPullRequest(one))
      .find((one) => isFrom(one, head) && one.base === base);
  }
}

const nameOf = ({ owner, name }: ForgeRepository) => `${owner}/${name}`;

function isFrom(one: PullRequest, head: { readonly owner: string; readonly branch: string }): boolean {
  const owner = one.head.repository?.split('/')[0];
  return (
    one.head.branch === head.branch &&
    (owner === undefined || owner.toLowerCase() === head.owner.toLowerCase())
  );
}

function saysThatOneExists(error: unknown): boolean {
  return isFault(error, 'invalid') && /already exists/i.test(error.message);
}
