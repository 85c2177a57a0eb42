import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Oid, Ports, RepositoryUrl, TreeEntry } from '../ports/index.ts';
import {
  ignoreFileCandidates,
  inputClosure,
  type ClosureRequest,
  type InputClosure,
} from '../source/closure.ts';
import type { Inputs } from './observed.ts';
import type { Pair } from './pair.ts';
import { missing, type Read } from './read.ts';

/** Files remembered in all: some tens of megabytes. */
const rememberedFiles = 300_000;

/** A pair's inputs at one commit of its source: a pure fact, remembered as long as there is room. */
export class InputsMemo {
  readonly #inputs = new LRUCache<string, Read<Inputs>>({
    maxSize: rememberedFiles,
    sizeCalculation: (inputs) => 1 + (inputs.ok ? inputs.value.entries.length : 0),
  });

  get(pair: Pair, commit: Oid): Read<Inputs> | undefined {
    return this.#inputs.get(memoKey(pair, commit));
  }

  set(pair: Pair, commit: Oid, inputs: Read<Inputs>): void {
    this.#inputs.set(memoKey(pair, commit), inputs);
  }
}

/** What was worked out for one pass, whatever the memo has room for. */
export type InputsOf = (pair: Pair, commit: Oid) => Read<Inputs> | undefined;

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
  { git }: Pick<Ports, 'git'>,
  memo: InputsMemo,
  signal: AbortSignal,
): Promise<InputsOf> {
  const found = new Map<string, Read<Inputs>>();
  const due = evaluations.filter(({ pair, commit }) => {
    const known = memo.get(pair, commit);
    if (known) found.set(memoKey(pair, commit), known);
    return !known;
  });
  for (const [one, inputs] of await workOut(repository, due, git, signal)) {
    memo.set(one.pair, one.commit, inputs);
    found.set(memoKey(one.pair, one.commit), inputs);
  }
  return (pair, commit) => found.get(memoKey(pair, commit));
}

async function workOut(
  repository: RepositoryUrl,
  due: readonly Evaluation[],
  git: Ports['git'],
  signal: AbortSignal,
): Promise<(readonly [Evaluation, Read<Inputs>])[]> {
  if (due.length === 0) return [];
  const located = await Promise.all(
    due.map(async (one) => ({ ...one, files: await locate(repository, one, git, signal) })),
  );
  const files = located.flatMap(({ files }) =>
    files.ok ? [files.value.dockerfile.oid, files.value.ignoreFile?.oid] : [],
  );
  const texts = await readTexts(repository, [...new Set(files.flatMap((oid) => oid ?? []))], git, signal);
  const requests = located.map(({ pair, commit, files }) => ({
    pair,
    commit,
    request: files.ok ? { ok: true as const, value: requestOf(pair, files.value, texts) } : files,
  }));
  const closures = requests.map(({ request }) => (request.ok ? inputClosure(request.value) : undefined));
  // Links decide what a COPY reaches: where some are in its way, they are read, and the closure is worked out again.
  const links = await readTexts(
    repository,
    [...new Set(closures.flatMap((closure) => closure?.needs ?? []))],
    git,
    signal,
  );
  return requests.map(({ request, ...one }, index) => {
    const closure = closures[index];
    if (!request.ok || !closure)
      return [one, request.ok ? missing('the inputs were not worked out') : request];
    return [one, inputsOf(closure.needs.length > 0 ? inputClosure({ ...request.value, links }) : closure)];
  });
}

interface BuildFiles {
  readonly dockerfile: TreeEntry;
  readonly ignoreFile: TreeEntry | undefined;
  readonly entries: readonly TreeEntry[];
}

/** Finds the Dockerfile, what says which files to ignore, and the files that may count. */
async function locate(
  repository: RepositoryUrl,
  { pair, commit }: Evaluation,
  git: Ports['git'],
  signal: AbortSignal,
): Promise<Read<BuildFiles>> {
  // Globs reach the whole repository.
  const root = Array.isArray(pair.inputs) ? '' : pair.context;
  const [dockerfile, entries, ...ignoreFiles] = await Promise.all([
    git.entry(repository, commit, pair.dockerfile, signal),
    git.list(repository, commit, root, signal),
    ...ignoreFileCandidates(pair.dockerfile, pair.context).map((path) =>
      git.entry(repository, commit, path, signal),
    ),
  ]);
  const where = `on ${pair.source?.branch ?? 'its branch'} of ${repository}`;
  if (!entries) return missing(`there is no folder ${pair.context} ${where}`);
  if (!dockerfile) return missing(`there is no ${pair.dockerfile} ${where}`);
  if (!isFile(dockerfile)) return missing(`${pair.dockerfile} is no regular file ${where}`);
  const ignoreFile = ignoreFiles.find((entry) => entry && isFile(entry));
  const known = new Set(entries.map(({ path }) => path));
  const outside = [dockerfile, ignoreFile].filter((entry) => entry && !known.has(entry.path));
  return {
    ok: true,
    value: { dockerfile, ignoreFile, entries: [...entries, ...outside.flatMap((entry) => entry ?? [])] },
  };
}

function isFile(entry: TreeEntry): boolean {
  return entry.mode.startsWith('100');
}

async function readTexts(
  repository: RepositoryUrl,
  oids: readonly Oid[],
  git: Ports['git'],
  signal: AbortSignal,
): Promise<ReadonlyMap<Oid, string>> {
  if (oids.length === 0) return new Map();
  const blobs = await git.blobs(repository, oids, { signal });
  return new Map([...blobs].map(([oid, blob]) => [oid, blob.toString('utf8')]));
}

function requestOf(pair: Pair, files: BuildFiles, texts: ReadonlyMap<Oid, string>): ClosureRequest {
  const text = ({ path, oid }: TreeEntry) => ({ path, text: texts.get(oid) ?? '' });
  return {
    entries: files.entries,
    context: pair.context,
    dockerfile: text(files.dockerfile),
    ...(files.ignoreFile && { ignoreFile: text(files.ignoreFile) }),
    ...(pair.inputs && { inputs: pair.inputs }),
    ...(pair.target && { target: pair.target }),
    buildArgs: pair.buildArgs,
    platforms: pair.platforms,
  };
}

function inputsOf({ entries, paths, reason }: InputClosure): Read<Inputs> {
  return { ok: true, value: { entries, hash: hashOf(entries), paths, ...(reason && { note: reason }) } };
}

function hashOf(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  for (const { mode, oid, path } of entries) hash.update(`${mode} ${oid} ${path}\0`);
  return hash.digest('hex');
}
