import { createHash, randomUUID } from 'node:crypto';
import type { Dirent, Stats } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { isFault, PortError } from '../../ports/errors.ts';
import type { Oid, RepositoryUrl } from '../../ports/git.ts';
import { type Answer, ObjectReader } from './cat-file.ts';
import { failureOf, saysDamaged } from './failures.ts';
import { Memo } from './memo.ts';
import { endpointOf } from './transport.ts';
import type { GitRunner, Output, Run } from './process.ts';

/** Mirrors that may have `cat-file` processes at one time. */
const ACTIVE = 50;
/** Leftovers of processes that died are removed after this many milliseconds, when nobody can be at work on them. */
const STALE = 24 * 60 * 60 * 1000;
/** Files come out of a mirror as they are stored, whatever `.gitattributes` or a person's filters say. */
const ATTRIBUTES = '* -text -eol -ident -filter -working-tree-encoding\n';

/**
 * A bare mirror of one repository. Its configuration names no remote: only the commands that ask the remote get one,
 * by `-c`, so that no other command can reach out for an object that is missing.
 */
export class Mirror {
  readonly repository: RepositoryUrl;
  readonly path: string;
  readonly memo: Memo;
  readonly #runner: GitRunner;
  readonly #reader: ObjectReader;
  readonly #inode: number;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(repository: RepositoryUrl, path: string, inode: number, runner: GitRunner) {
    this.repository = repository;
    this.path = path;
    this.#inode = inode;
    this.#runner = runner;
    this.#reader = new ObjectReader(runner, path, repository);
    this.memo = new Memo(join(path, 'slipway-memo'));
  }

  /** Type and size of an object; undefined when it is missing. `name` is an id, whole or short, or `<id>^{type}`. */
  header(name: string, signal?: AbortSignal): Promise<Answer> {
    return this.#read(this.#reader.header(name, signal));
  }

  /** A whole object; undefined when it is missing. Nothing is ever fetched for it. */
  object(name: string, signal?: AbortSignal): Promise<Answer> {
    return this.#read(this.#reader.object(name, signal));
  }

  /** Lets the processes that read objects end; the next question starts new ones. */
  rest(): void {
    this.#reader.rest();
  }

  /** Ends the processes that read objects. */
  close(): void {
    this.#reader.close();
  }

  async #read(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      if (isFault(error, 'cancelled') || !(error instanceof PortError) || !saysDamaged(error.message))
        throw error;
      throw await this.damaged(error.message);
    }
  }

  /** Runs a git command on the mirror, whatever its exit status. */
  run(args: readonly string[], run: Omit<Run, 'subject'> = {}): Promise<Output> {
    return this.#runner.run([`--git-dir=${this.path}`, ...args], { ...run, subject: this.repository });
  }

  /** The output of a command that works on the mirror alone. @throws PortError when it fails */
  async local(action: string, args: readonly string[], run: Omit<Run, 'subject'> = {}): Promise<string> {
    const output = await this.run(args, run);
    if (output.code !== 0) throw await this.localFailure(action, output);
    return output.stdout;
  }

  async localFailure(action: string, output: Output): Promise<PortError> {
    if (saysDamaged(output.stderr)) return this.damaged(`git could not ${action}`);
    return failureOf({
      action: `${action} in the mirror of ${this.repository}`,
      subject: this.repository,
      stderr: output.stderr,
      otherwise: 'invalid',
    });
  }

  /** One at a time: two fetches of the same thing would bring it twice. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined); // told to whoever asked for that work
    return result;
  }

  /**
   * Removes the mirror, which holds nothing that the remote cannot give again, unless somebody already replaced it.
   * Gives the error for the call that found the damage.
   */
  async damaged(found: string): Promise<PortError> {
    this.#reader.close();
    if (await this.isCurrent()) {
      const aside = `${this.path}.damaged-${randomUUID()}`;
      try {
        await rename(this.path, aside);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      await rm(aside, { recursive: true, force: true });
    }
    return new PortError(
      'transient',
      this.repository,
      `the mirror of ${this.repository} was damaged (${found}): it was removed and comes anew`,
    );
  }

  /** False when another process removed or replaced the folder. */
  async isCurrent(): Promise<boolean> {
    return (await inodeOf(this.path)) === this.#inode;
  }
}

