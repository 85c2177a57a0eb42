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
import { ofContent, readFiles } from './read-files.ts';

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

const pairKeys = new WeakMap<Pair, string>();

/** Equal for pairs that equal files make equal inputs of. */
function pairKey(pair: Pair): string {
  let key = pairKeys.get(pair);
  if (key === undefined) {
    const { source, context, dockerfile, inputs, target, buildArgs, platforms } = pair;
    key = JSON.stringify([source?.url, context, dockerfile, inputs, target, buildArgs, platforms]);
    pairKeys.set(pair, key);
  }
  return key;
}

function memoKey(pair: Pair, commit: Oid): string {
  return `${commit} ${pairKey(pair)}`;
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
    due.map(async (one) => ({
      one,
      files: await ofContent(
        () => locate(repository, one, git, signal),
        one.pair.context || 'the repository',
      ),
    })),
  );
  const alike = groupAlike(located);
  const oids = alike.flatMap(({ files }) =>
    files.ok ? [files.value.dockerfile.oid, files.value.ignoreFile?.oid ?? []].flat() : [],
  );
  const texts = await readFiles(repository, oids, git, signal);
  const requests = alike.map(({ pair, files }) => (files.ok ? requestOf(pair, files.value, texts) : files));
  const closures = requests.map((request) => (request.ok ? inputClosure(request.value) : undefined));
  // Links decide what a COPY reaches: where some are in its way, they are read, and the closure is worked out again.
  const needs = closures.flatMap((closure) => closure?.needs ?? []);
  const links = await readFiles(repository, needs, git, signal);
  return alike.flatMap(({ evaluations }, index) => {
    const [request, closure] = [requests[index], closures[index]];
    const inputs =
      request?.ok && closure
        ? withLinks(request.value, closure, links)
        : request?.ok === false
          ? request
          : missing('the inputs were not worked out');
    return evaluations.map((one) => [one, inputs] as const);
  });
}

interface Alike {
  readonly pair: Pair;
  readonly files: Read<BuildFiles>;
  readonly evaluations: readonly Evaluation[];
}

/** Most pairs have the same files at several commits: those are worked out once. */
function groupAlike(
  located: readonly { readonly one: Evaluation; readonly files: Read<BuildFiles> }[],
): Alike[] {
  // The list of a folder that stays the same is the same list.
  const lists = new Map<readonly TreeEntry[], number>();
  const contentOf = (files: Read<BuildFiles>) => {
    if (!files.ok) return files.problem.reason;
    const { entries, dockerfile, ignoreFile } = files.value;
    const list = lists.get(entries) ?? lists.size;
    lists.set(entries, list);
    return `${list} ${dockerfile.oid} ${ignoreFile?.oid ?? ''}`;
  };
  const groups = Map.groupBy(located, ({ one, files }) => `${contentOf(files)} ${pairKey(one.pair)}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first
      ? [{ pair: first.one.pair, files: first.files, evaluations: group.map(({ one }) => one) }]
      : [];
  });
}

interface BuildFiles {
  readonly dockerfile: TreeEntry;
  readonly ignoreFile: TreeEntry | undefined;
  /** Below the context, or of the whole repository. */
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
  return { ok: true, value: { dockerfile, ignoreFile, entries } };
}

function isFile(entry: TreeEntry): boolean {
  return entry.mode.startsWith('100');
}

function requestOf(pair: Pair, files: BuildFiles, texts: FileTexts): Read<ClosureRequest> {
  const { entries, dockerfile, ignoreFile } = files;
  const text = textOf(dockerfile, texts);
  const ignored = ignoreFile && textOf(ignoreFile, texts);
  if (!text.ok) return text;
  if (ignored?.ok === false) return ignored;
  const within = new Set(entries.map(({ path }) => path));
  const outside = [dockerfile, ignoreFile].flatMap((file) => (file && !within.has(file.path) ? file : []));
  const value = {
    entries: [...entries, ...outside],
    context: pair.context,
    dockerfile: text.value,
    ...(ignored && { ignoreFile: ignored.value }),
    ...(pair.inputs && { inputs: pair.inputs }),
    ...(pair.target && { target: pair.target }),
    buildArgs: pair.buildArgs,
    platforms: pair.platforms,
  };
  return { ok: true, value };
}

type FileTexts = ReadonlyMap<Oid, Read<Buffer>>;

function textOf(
  { path, oid }: TreeEntry,
  texts: FileTexts,
): Read<{ readonly path: string; readonly text: string }> {
  const text = texts.get(oid);
  if (text?.ok === false) return missing(`${path} cannot be used: ${text.problem.reason}`);
  return { ok: true, value: { path, text: text?.value.toString('utf8') ?? '' } };
}

function withLinks(request: ClosureRequest, closure: InputClosure, contents: FileTexts): Read<Inputs> {
  if (closure.needs.length === 0) return inputsOf(closure);
  const links = new Map<Oid, string>();
  for (const oid of closure.needs) {
    const content = contents.get(oid);
    if (content?.ok === false) return content;
    if (content) links.set(oid, content.value.toString('utf8'));
  }
  return inputsOf(inputClosure({ ...request, links }));
}

function inputsOf({ entries, paths, reason }: InputClosure): Read<Inputs> {
  return { ok: true, value: { entries, hash: hashOf(entries), paths, ...(reason && { note: reason }) } };
}

function hashOf(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  for (const { mode, oid, path } of entries) hash.update(`${mode} ${oid} ${path}\0`);
  return hash.digest('hex');
}
