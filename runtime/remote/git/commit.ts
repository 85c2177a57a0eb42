import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../../ports/errors.ts';
import type { Commit, CommitRequest, FileChange, Oid } from '../../ports/git.ts';
import type { Mirror } from './mirror.ts';
import { checkPath, hasControl } from './names.ts';
import { DIRECTORY, type Trees } from './trees.ts';

const FILE = '100644';
const EXECUTABLE = '100755';

/** Parses a commit object. A message in another encoding is decoded. */
export function parseCommit(oid: Oid, content: Buffer): Commit {
  const end = content.indexOf('\n\n');
  const head = content.subarray(0, end < 0 ? content.length : end);
  const field = (name: string, text: string): string | undefined =>
    new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1];
  const decode = decoderFor(field('encoding', head.toString('latin1')));
  const text = decode(head);
  const person = (role: string) => {
    const [, name = '', email = ''] = /^(.*?) ?<([^<>]*)>/.exec(field(role, text) ?? '') ?? [];
    return { name, email };
  };
  const seconds = / (-?\d+) [+-]\d+$/.exec(field('committer', text) ?? '')?.[1];
  const tree = field('tree', text);
  if (tree === undefined) throw new PortError('invalid', oid, `commit ${oid} is malformed: it names no tree`);
  return {
    oid,
    tree,
    parents: [...text.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] ?? ''),
    author: person('author'),
    committer: person('committer'),
    committedAt: Number(seconds ?? 0) * 1000,
    message: end < 0 ? '' : decode(content.subarray(end + 2)),
  };
}