/** The mirrors in one folder, which several processes may share. */
export class Mirrors {
  readonly #directory: string;
  readonly #runner: GitRunner;
  readonly #open = new Map<string, Promise<Mirror>>();
  readonly #active = new LRUCache<string, Mirror>({ max: ACTIVE, dispose: (mirror) => mirror.rest() });

  constructor(directory: string, runner: GitRunner) {
    this.#directory = directory;
    this.#runner = runner;
  }

  /** @param oid any id of the repository: its length tells the object format */
  async open(repository: RepositoryUrl, oid: Oid): Promise<Mirror> {
    const path = join(this.#directory, folderName(repository, oid.length));
    let mirror = await this.#opened(path, repository, oid);
    if (!(await mirror.isCurrent())) {
      mirror.close();
      this.#open.delete(path);
      mirror = await this.#opened(path, repository, oid);
    }
    if (this.#active.get(path) !== mirror) this.#active.set(path, mirror);
    return mirror;
  }

  /** Those that are there: at most one for each object format. */
  async existing(repository: RepositoryUrl): Promise<Mirror[]> {
    const mirrors: Mirror[] = [];
    for (const oid of ['0'.repeat(40), '0'.repeat(64)]) {
      const path = join(this.#directory, folderName(repository, oid.length));
      if ((await inodeOf(path)) !== undefined) mirrors.push(await this.open(repository, oid));
    }
    return mirrors;
  }

  close(): void {
    for (const mirror of this.#active.values()) mirror.close();
    this.#active.clear();
    this.#open.clear();
  }

  #opened(path: string, repository: RepositoryUrl, oid: Oid): Promise<Mirror> {
    let opening = this.#open.get(path);
    if (!opening) {
      opening = this.#create(path, repository, oid).catch((error: unknown) => {
        this.#open.delete(path);
        throw error;
      });
      this.#open.set(path, opening);
    }
    return opening;
  }

  async #create(path: string, repository: RepositoryUrl, oid: Oid): Promise<Mirror> {
    if ((await inodeOf(path)) === undefined) await this.#init(path, repository, oid);
    else await removeLeftovers(path);
    return new Mirror(repository, path, (await inodeOf(path)) ?? 0, this.#runner);
  }

  /** Made aside and renamed, so that no process ever sees half a mirror; the first one wins. */
  async #init(path: string, repository: RepositoryUrl, oid: Oid): Promise<void> {
    const draft = `${path}.new-${randomUUID()}`;
    try {
      const format = oid.length === 64 ? 'sha256' : 'sha1';
      const output = await this.#runner.run(
        ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, '--', draft],
        { subject: repository },
      );
      if (output.code !== 0)
        throw failureOf({
          action: `make a mirror of ${repository}`,
          subject: repository,
          stderr: output.stderr,
          otherwise: 'invalid',
        });
      await mkdir(join(draft, 'info'), { recursive: true });
      await writeFile(join(draft, 'info', 'attributes'), ATTRIBUTES);
      await writeFile(join(draft, 'description'), `${repository}\n`);
      await rename(draft, path);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
}

/** Readable, and different for different URLs: `github.com-kubeflow-kubeflow-0123456789ab.git`. */
export function folderName(repository: RepositoryUrl, oidLength: number): string {
  endpointOf(repository);
  const slug = repository
    .replace(/^[a-z+]+:\/\//i, '')
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, 80);
  const hash = createHash('sha256').update(repository).digest('hex').slice(0, 12);
  return `${slug}-${hash}${oidLength === 64 ? '.sha256' : ''}.git`;
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await statOf(path))?.ino;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Locks and drafts of processes that were killed would block or fill the mirror for ever. */
async function removeLeftovers(path: string): Promise<void> {
  const isLeftover = (name: string): boolean => name.endsWith('.lock') || /^(tmp_|index-)/.test(name);
  for (const folder of ['', 'refs/slipway', 'objects/pack', 'objects/info', 'slipway-drafts']) {
    for (const entry of await entriesOf(join(path, folder))) {
      if (!isLeftover(entry.name)) continue;
      const file = join(path, folder, entry.name);
      const found = await statOf(file);
      if (found && Date.now() - found.mtimeMs > STALE) await rm(file, { recursive: true, force: true });
    }
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
