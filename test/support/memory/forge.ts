import {
  PortError,
  type Account,
  type Forge,
  type ForgeRepository,
  type PullRequest,
} from '../../../runtime/ports/index.ts';

type NewPullRequest = Parameters<Forge['createPullRequest']>[1];

/** A forge in memory, with one account of ours and one person. Refuses a second open pull request from the same head. */
export class MemoryForge implements Forge {
  readonly account = (): Promise<Account> => Promise.resolve({ login: 'slipway-bot', bot: false });
  readonly #now: () => number;
  readonly #head: (repository: ForgeRepository, branch: string) => string | undefined;
  readonly #pullRequests: PullRequest[] = [];
  readonly #closers = new Map<number, Account>();

  /** @param head the commit that a branch holds */
  constructor(now: () => number, head: (repository: ForgeRepository, branch: string) => string | undefined) {
    this.#now = now;
    this.#head = head;
  }

  access(): Promise<{ readonly push: boolean }> {
    return Promise.resolve({ push: true });
  }

  /** All of them, oldest first. */
  get all(): readonly PullRequest[] {
    return this.#pullRequests;
  }

  /** A person's closing or merging. */
  end(number: number, state: 'closed' | 'merged'): void {
    this.#replace(number, { state });
    this.#closers.set(number, { login: 'ann', bot: false });
  }

  /** A person's second thought. */
  reopen(number: number): void {
    this.#replace(number, { state: 'open' });
  }

  /** Somebody's hand at it. */
  change(number: number, change: Partial<PullRequest>): void {
    this.#replace(number, change);
  }

  openPullRequests(repository: ForgeRepository): Promise<readonly PullRequest[]> {
    return Promise.resolve(this.#seen(repository).filter(({ state }) => state === 'open'));
  }

  pullRequestsFrom(
    repository: ForgeRepository,
    head: { readonly owner: string; readonly branch: string },
  ): Promise<readonly PullRequest[]> {
    return Promise.resolve(this.#seen(repository).filter((one) => one.head.branch === head.branch));
  }

  pullRequest(_repository: ForgeRepository, number: number): Promise<PullRequest> {
    const found = this.#pullRequests[number - 1];
    return found
      ? Promise.resolve(found)
      : Promise.reject(new PortError('not-found', `#${number}`, `no pull request #${number}`));
  }

  closedBy(_repository: ForgeRepository, number: number): Promise<Account | undefined> {
    return Promise.resolve(this.#closers.get(number));
  }

  createPullRequest(
    repository: ForgeRepository,
    { title, body, head, base }: NewPullRequest,
  ): Promise<{ readonly pullRequest: PullRequest; readonly created: boolean }> {
    const commit = this.#head(repository, head.branch);
    if (commit === undefined)
      return Promise.reject(new PortError('invalid', head.branch, `422: ${head.branch} is no branch`));
    const open = this.#pullRequests.find(
      (one) => one.state === 'open' && one.head.branch === head.branch && one.base === base,
    );
    if (open) return Promise.resolve({ pullRequest: open, created: false });
    const number = this.#pullRequests.length + 1;
    const pullRequest: PullRequest = {
      number,
      url: `https://${repository.host}/${repository.owner}/${repository.name}/pull/${number}`,
      state: 'open',
      title,
      body,
      author: { login: 'slipway-bot', bot: false },
      head: { repository: `${repository.owner}/${repository.name}`, branch: head.branch, commit },
      base,
      updatedAt: this.#now(),
    };
    this.#pullRequests.push(pullRequest);
    return Promise.resolve({ pullRequest, created: true });
  }

  updatePullRequest(
    repository: ForgeRepository,
    number: number,
    change: Parameters<Forge['updatePullRequest']>[2],
  ): Promise<PullRequest> {
    // GitHub lets titles and bodies of ended pull requests change, and does not close what is merged.
    const ended = this.#pullRequests[number - 1]?.state !== 'open';
    const { state, ...content } = change;
    this.#replace(number, { ...content, ...(state && !ended && { state }) });
    if (state && !ended) this.#closers.set(number, { login: 'slipway-bot', bot: false });
    return this.pullRequest(repository, number);
  }

  #seen({ owner, name }: ForgeRepository): PullRequest[] {
    return this.#pullRequests.filter(({ head }) => head.repository === `${owner}/${name}`).toReversed();
  }

  #replace(number: number, change: Partial<PullRequest>): void {
    const found = this.#pullRequests[number - 1];
    if (found) this.#pullRequests[number - 1] = { ...found, ...change, updatedAt: this.#now() };
  }
}
