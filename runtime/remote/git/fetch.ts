import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isFault, PortError } from '../../ports/errors.ts';
import type { Oid, RepositoryUrl } from '../../ports/git.ts';
import { saysDamaged } from './failures.ts';
import { entriesOf } from './files.ts';
import type { Mirror } from './mirror.ts';
import type { Remote } from './remote.ts';

/** Commits and trees come, blobs stay away. Given by `-c`, so that only this command knows of a promisor. */
function promisor(url: RepositoryUrl): string[] {
  return [
    `remote.origin.url=${url}`,
    'remote.origin.promisor=true',
    'remote.origin.partialCloneFilter=blob:none',
    // whole packs alone, so that an interrupted fetch leaves nothing behind
    'fetch.unpackLimit=1',
    'fetch.fsckObjects=true',
    'fetch.recurseSubmodules=no',
    'fetch.prune=false',
    'fetch.pruneTags=false',
    'fetch.writeCommitGraph=false',
    ...TOLERATED.map((message) => `fetch.fsck.${message}=ignore`),
  ].flatMap((setting) => ['-c', setting]);
}

/** Flaws that old clients left in real histories and that harm nobody who only reads. */
const TOLERATED = [
  'badTimezone',
  'badDate',
  'badDateOverflow',
  'badEmail',
  'badFilemode',
  'emptyName',
  'extraHeaderEntry',
  'gitmodulesLarge',
  'gitmodulesParse',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'nulInCommit',
  'zeroPaddedDate',
  'zeroPaddedFilemode',
];

const FETCH = [
  'fetch',
  '--quiet',
  '--no-tags',
  '--no-write-fetch-head',
  '--recurse-submodules=no',
  '--filter=blob:none',
  '--refmap=',
  '--stdin',
  'origin',
];

/** Brings commits with their history from `source` into the mirror, where they are not there yet. */
export async function fetchCommits(
  mirror: Mirror,
  remote: Remote,
  source: RepositoryUrl,
  refs: ReadonlyMap<string, Oid>,
  signal?: AbortSignal,
): Promise<void> {
  if ((await absent(mirror, refs.values(), signal)).size === 0) return;
  await mirror.exclusively(async () => {
    const wanted = await absent(mirror, refs.values(), signal);
    if (wanted.size === 0) return;
    const names = [...refs].filter(([, oid]) => wanted.has(oid)).map(([ref]) => ref);
    try {
      // by name first: every server gives what it advertises
      await transfer(
        mirror,
        remote,
        source,
        names.map((ref) => `+${ref}:${localRef(source, ref)}`),
        signal,
      );
    } catch (error) {
      if (!isFault(error, 'conflict')) throw error;
    }
    const moved = await absent(mirror, refs.values(), signal);
    if (moved.size > 0) await fetchMoved(mirror, remote, source, refs, moved, signal);
    await maintain(mirror, signal);
  });
}

/** The refs have moved since they were read: the commits may still be had by id. */
async function fetchMoved(
  mirror: Mirror,
  remote: Remote,
  source: RepositoryUrl,
  refs: ReadonlyMap<string, Oid>,
  moved: ReadonlySet<Oid>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const requests = [...moved].map((oid) => `+${oid}:${localRef(source, oid)}`);
  try {
    await transfer(mirror, remote, source, requests, signal);
  } catch (error) {
    if (!isFault(error, 'conflict')) throw error;
  }
  const gone = await absent(mirror, refs.values(), signal);
  if (gone.size === 0) return;
  const names = [...refs].filter(([, oid]) => gone.has(oid)).map(([ref, oid]) => `${ref} (${oid})`);
  throw new PortError(
    'conflict',
    source,
    `${source} no longer holds ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}: refs have moved`,
    { remedy: 'read the refs again' },
  );
}

/** Brings all blobs that the mirror does not hold, in one fetch. */
export async function fetchBlobs(
  mirror: Mirror,
  remote: Remote,
  oids: Iterable<Oid>,
  signal?: AbortSignal,
): Promise<void> {
  const wanted = [...new Set(oids)];
  if ((await absent(mirror, wanted, signal)).size === 0) return;
  await mirror.exclusively(async () => {
    const missing = await absent(mirror, wanted, signal);
    if (missing.size === 0) return;
    try {
      // nothing that we have makes a wanted blob unnecessary
      await transfer(mirror, remote, mirror.repository, [...missing], signal, 'noop');
    } catch (error) {
      if (!isFault(error, 'conflict')) throw error;
      throw new PortError('not-found', mirror.repository, `${error.message} (files of a commit)`, {
        cause: error,
      });
    }
    const [lost] = await absent(mirror, missing, signal);
    if (lost !== undefined)
      throw new PortError('transient', mirror.repository, `${mirror.repository} did not send blob ${lost}`);
    await maintain(mirror, signal);
  });
}

async function transfer(
  mirror: Mirror,
  remote: Remote,
  source: RepositoryUrl,
  refspecs: readonly string[],
  signal: AbortSignal | undefined,
  negotiation: 'consecutive' | 'noop' = 'consecutive',
): Promise<void> {
  try {
    await remote.read('fetch from', {
      repository: source,
      args: [
        `--git-dir=${mirror.path}`,
        ...promisor(source),
        '-c',
        `fetch.negotiationAlgorithm=${negotiation}`,
        ...FETCH,
      ],
      input: refspecs.map((refspec) => `${refspec}\n`).join(''),
      signal,
    });
  } catch (error) {
    if (isFault(error, 'conflict') || !(error instanceof Error) || !saysDamaged(error.message)) throw error;
    throw await mirror.damaged(error.message);
  } finally {
    mirror.grew();
  }
}

async function absent(
  mirror: Mirror,
  oids: Iterable<Oid>,
  signal: AbortSignal | undefined,
): Promise<Set<Oid>> {
  const unique = [...new Set(oids)];
  const held = await Promise.all(unique.map((oid) => mirror.holds(oid, signal)));
  return new Set(unique.filter((_, index) => !held[index]));
}

/**
 * Keeps what was fetched reachable, and tells the remote what we have.
 * A flat name: refs of the remote may turn from file to folder, and each source has its own.
 */
function localRef(source: RepositoryUrl, ref: string): string {
  return `refs/slipway/${createHash('sha256').update(`${source}\0${ref}`).digest('hex').slice(0, 40)}`;
}

/** A mirror with more packs, or (as git guesses by one folder of 256) more loose objects, is packed. */
const PACKS = 50;
const LOOSE = 6700;

/** Packs the mirror when there is much to pack. Nothing is ever pruned: commits we made are on no ref. */
async function maintain(mirror: Mirror, signal: AbortSignal | undefined): Promise<void> {
  const [packs, loose] = await Promise.all([
    entriesOf(join(mirror.path, 'objects', 'pack')),
    entriesOf(join(mirror.path, 'objects', '17')),
  ]);
  const count = packs.filter(({ name }) => name.endsWith('.pack')).length;
  if (count <= PACKS && loose.length * 256 <= LOOSE) return;
  await mirror.local(
    'pack',
    [
      ...promisor(mirror.repository),
      ...['-c', `gc.auto=${LOOSE}`, '-c', `gc.autoPackLimit=${PACKS}`, '-c', 'gc.autoDetach=false'],
      ...['gc', '--auto', '--quiet', '--no-prune'],
    ],
    { signal },
  );
}
