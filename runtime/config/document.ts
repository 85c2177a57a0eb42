import type { core, z } from 'zod';
import { ConfigError, type Position, type Problem } from './errors.ts';
import { noMessage, problemsOf, type Hidden } from './issues.ts';
import { plain, readTree, type Source, type Tree } from './tree.ts';
import { formatPath, notThis, type Path } from './words.ts';

export type { Source } from './tree.ts';

/** What a schema made of a document. */
export interface Reading<T> {
  /** Undefined when nothing could be made of it. */
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Reads a YAML file by a schema.
 * Throws `ConfigError` with every problem: of the YAML if there are any, else of the fields.
 * @param source at most 1 MiB; JSON is YAML too
 */
export function parseDocument<T>(
  source: Source,
  schema: z.ZodType<T>,
): { readonly value: T; readonly locate: (path: Path) => Position } {
  const document = openDocument(source);
  const { value, problems } = document.read(schema);
  if (value === undefined || problems.length > 0) throw new ConfigError(problems);
  return { value, locate: (path) => document.locate(path) };
}

/** Reads the YAML alone. Throws `ConfigError` when there is nothing to go on with. */
export function openDocument(source: Source): Document {
  const { tree, problems } = readTree(source);
  if (tree === undefined) throw new ConfigError(problems);
  if (tree.content instanceof Map) return new Document(tree, problems);
  const message = `must be a mapping of fields to values, ${notThis(plain(tree))}`;
  throw new ConfigError([...problems, { ...tree.at, path: '', message }]);
}

/** A YAML mapping that knows where everything in it stands. */
export class Document {
  readonly tree: Tree;
  /** What is wrong with the YAML, though it can be read. */
  readonly problems: readonly Problem[];

  constructor(tree: Tree, problems: readonly Problem[] = []) {
    this.tree = tree;
    this.problems = problems;
  }

  /** Checks it against a schema; the value is there only when there is no problem. */
  read<T>(schema: z.ZodType<T>, hidden?: Hidden): Reading<T> {
    const result = schema.safeParse(plain(this.tree), { error: noMessage });
    const found = result.success ? [] : problemsOf(result.error.issues, this, schema, hidden);
    return { value: result.data, problems: [...this.problems, ...found] };
  }

  /**
   * Like `read`, but makes a value of what is right, so that checks across fields can go on: unknown fields are left
   * out, and so is, whole, whatever holds a problem `depth` levels down.
   * @param lenient the schema with everything optional that may be left out; entries of lists keep their index
   */
  salvage<T>(schema: z.ZodType, lenient: z.ZodType<T>, depth: number): Reading<T> {
    const { problems } = this.read(schema);
    const rest = plain(this.tree);
    // One round for unknown fields and entries, one for what these leave incomplete.
    for (let round = 0; round < 3; round++) {
      const result = lenient.safeParse(rest);
      if (result.success) return { value: result.data, problems };
      drop(rest, result.error.issues, depth);
    }
    return { value: undefined, problems };
  }

  /** Of the value at the path; of the key of the nearest one around it, when there is none. */
  locate(path: Path): Position {
    let tree = this.tree;
    let key = tree.at;
    for (const part of path) {
      const next = step(tree, part);
      if (next === undefined) return key;
      key = next.key;
      tree = next.tree;
    }
    return tree.content === null ? key : tree.at;
  }

  valueAt(path: Path): unknown {
    const tree = this.#at(path);
    return tree === undefined ? undefined : plain(tree);
  }

  /** Names of the fields of a mapping as written: a JavaScript object puts those that are numbers first. */
  fieldsAt(path: Path): string[] {
    const content = this.#at(path)?.content;
    return content instanceof Map ? [...content.keys()] : [];
  }

  /** A scalar as it is written, before YAML made a number of it. */
  writtenAt(path: Path): string | undefined {
    return this.#at(path)?.written;
  }

  problem(path: Path, message: string, remedy?: string): Problem {
    return { ...this.locate(path), path: formatPath(path), message, ...(remedy !== undefined && { remedy }) };
  }

  /** A problem of a field's name. */
  problemAtKey(path: Path, key: string, message: string, remedy?: string): Problem {
    const tree = this.#at(path);
    const at = tree === undefined ? undefined : step(tree, key)?.key;
    return { ...this.problem(path, message, remedy), ...at };
  }

  #at(path: Path): Tree | undefined {
    return path.reduce<Tree | undefined>((tree, part) => tree && step(tree, part)?.tree, this.tree);
  }
}

function step(tree: Tree, part: PropertyKey): { readonly tree: Tree; readonly key: Position } | undefined {
  const { content } = tree;
  if (content instanceof Map) {
    const entry = content.get(String(part));
    return entry && { tree: entry.value, key: entry.at };
  }
  const item = Array.isArray(content) && typeof part === 'number' ? content[part] : undefined;
  return item && { tree: item, key: item.at };
}

/** Leaves out what the issues are about; a hole stays in a list, so that the other entries keep their index. */
function drop(value: unknown, issues: readonly core.$ZodIssue[], depth: number): void {
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(value, [...issue.path, key]);
    else remove(value, issue.path.slice(0, depth));
  }
}

function remove(value: unknown, path: Path): void {
  const parent = path.slice(0, -1).reduce<unknown>((one, part) => member(one, part), value);
  const last = path.at(-1);
  if (typeof parent === 'object' && parent !== null && last !== undefined)
    Reflect.deleteProperty(parent, last);
}

function member(value: unknown, part: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
}
