import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startForge } from '../../runtime/standins/forge/server.ts';
import type { ForgeOptions, RunningForge } from '../../runtime/standins/forge/server.ts';

const run = promisify(execFile);

/** Git as a person's machine has it, but without that person's configuration. */
export async function git(directory: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: 'Ann',
      GIT_AUTHOR_EMAIL: 'ann@example.com',
      GIT_COMMITTER_NAME: 'Ann',
      GIT_COMMITTER_EMAIL: 'ann@example.com',
    },
  });
  return stdout.trim();
}

export interface ForgeFixture extends RunningForge {
  readonly root: string;
  /** `127.0.0.1:3000`. */
  readonly host: string;
  /** A clone of kubeflow/manifests that pushes as ann. */
  readonly work: string;
  /** Commits a file on a branch made from main (or goes on with it) and pushes it. */
  push(branch: string, file: string, content: string): Promise<string>;
  dispose(): Promise<void>;
}

/** A forge that holds kubeflow/manifests with one commit on main. */
export async function openForge(options: Omit<ForgeOptions, 'root'> = {}): Promise<ForgeFixture> {
  const folder = await mkdtemp(path.join(tmpdir(), 'slipway-forge-'));
  const root = path.join(folder, 'root');
  const bare = path.join(root, 'kubeflow', 'manifests.git');
  await mkdir(bare, { recursive: true });
  await git(bare, 'init', '--quiet', '--bare', '--initial-branch=main');
  const forge = await startForge({ root, ...options });
  const host = `127.0.0.1:${forge.port}`;
  const work = path.join(folder, 'work');
  await git(folder, 'clone', '--quiet', bare, work);
  await git(work, 'remote', 'set-url', 'origin', `http://ann:as-ann@${host}/kubeflow/manifests.git`);
  await writeFile(path.join(work, 'README.md'), 'manifests\n');
  await git(work, 'checkout', '--quiet', '-B', 'main');
  await git(work, 'add', '.');
  await git(work, 'commit', '--quiet', '-m', 'Begin');
  await git(work, 'push', '--quiet', bare, 'main');
  return {
    ...forge,
    root,
    host,
    work,
    push: async (branch, file, content) => {
      const known = await git(work, 'branch', '--list', branch);
      await git(work, 'checkout', '--quiet', ...(known === '' ? ['-b', branch, 'main'] : [branch]));
      await writeFile(path.join(work, file), content);
      await git(work, 'add', '.');
      await git(work, 'commit', '--quiet', '-m', `Write ${file}`);
      await git(work, 'push', '--quiet', '--force', 'origin', branch);
      return git(work, 'rev-parse', 'HEAD');
    },
    dispose: async () => {
      await forge.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Calls the forge's REST as a login, or as nobody. */
export async function call(
  forge: { readonly url: string },
  method: string,
  route: string,
  options: {
    readonly as?: string;
    readonly token?: string;
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
    readonly fetch?: typeof fetch;
  } = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: unknown }> {
  const token = options.token ?? (options.as === undefined ? undefined : `as-${options.as}`);
  const response = await (options.fetch ?? fetch)(forge.url + route, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...options.headers,
    },
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}
