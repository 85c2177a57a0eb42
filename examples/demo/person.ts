import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import type { Change } from './repositories.ts';

const pullRequest = z.object({
  number: z.int(),
  title: z.string(),
  html_url: z.url(),
  state: z.enum(['open', 'closed']),
  head: z.object({ ref: z.string(), sha: z.string() }),
});
export type PullRequest = z.output<typeof pullRequest>;

export interface PersonOptions {
  /** Folder for working trees. */
  readonly desk: string;
  /** Address of the forge. */
  readonly forge: string;
  readonly login: string;
  readonly signal: AbortSignal;
}

const firstCommit = Date.UTC(2021, 1, 1, 9);
const hour = 3_600_000;

/** Whoever works on Kubeflow: commits by git, and decides on pull requests, as people do at a forge. */
export class Person {
  readonly #options: PersonOptions;
  /** Checked out, by repository. */
  readonly #branch = new Map<string, string>();
  #commits = 0;

  constructor(options: PersonOptions) {
    this.#options = options;
  }

  /** Sets up a working tree of an empty repository. */
  async begin(repository: string): Promise<void> {
    const folder = this.#folder(repository);
    await mkdir(folder, { recursive: true });
    await this.#git(folder, 'init', '--quiet', '--initial-branch=master');
    await this.#git(folder, 'remote', 'add', 'origin', `${this.#options.forge}/kubeflow/${repository}`);
    this.#branch.set(repository, 'master');
  }

  /**
   * Commits and pushes. Dates count from a fixed one, so that every run of the demo has the same commits.
   * @returns the commit
   */
  async commit(repository: string, { branch, from, message, files }: Change): Promise<string> {
    const folder = this.#folder(repository);
    if (from !== undefined) await this.#git(folder, 'checkout', '--quiet', '-b', branch, from);
    else if (this.#branch.get(repository) !== branch) await this.#git(folder, 'checkout', '--quiet', branch);
    this.#branch.set(repository, branch);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await this.#git(folder, 'add', '--all');
    this.#commits += 1;
    await this.#git(folder, 'commit', '--quiet', '--message', message);
    await this.#git(folder, 'push', '--quiet', 'origin', branch);
    return this.#git(folder, 'rev-parse', 'HEAD');
  }

  async pullRequests(): Promise<readonly PullRequest[]> {
    const answer = await this.#ask('GET', 'pulls?state=all&per_page=100');
    return z.array(pullRequest).parse(await answer.json());
  }

  /** The newest one for an application. */
  async pullRequest(version: string, application: string): Promise<PullRequest> {
    const branch = `slipway/${version}/${application}`;
    const [newest] = (await this.pullRequests())
      .filter(({ head }) => head.ref === branch)
      .sort((a, b) => b.number - a.number);
    if (!newest) throw new Error(`no pull request comes from ${branch}`);
    return newest;
  }

  async diff({ html_url: page }: PullRequest): Promise<string> {
    return (await succeeded(await fetch(`${page}.diff`, { signal: this.#options.signal }))).text();
  }

  async merge({ number }: PullRequest): Promise<void> {
    await this.#ask('PUT', `pulls/${number}/merge`, {});
  }

  async close({ number }: PullRequest): Promise<void> {
    await this.#ask('PATCH', `pulls/${number}`, { state: 'closed' });
  }

  async #ask(method: string, path: string, body?: object): Promise<Response> {
    const { forge, login, signal } = this.#options;
    const answer = await fetch(`${forge}/repos/kubeflow/manifests/${path}`, {
      method,
      headers: { authorization: `Bearer as-${login}` },
      ...(body && { body: JSON.stringify(body) }),
      signal,
    });
    return succeeded(answer);
  }

  #folder(repository: string): string {
    return join(this.#options.desk, repository);
  }

  async #git(folder: string, ...args: readonly string[]): Promise<string> {
    const { login, signal } = this.#options;
    const date = new Date(firstCommit + this.#commits * hour).toISOString();
    const { stdout } = await execa('git', args, {
      cwd: folder,
      env: {
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'http.extraHeader',
        GIT_CONFIG_VALUE_0: `Authorization: Bearer as-${login}`,
        ...identity('AUTHOR', login, date),
        ...identity('COMMITTER', login, date),
      },
      cancelSignal: signal,
      timeout: 60_000,
    });
    return stdout;
  }
}

function identity(role: 'AUTHOR' | 'COMMITTER', login: string, date: string): Record<string, string> {
  return {
    [`GIT_${role}_NAME`]: login,
    [`GIT_${role}_EMAIL`]: `${login}@example.com`,
    [`GIT_${role}_DATE`]: date,
  };
}

async function succeeded(answer: Response): Promise<Response> {
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return answer;
}
