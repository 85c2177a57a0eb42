import type { Oid, TreeEntry } from '../ports/index.ts';
import { widePattern } from './docker-glob.ts';
import { readDockerfile } from './dockerfile.ts';
import type { ContextSource, ImageUse } from './dockerfile.ts';
import { ignoreMatcher, parseDockerignore } from './dockerignore.ts';
import type { IgnoreRule } from './dockerignore.ts';
import { ignorePathspecs, intersectExceptions } from './ignored-paths.ts';
import { followLinks } from './links.ts';
import { includePathspecs, inputPathspecs, isExclude, pathspecMatcher } from './pathspec.ts';
import { contains, literalPattern, withoutOpenEnd } from './tree-pattern.ts';
import type { TreePattern } from './tree-pattern.ts';

export interface ClosureRequest {
  /**
   * Every file below the context, the Dockerfile and its ignore file; with `inputs` globs every file of the repository.
   * More does no harm.
   */
  readonly entries: readonly TreeEntry[];
  /** Folder that becomes the build context, '' for the root of the repository. */
  readonly context: string;
  /** `path` from the root of the repository. */
  readonly dockerfile: { readonly path: string; readonly text: string };
  /** The first of `ignoreFileCandidates` that exists. */
  readonly ignoreFile?: { readonly path: string; readonly text: string };
  /** What a person says instead: paths and globs from the root of the repository, `!` takes away; or the whole context. */
  readonly inputs?: 'context' | readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platforms?: readonly string[];
  /** Content of symbolic links, by blob: see `needs`. */
  readonly links?: ReadonlyMap<Oid, string>;
  /** `ONBUILD` triggers of images of our own, by normalized name. */
  readonly triggers?: ReadonlyMap<string, readonly string[]>;
}

/** What decides an image: no other file of the repository can change it. */
export interface InputClosure {
  /** Sorted by path: exactly what `paths` select. */
  readonly entries: readonly TreeEntry[];
  /** Git pathspecs from the root of the repository: `git log -n1 <head> -- <paths>` names the last change. */
  readonly paths: readonly string[];
  /** What it was found by. */
  readonly basis: 'dockerfile' | 'globs' | 'context';
  /** Why it is the whole context, when nobody asked for that. */
  readonly reason?: string;
  /** Paths that the Dockerfile copies and the context does not have: the build will fail. */
  readonly missing: readonly string[];
  /** Links to read: given their content in `links`, the closure may become smaller. */
  readonly needs: readonly Oid[];
  /** Images that the Dockerfile names, as far as it was read. */
  readonly external: readonly ImageUse[];
}

/** Where builders look for the ignore file; the first that exists wins. */
export function ignoreFileCandidates(dockerfile: string, context: string): readonly [string, string] {
  return [`${dockerfile}.dockerignore`, join(context, '.dockerignore')];
}

/** The input closure. Throws an `Error` for a glob of `inputs` that cannot be read, and for nothing else. */
export function inputClosure(request: ClosureRequest): InputClosure {
  if (request.inputs === 'context') return wholeContext(request);
  if (request.inputs !== undefined) return chosen(request, request.inputs);
  const readings = (request.platforms?.length ? request.platforms : [undefined]).map((platform) =>
    readDockerfile(request.dockerfile.text, { ...request, platform }),
  );
  const external = uniqueBy(
    readings.flatMap((reading) => reading.external),
    (use) => `${use.line} ${use.reference}`,
  );
  const sources: ContextSource[] = [];
  for (const reading of readings) {
    if (!reading.provable)
      return wholeContext(request, `${request.dockerfile.path}: ${reading.reason}`, { external });
    sources.push(...reading.sources);
  }
  return proven(request, sources, external);
}

function wholeContext(
  request: ClosureRequest,
  reason?: string,
  more: { readonly external?: readonly ImageUse[]; readonly needs?: readonly Oid[] } = {},
): InputClosure {
  const paths = includes(request, [literalPattern(request.context)]);
  return {
    ...select(request, paths),
    basis: 'context',
    ...(reason !== undefined && { reason }),
    missing: [],
    needs: more.needs ?? [],
    external: more.external ?? [],
  };
}

function chosen(request: ClosureRequest, inputs: readonly string[]): InputClosure {
  const pathspecs = inputPathspecs(inputs);
  const keepsDockerfile = (pathspec: string) => pathspecMatcher(['.', pathspec])(request.dockerfile.path);
  const paths = unique([
    ...includePathspecs(literalPattern(request.dockerfile.path)),
    ...pathspecs.filter((pathspec) => !isExclude(pathspec)),
    ...pathspecs.filter((pathspec) => isExclude(pathspec) && keepsDockerfile(pathspec)),
  ]);
  return { ...select(request, paths), basis: 'globs', missing: [], needs: [], external: [] };
}