function decoderFor(encoding: string | undefined): (bytes: Buffer) => string {
  try {
    const decoder = new TextDecoder(encoding ?? 'utf-8');
    return (bytes) => decoder.decode(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_NOT_SUPPORTED') throw error;
    return (bytes) => bytes.toString('latin1'); // a name that nobody knows
  }
}

/** Makes the commit in the mirror, from the trees alone: no blob of the parent is needed. */
export async function createCommit(
  mirror: Mirror,
  trees: Trees,
  parent: Commit,
  request: CommitRequest,
  signal?: AbortSignal,
): Promise<Oid> {
  checkRequest(request);
  const modes = await modesOf(mirror, trees, parent, request.changes, signal);
  const draft = join(mirror.path, 'slipway-drafts', `index-${randomUUID()}`);
  await mkdir(draft, { recursive: true });
  try {
    const blobs = await writeBlobs(mirror, draft, request.changes, signal);
    const env = { GIT_INDEX_FILE: join(draft, 'index') };
    const local = (args: readonly string[], input = ''): Promise<string> =>
      mirror.local('make a commit', args, { env, input, signal });
    await local(['read-tree', parent.tree]);
    await local(['update-index', '-z', '--index-info'], indexInfo(request.changes, modes, blobs, parent.oid));
    const tree = (await local(['write-tree', '--missing-ok'])).trim();
    return await commitTree(mirror, tree, request, signal);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function checkRequest(request: CommitRequest): void {
  const refuse = (message: string): PortError => new PortError('invalid', request.parent, message);
  const paths = request.changes.map(({ path }) => checkPath(path));
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw refuse(`"${twice}" is changed twice in one commit`);
  const written = new Set(request.changes.filter(({ content }) => content).map(({ path }) => path));
  const below = [...written].find((path) => parentsOf(path).some((folder) => written.has(folder)));
  if (below !== undefined) throw refuse(`"${below}" would be below a file of the same commit`);
  if (request.message.includes('\0')) throw refuse('a commit message cannot hold a NUL byte');
  const { name, email } = request.author;
  if (name.trim() === '' || email.trim() === '' || /[<>]/.test(name + email) || hasControl(name + email))
    throw refuse(`"${name} <${email}>" cannot be the author of a commit`);
  const key = request.sign?.key;
  if (key !== undefined && (key === '' || key.startsWith('-') || hasControl(key)))
    throw refuse('the name of the signing key is not valid');
}

/** Modes of the files that stand at the changed paths. @throws PortError `invalid` when a change would go through a link */
async function modesOf(
  mirror: Mirror,
  trees: Trees,
  parent: Commit,
  changes: readonly FileChange[],
  signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const deleted = new Set(changes.filter(({ content }) => content === null).map(({ path }) => path));
  const modeAt = async (path: string): Promise<string | undefined> =>
    (await trees.find(mirror, parent.tree, path, signal))?.mode;
  const modes = new Map<string, string>();
  for (const { path } of changes) {
    for (const folder of parentsOf(path)) {
      const mode = await modeAt(folder);
      if (mode === undefined || deleted.has(folder)) break;
      if (mode !== DIRECTORY)
        throw new PortError('invalid', path, `"${path}" cannot be changed: "${folder}" is ${kindOf(mode)}`);
    }
    const mode = await modeAt(path);
    if (mode === undefined) continue;
    if (mode !== FILE && mode !== EXECUTABLE && mode !== '100664')
      throw new PortError('invalid', path, `"${path}" cannot be changed: it is ${kindOf(mode)}`);
    modes.set(path, mode === EXECUTABLE ? EXECUTABLE : FILE);
  }
  return modes;
}

function kindOf(mode: string): string {
  if (mode === '120000') return 'a symbolic link';
  if (mode === '160000') return 'a submodule';
  return mode === DIRECTORY ? 'a directory' : 'a file';
}

/** `a/b/c` → `a`, `a/b` */
function parentsOf(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

/** Stores the new contents, all by one process. Gives their ids by path. */
async function writeBlobs(
  mirror: Mirror,
  draft: string,
  changes: readonly FileChange[],
  signal: AbortSignal | undefined,
): Promise<Map<string, Oid>> {
  const written = changes.flatMap(({ path, content }) => (content ? [{ path, content }] : []));
  if (written.length === 0) return new Map();
  const files = written.map((_, index) => join(draft, String(index)));
  await Promise.all(written.map(({ content }, index) => writeFile(files[index] ?? '', content)));
  const args = ['hash-object', '-w', '--no-filters', '--stdin-paths'];
  const input = files.map((file) => `${file}\n`).join('');
  const oids = (await mirror.local('store files', args, { input, signal })).trim().split('\n');
  return new Map(written.map(({ path }, index) => [path, oids[index] ?? '']));
}

/** `<mode> SP <id> TAB <path> NUL`; mode 0 removes. Removals first: a file may give way to a folder. */
function indexInfo(
  changes: readonly FileChange[],
  modes: ReadonlyMap<string, string>,
  blobs: ReadonlyMap<string, Oid>,
  anyOid: Oid,
): string {
  const nothing = '0'.repeat(anyOid.length);
  const removals = changes
    .filter(({ content }) => content === null)
    .map(({ path }) => `0 ${nothing}\t${path}\0`);
  const additions = [...blobs].map(([path, oid]) => `${modes.get(path) ?? FILE} ${oid}\t${path}\0`);
  return [...removals, ...additions].join('');
}

async function commitTree(
  mirror: Mirror,
  tree: Oid,
  request: CommitRequest,
  signal: AbortSignal | undefined,
): Promise<Oid> {
  const { author, at, sign } = request;
  const date = `@${Math.floor(at / 1000)} +0000`;
  const config = ['-c', 'i18n.commitEncoding=UTF-8'];
  if (sign) config.push('-c', `gpg.format=${sign.format}`, '-c', `user.signingKey=${sign.key}`);
  const output = await mirror.run(
    [...config, 'commit-tree', ...(sign ? ['-S'] : []), '-p', request.parent, tree],
    {
      input: request.message,
      signal,
      env: {
        GIT_AUTHOR_NAME: author.name,
        GIT_AUTHOR_EMAIL: author.email,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: author.name,
        GIT_COMMITTER_EMAIL: author.email,
        GIT_COMMITTER_DATE: date,
      },
    },
  );
  if (output.code === 0) return output.stdout.trim();
  const failure = await mirror.localFailure('make a commit', output);
  if (!sign || failure.fault !== 'invalid') throw failure;
  throw new PortError('invalid', mirror.repository, failure.message, {
    remedy: 'check the signing key of the settings',
    cause: failure,
  });
}
