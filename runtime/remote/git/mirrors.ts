import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Oid, RepositoryUrl } from '../../ports/git.ts';
import { failureOf } from './failures.ts';
import { entriesOf, inodeOf, statOf } from './files.ts';
import { Mirror } from './mirror.ts';
import type { GitRunner } from './process.ts';
import { endpointOf } from './transport.ts';

/** Mirrors that may have a `cat-file` process at one time. */
const ACTIVE = 64;
/** Leftovers of processes that died are removed after this many milliseconds, when nobody can be at work on them. */
const STALE = 24 * 60 * 60 * 1000;
/** Files come out of a mirror as they are stored, whatever `.gitattributes` or a person's filters say. */
const ATTRIBUTES = '* -text -eol -ident -filter -working-tree-encoding\n';

/** The mirrors in one folder, which several processes may share. */
export class Mirrors {
  readonly #directory: string;
  readonly #runner: GitRunner;
  readonly #open = new Map<string, Promise<Mirror>>();
  readonly #looking = new Map<string, Promise<Mirror>>();
  readonly #active = new LRUCache<string, Mirror>({ max: ACTIVE, dispose: (mirror) => mirror.rest() });

  constructor(directory: string, runner: GitRunner) {
    this.#directory = directory;
    this.#runner = runner;
  }

  /**
   * Calls of one moment share one look at the folder, which somebody may have emptied.
   * @param oid any id of the repository: its length tells the object format
   */
  async open(repository: RepositoryUrl, oid: Oid): Promise<Mirror> {
    const id = `${repository} ${oid.length}`;
    let looking = this.#looking.get(id);
    if (!looking) {
      looking = this.#look(repository, oid).finally(() => this.#looking.delete(id));
      this.#looking.set(id, looking);
    }
    return looking;
  }

  async #look(repository: RepositoryUrl, oid: Oid): Promise<Mirror> {
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
    await mkdir(this.#directory, { recursive: true });
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