function proven(
  request: ClosureRequest,
  sources: readonly ContextSource[],
  external: readonly ImageUse[],
): InputClosure {
  const ignore = parseDockerignore(request.ignoreFile?.text ?? '');
  if (ignore.problem !== undefined)
    return wholeContext(request, `${request.ignoreFile?.path ?? ''}: ${ignore.problem}`, { external });
  const linked = [request.dockerfile.path, request.ignoreFile?.path].find((path) =>
    request.entries.some((entry) => entry.path === path && entry.mode === '120000'),
  );
  if (linked !== undefined) return wholeContext(request, `${linked} is a symbolic link`, { external });
  const found = locate(request, sources, ignore.rules);
  if (found.problem !== undefined)
    return wholeContext(request, `${request.dockerfile.path}: ${found.problem}`, {
      external,
      needs: found.needs,
    });
  const paths = closurePaths(request, found.patterns, ignore.rules);
  return { ...select(request, paths), basis: 'dockerfile', missing: found.missing, needs: [], external };
}

type Located =
  | {
      readonly patterns: readonly TreePattern[];
      readonly missing: readonly string[];
      readonly problem?: undefined;
    }
  | { readonly problem: string; readonly needs: readonly Oid[] };

/** Where in the context the sources are. All links to read are asked for at once. */
function locate(
  request: ClosureRequest,
  sources: readonly ContextSource[],
  rules: readonly IgnoreRule[],
): Located {
  const files = inContext(request);
  const isIgnored = ignoreMatcher(rules);
  const patterns: TreePattern[] = [];
  const missing: string[] = [];
  const problems: { readonly problem: string; readonly needs: readonly Oid[] }[] = [];
  for (const { path, wildcards, line } of uniqueBy(
    sources,
    (source) => `${source.wildcards} ${source.path}`,
  )) {
    const pattern = wildcards ? widePattern(path) : literalPattern(path);
    const followed = followLinks(pattern, files, request.links ?? new Map());
    if (followed.problem !== undefined) {
      problems.push({ problem: `line ${line}: ${followed.problem}`, needs: followed.needs });
      continue;
    }
    patterns.push(...followed.patterns);
    if (!wildcards && !exists(followed.patterns.at(-1) ?? [], files, isIgnored))
      missing.push(join(request.context, path));
  }
  const [first] = problems;
  if (first === undefined) return { patterns, missing };
  return { problem: first.problem, needs: unique(problems.flatMap(({ needs }) => needs)) };
}

function closurePaths(
  request: ClosureRequest,
  sources: readonly TreePattern[],
  rules: readonly IgnoreRule[],
): string[] {
  const root = literalPattern(request.context);
  const reachable = intersectExceptions(sources, rules);
  const kept = [
    request.dockerfile.path,
    ...(request.ignoreFile === undefined ? [] : [request.ignoreFile.path]),
  ];
  return [
    ...includes(
      request,
      reachable.map((pattern) => [...root, ...pattern]),
    ),
    ...ignorePathspecs({ rules, root, sources: reachable, kept }),
  ];
}

/** The Dockerfile, its ignore file and these, none of them twice. */
function includes(request: ClosureRequest, patterns: readonly TreePattern[]): string[] {
  const all = [
    literalPattern(request.dockerfile.path),
    ...(request.ignoreFile === undefined ? [] : [literalPattern(request.ignoreFile.path)]),
    ...patterns.map(withoutOpenEnd),
  ];
  const widest = all.filter(
    (pattern) => !all.some((other) => other.length < pattern.length && contains(other, pattern)),
  );
  return unique(widest.flatMap(includePathspecs));
}

function select(request: ClosureRequest, paths: readonly string[]): Pick<InputClosure, 'entries' | 'paths'> {
  const selects = pathspecMatcher(paths);
  const entries = uniqueBy(request.entries, (entry) => entry.path)
    .filter((entry) => selects(entry.path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return { entries, paths };
}

/** The files of the context, with paths from its root. */
function inContext({ entries, context }: ClosureRequest): TreeEntry[] {
  const prefix = context === '' ? '' : `${context}/`;
  return entries
    .filter((entry) => entry.path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
}

function exists(
  pattern: TreePattern,
  files: readonly TreeEntry[],
  isIgnored: (path: string) => boolean,
): boolean {
  const path = pattern.map((segment) => segment.text).join('/');
  const below = path === '' ? '' : `${path}/`;
  return files.some((file) => (file.path === path || file.path.startsWith(below)) && !isIgnored(file.path));
}

function join(directory: string, path: string): string {
  return [directory, path].filter((part) => part !== '').join('/');
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function uniqueBy<T>(values: readonly T[], key: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [key(value), value])).values()];
}
