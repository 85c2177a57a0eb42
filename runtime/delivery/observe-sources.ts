import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Oid, Ports, RepositoryUrl, TreeEntry } from '../ports/index.ts';
import { inputClosure } from '../source/closure.ts';
import type { Inputs } from './observed.ts';
import type { Pair } from './pair.ts';
import { missing, type Read } from './read.ts';

/** A pair's inputs at one commit of its source: a pure fact, remembered as long as there is room. */
export class InputsMemo {
  readonly #inputs = new LRUCache<string, Read<Inputs>>({ max: 20_000 });

  get(pair: Pair, commit: Oid): Read<Inputs> | undefined {
    return this.#inputs.get(memoKey(pair, commit));
  }

  set(pair: Pair, commit: Oid, inputs: Read<Inputs>): void {
    this.#inputs.set(memoKey(pair, commit), inputs);
  }
}

function memoKey(pair: Pair, commit: Oid): string {
  const { source, context, dockerfile, inputs, target, buildArgs } = pair;
  return JSON.stringify([source?.url, commit, context, dockerfile, inputs, target, buildArgs]);
}

export interface Evaluation {
  readonly pair: Pair;
  readonly commit: Oid;
}

/** Works out the inputs of several pairs at several commits of one repository, with one batch of blobs. */
export async function evaluateInputs(
  repository: RepositoryUrl,
  evaluations: readonly Evaluation[],
  ports: Pick<Ports, 'git'>,
  memo: InputsMemo,
  signal: AbortSignal,
): Promise<void> {
  const due = evaluations.filter(({ pair, commit }) => !memo.get(pair, commit));
  if (due.length === 0) return;
  const files = await Promise.all(due.map((one) => locate(repository, one, ports, signal)));
  const oids = files.flatMap((file) =>
    file.ok ? [file.value.dockerfile.oid, ...(file.value.ignore ? [file.value.ignore.oid] : [])] : [],
  );
  const blobs = await ports.git.blobs(repository, [...new Set(oids)], { signal });
  for (const [index, { pair, commit }] of due.entries()) {
    const file = files[index];
    if (file) memo.set(pair, commit, file.ok ? close(pair, file.value, blobs) : file);
  }
}

interface BuildFiles {
  readonly dockerfile: TreeEntry;
  readonly ignore?: TreeEntry;
  readonly context: readonly TreeEntry[];
}

/** Finds the Dockerfile, what says which files to ignore, and the context. */
async function locate(
  repository: RepositoryUrl,
  { pair, commit }: Evaluation,
  { git }: Pick<Ports, 'git'>,
  signal: AbortSignal,
): Promise<Read<BuildFiles>> {
  const inContext = (name: string) => (pair.context === '' ? name : `${pair.context}/${name}`);
  const [dockerfile, ownIgnore, contextIgnore, context] = await Promise.all([
    git.entry(repository, commit, pair.dockerfile, signal),
    git.entry(repository, commit, `${pair.dockerfile}.dockerignore`, signal),
    git.entry(repository, commit, inContext('.dockerignore'), signal),
    git.list(repository, commit, pair.context, signal),
  ]);
  const where = `on ${pair.source?.branch ?? 'its branch'} of ${repository}`;
  if (!context) return missing(`there is no folder ${pair.context} ${where}`);
  if (!dockerfile) return missing(`there is no ${pair.dockerfile} ${where}`);
  if (!isFile(dockerfile)) return missing(`${pair.dockerfile} is no regular file ${where}`);
  const ignore = [ownIgnore, contextIgnore].find((entry) => entry && isFile(entry));
  return { ok: true, value: { dockerfile, context, ...(ignore && { ignore }) } };
}

function isFile(entry: TreeEntry): boolean {
  return entry.mode.startsWith('100');
}

function close(pair: Pair, files: BuildFiles, blobs: ReadonlyMap<Oid, Buffer>): Read<Inputs> {
  const text = (entry: TreeEntry) => blobs.get(entry.oid)?.toString('utf8') ?? '';
  const closure = inputClosure({
    context: pair.context,
    entries: files.context,
    dockerfile: { entry: files.dockerfile, text: text(files.dockerfile) },
    ...(files.ignore && { ignore: { entry: files.ignore, text: text(files.ignore) } }),
    ...(pair.inputs && { inputs: pair.inputs }),
    ...(pair.target && { target: pair.target }),
    buildArgs: pair.buildArgs,
  });
  return {
    ok: true,
    value: {
      entries: closure.entries,
      hash: hashOf(closure.entries),
      paths: closure.paths,
      ...(closure.reason && { note: closure.reason }),
    },
  };
}

function hashOf(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  for (const { mode, oid, path } of entries) hash.update(`${mode} ${oid} ${path}\0`);
  return hash.digest('hex');
}
