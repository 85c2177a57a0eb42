import { execFile } from 'node:child_process';
import { glob, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { CheckoutFacts, FoundImage } from '../delivery/start-config.ts';
import { ManifestError } from '../manifests/errors.ts';
import { KUSTOMIZATION_FILES, readImages } from '../manifests/kustomization.ts';
import { canonicalRepository } from '../source/repository.ts';

export interface Checkout extends CheckoutFacts {
  readonly images: readonly FoundImage[];
  /** Files that could not be read, and why. */
  readonly problems: readonly string[];
}

const run = promisify(execFile);
const TIMEOUT = 20_000;

/** Reads the kustomizations below a folder of a checkout; folders are told from the root of the repository. */
export async function readCheckout(folder: string): Promise<Checkout> {
  const start = await realpath(folder);
  const root = (await ask(start, 'rev-parse', '--show-toplevel')) ?? start;
  const images: FoundImage[] = [];
  const problems: string[] = [];
  for (const path of await kustomizations(start)) {
    const within = relative(root, path);
    try {
      for (const { name, newName, newTag } of readImages(await readFile(path, 'utf8'), within))
        images.push({
          folder: within === basename(within) ? '' : dirname(within),
          name,
          ...(newName !== undefined && { newName }),
          ...(newTag !== undefined && { newTag }),
        });
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      problems.push(error.message);
    }
  }
  return { images, problems, ...(await factsOf(start)) };
}

async function kustomizations(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of glob(`**/{${KUSTOMIZATION_FILES.join(',')}}`, {
    cwd: folder,
    withFileTypes: true,
    exclude: (entry) => entry.isDirectory() && (entry.name === '.git' || entry.name === 'node_modules'),
  }))
    if (entry.isFile()) found.push(join(entry.parentPath, entry.name));
  return found.sort();
}

async function factsOf(folder: string): Promise<CheckoutFacts> {
  const remotes = (await ask(folder, 'remote'))?.split('\n') ?? [];
  const remote = remotes.includes('origin') ? 'origin' : remotes.length === 1 ? remotes[0] : undefined;
  const repository = remote && canonical(await ask(folder, 'remote', 'get-url', remote));
  const branch = await ask(folder, 'symbolic-ref', '--short', '--quiet', 'HEAD');
  return { ...(repository && { repository }), ...(branch && { branch }) };
}

/** Undefined for a remote that only this machine can reach. */
function canonical(url: string | undefined): string | undefined {
  if (!url || !/^([\w+]+:\/\/|[\w.-]+@[\w.-]+:)/.test(url) || url.startsWith('file:')) return undefined;
  try {
    return canonicalRepository(url);
  } catch {
    // A way of git that Slipway does not know; the config then asks for the address.
    return undefined;
  }
}

/** What git says, undefined where it has nothing to say: outside a repository, without a remote or branch. */
async function ask(folder: string, ...args: readonly string[]): Promise<string | undefined> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^GIT_(DIR|WORK_TREE)$/.test(name)),
  );
  try {
    const { stdout } = await run('git', ['-C', folder, ...args], { timeout: TIMEOUT, env });
    return stdout.trim() || undefined;
  } catch {
    // No answer is an answer here: what git cannot tell, the config asks for.
    return undefined;
  }
}
