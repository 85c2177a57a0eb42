import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFault, PortError } from '../../ports/errors.ts';
import type { Oid, RepositoryUrl } from '../../ports/git.ts';
import { type Answer, ObjectReader } from './cat-file.ts';
import { failureOf, saysDamaged } from './failures.ts';
import { inodeOf } from './files.ts';
import { Memo } from './memo.ts';
import type { GitRunner, Output, Run } from './process.ts';

/** Ids that a mirror keeps in mind before it begins anew. */
const KNOWN = 10_000;

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
  /** Objects that were found: the mirror never loses one. */
  readonly #held = new Set<Oid>();
  /** What short ids stand for, until new commits come. */
  readonly #resolved = new Map<string, Oid>();
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

  /** Whether the mirror has this object. */
  async holds(oid: Oid, signal?: AbortSignal): Promise<boolean> {
    if (this.#held.has(oid)) return true;
    const found = (await this.header(oid, signal)) !== undefined;
    if (this.#held.size === KNOWN) this.#held.clear();
    if (found) this.#held.add(oid);
    return found;
  }

  /** The one commit whose id begins so. */
  async resolve(abbreviation: string, signal?: AbortSignal): Promise<Oid | undefined> {
    const known = this.#resolved.get(abbreviation);
    if (known !== undefined) return known;
    const found = await this.header(`${abbreviation}^{commit}`, signal);
    // an annotated tag of that name leads to another commit
    if (!found?.oid.startsWith(abbreviation)) return undefined;
    if (this.#resolved.size === KNOWN) this.#resolved.clear();
    this.#resolved.set(abbreviation, found.oid);
    return found.oid;
  }

  /** New objects came: a short id may now stand for several. */
  grew(): void {
    this.#resolved.clear();
  }

  /** Lets the process that reads objects end; the next question starts a new one. */
  rest(): void {
    this.#reader.rest();
  }

  /** Ends the process that reads objects. */
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
