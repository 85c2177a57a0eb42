import type { z } from 'zod';
import type { Problem } from './errors.ts';
import { simplify, suggest } from './nearest.ts';
import { knownFields, schemasAt, type Schema } from './schema.ts';
import { plain, readTree, type Entry, type Tree } from './tree.ts';
import { escapeControls, type Path } from './words.ts';

const prefix = 'SLIPWAY_';

/** Variables that are ours and no settings: where the settings and the desired state are. */
const ours: ReadonlySet<string> = new Set(['SLIPWAY_CONFIG', 'SLIPWAY_SETTINGS']);

/** Where the tests find real repositories; and what Kubernetes sets for a Service that is called slipway. */
const foreign = [
  /^SLIPWAY_KUBEFLOW$/u,
  /^SLIPWAY_(?:\w+_)?SERVICE_(?:HOST|PORT)(?:_\w+)?$/u,
  /^SLIPWAY_(?:\w+_)?PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/u,
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Sets `SLIPWAY_BUILDER__CONCURRENCY=2` at `builder.concurrency`: two underscores between levels, names compared
 * without case, `_`, `-` and `.`. The value is a YAML scalar, or a mapping or list in flow style that replaces the
 * whole field. An empty variable is as good as none.
 */
export function override(
  tree: Tree,
  schema: z.ZodType,
  environment: Environment,
): { readonly tree: Tree; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  let overridden = tree;
  const unknown: { name: string; problem: Problem }[] = [];
  for (const [name, text] of Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (text === undefined || text.trim() === '' || !isSetting(name)) continue;
    const found = resolve(name, schema, overridden);
    if ('problem' in found) {
      unknown.push({ name, problem: found.problem });
      continue;
    }
    const value = readValue(name, text, schemasAt(schema, found.path));
    problems.push(...value.problems);
    if (value.tree !== undefined) overridden = put(overridden, found.path, value.tree);
  }
  const secrets = secretVariables(plain(overridden));
  problems.push(...unknown.filter((one) => !secrets.has(one.name)).map((one) => one.problem));
  return { tree: overridden, problems };
}

function isSetting(name: string): boolean {
  return name.startsWith(prefix) && !ours.has(name) && !foreign.some((pattern) => pattern.test(name));
}

function resolve(name: string, schema: Schema, tree: Tree): { path: string[] } | { problem: Problem } {
  const path: string[] = [];
  for (const part of name.slice(prefix.length).split('__')) {
    const fields = knownFields(schemasAt(schema, path));
    const names = fields.length > 0 ? fields : keysAt(tree, path);
    const match = names.find((one) => key(one) === key(part));
    if (match === undefined) return { problem: unknownSetting(name, path, part, names, fields.length > 0) };
    path.push(match);
  }
  return { path };
}

function unknownSetting(
  variable: string,
  path: readonly string[],
  part: string,
  names: readonly string[],
  fixed: boolean,
): Problem {
  const variableOf = (one: string): string =>
    prefix +
    [...path, one].map((each) => each.replace(/(?<=[a-z0-9])(?=[A-Z])/gu, '_').toUpperCase()).join('__');
  const message = fixed
    ? 'is no setting'
    : `names ${escapeControls(part)}, which the settings file does not have under ${path.join('.') || 'the root'}`;
  const remedy = fixed
    ? suggest(prefix + [...path, part].join('__'), names.map(variableOf))
    : `add it there, or set ${prefix}${path.join('__').toUpperCase()} to a whole mapping`;
  return { file: variable, line: 1, column: 1, path: '', message, ...(remedy !== undefined && { remedy }) };
}

/** `GITHUB_COM` stands for `github.com`: few shells allow a dot in a name. */
function key(name: string): string {
  return simplify(name).replaceAll('.', '');
}

function keysAt(tree: Tree, path: Path): string[] {
  const end = path.reduce<Tree | undefined>(
    (one, part) => (one?.content instanceof Map ? one.content.get(String(part))?.value : undefined),
    tree,
  );
  return end?.content instanceof Map ? [...end.content.keys()] : [];
}

/** Where text is wanted, `123` and `true` are text: nobody quotes twice for a shell. */
function readValue(name: string, text: string, schemas: readonly Schema[]): ReturnType<typeof readTree> {
  const value = readTree({ name, text });
  const isText = schemas.length > 0 && schemas.every((one) => (one as z.ZodType).type === 'string');
  if (!isText || value.tree === undefined || typeof value.tree.content === 'object') return value;
  if (typeof value.tree.content === 'string') return value;
  return { ...value, tree: { ...value.tree, content: text.trim() } };
}

/** A copy of the tree with the value at the path; what is on the way and no mapping is replaced. */
function put(tree: Tree, path: readonly string[], value: Tree): Tree {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const content = new Map<string, Entry>(tree.content instanceof Map ? tree.content : []);
  const inner = content.get(first)?.value ?? { at: value.at, content: null, size: 1, depth: 0 };
  content.set(first, { at: value.at, value: put(inner, rest, value) });
  return { ...tree, content };
}

/** Variables that a secret reference names may begin with our prefix too. */
function secretVariables(value: unknown): Set<string> {
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(
    Object.entries(value).flatMap(([field, inner]) =>
      field === 'env' && typeof inner === 'string' ? [inner] : [...secretVariables(inner)],
    ),
  );
}
