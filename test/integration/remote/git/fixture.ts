import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { it } from '@jest/globals';
import type { Clock } from '../../../../runtime/ports/clock.ts';
import { GitClient, type GitOptions } from '../../../../runtime/remote/git/git.ts';
import {
  type GitHttpOptions,
  type GitHttpServer,
  type GitRequest,
  serveGit,
} from '../../../support/git-http.ts';

/** Waits for nothing. */
export const clock: Clock = { now: () => Date.now(), sleep: () => Promise.resolve() };

const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Author',
  GIT_AUTHOR_EMAIL: 'author@example.com',
  GIT_COMMITTER_NAME: 'Committer',
  GIT_COMMITTER_EMAIL: 'committer@example.com',
};

/** Runs the real git in a repository. Gives its output without the last line break. */
export function git(cwd: string, args: readonly string[], input?: string | Buffer): string {
  return execFileSync('git', [...args], {
    cwd,
    env: ENVIRONMENT,
    ...(input === undefined ? {} : { input }),
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  })
    .toString()
    .replace(/\n$/, '');
}

export type Files = Readonly<Record<string, string | null>>;

/** A temporary folder with bare repositories behind a real git server, and clients of it. */
export class Fixture implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'slipway-git-'));
  readonly root = join(this.folder, 'served');
  readonly mirrors = join(this.folder, 'mirrors');
  /** Commands that clients started. */
  readonly calls: string[] = [];
  readonly #clients: GitClient[] = [];
  #server: GitHttpServer | undefined;
  #time = 1_700_000_000;

  static async start(options: Partial<GitHttpOptions> = {}): Promise<Fixture> {
    const fixture = new Fixture();
    mkdirSync(fixture.root);
    fixture.#server = await serveGit({ root: fixture.root, ...options });
    return fixture;
  }

  get server(): GitHttpServer {
    if (!this.#server) throw new Error('not started');
    return this.#server;
  }

  url(name: string): string {
    return `${this.server.url}/${name}`;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** A bare repository with one commit on main. */
  repository(
    name: string,
    files: Files = { 'a.txt': 'one\n', 'dir/b.txt': 'two\n' },
    ...init: string[]
  ): string {
    const path = this.path(name);
    mkdirSync(path, { recursive: true });
    git(path, ['init', '-q', '--bare', '-b', 'main', ...init]);
    return this.commit(name, files);
  }

  /** Adds a commit on a branch of a served repository; `null` deletes a file. Gives its id. */
  commit(name: string, files: Files, branch = 'main', parents?: readonly string[]): string {
    const path = this.path(name);
    const ref = `refs/heads/${branch}`;
    const tip = git(path, ['for-each-ref', '--format=%(objectname)', ref]);
    const from = parents ?? (tip === '' ? [] : [tip]);
    const index = join(this.folder, 'index');
    rmSync(index, { force: true });
    const indexed = (args: string[], input = ''): string =>
      execFileSync('git', args, {
        cwd: path,
        env: { ...ENVIRONMENT, GIT_INDEX_FILE: index },
        input,
        stdio: ['pipe', 'pipe', 'inherit'],
      })
        .toString()
        .trim();
    if (from[0] !== undefined) indexed(['read-tree', from[0]]);
    const lines = Object.entries(files).map(([file, content]) => {
      if (content === null) return `0 ${'0'.repeat(40)}\t${file}\0`;
      const oid = git(path, ['hash-object', '-w', '--stdin'], content);
      return `${file.endsWith('.sh') ? '100755' : '100644'} ${oid}\t${file}\0`;
    });
    indexed(['update-index', '-z', '--index-info'], lines.join(''));
    return this.commitTree(name, indexed(['write-tree']), from, branch);
  }

  /** A commit of any tree, hostile ones too. */
  commitTree(
    name: string,
    tree: string,
    parents: readonly string[] = [],
    branch = 'main',
    message = 'A change\n',
  ): string {
    const path = this.path(name);
    const date = `${(this.#time += 60)} +0000`;
    const person = `Author <author@example.com> ${date}`;
    const lines = [
      `tree ${tree}`,
      ...parents.map((oid) => `parent ${oid}`),
      `author ${person}`,
      `committer ${person}`,
    ];
    const commit = git(
      path,
      ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'],
      `${lines.join('\n')}\n\n${message}`,
    );
    git(path, ['update-ref', `refs/heads/${branch}`, commit]);
    return commit;
  }

  /** A tree object with exactly these entries, in this order, whatever their names. */
  rawTree(
    name: string,
    entries: readonly (readonly [mode: string, name: string | Buffer, oid: string])[],
  ): string {
    const content = Buffer.concat(
      entries.flatMap(([mode, file, oid]) => [
        Buffer.from(`${mode} `),
        Buffer.from(file),
        Buffer.from([0]),
        Buffer.from(oid, 'hex'),
      ]),
    );
    return git(this.path(name), ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], content);
  }

  blob(name: string, content: string): string {
    return git(this.path(name), ['hash-object', '-w', '--stdin'], content);
  }

  tip(name: string, branch = 'main'): string {
    return git(this.path(name), ['for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`]);
  }

  client(options: Partial<GitOptions> = {}): GitClient {
    const client = new GitClient({
      directory: this.mirrors,
      clock,
      onCall: ({ command }) => this.calls.push(command),
      ...options,
      environment: options.environment ?? { PATH: process.env.PATH, ...this.configured('') },
    });
    this.#clients.push(client);
    return client;
  }

  /** Environment that makes `text` the person's git configuration. */
  configured(text: string): NodeJS.ProcessEnv {
    const path = join(this.folder, 'gitconfig');
    writeFileSync(path, text);
    return { GIT_CONFIG_GLOBAL: path, GIT_CONFIG_NOSYSTEM: '1' };
  }

  write(path: string, content: string, mode = 0o644): string {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
    return file;
  }

  /** Requests since the last time that match. */
  requests(command?: GitRequest['command']): GitRequest[] {
    return this.server.requests
      .splice(0)
      .filter((request) => command === undefined || request.command === command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#server?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** `it`, or a loud skip where the tool is missing; in CI a missing tool is a failure. */
export function withTool(tool: string, aptPackage: string): typeof it | typeof it.skip {
  const found = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, tool)));
  if (found || process.env.CI === 'true') return it;
  console.warn(`skipped, for want of ${tool}: apt-get install ${aptPackage}`);
  return it.skip;
}

/** Refs and fetch of all branches; gives the tip of main. */
export async function fetchAll(client: GitClient, url: string): Promise<string> {
  const refs = await client.refs(url, ['refs/heads/*']);
  await client.fetch(url, refs);
  return refs.get('refs/heads/main') ?? '';
}
