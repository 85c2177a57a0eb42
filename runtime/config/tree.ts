import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Position, Problem } from './errors.ts';
import { formatPath, show, type Path } from './words.ts';

/** A text and what it is called in messages. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

export type ScalarValue = string | number | boolean | null;

/** A YAML value that knows where it stands. Aliases share the tree of their anchor. */
export interface Tree {
  readonly at: Position;
  readonly content: ScalarValue | Tree[] | Map<string, Entry>;
  /** A scalar as it is written, where its value lost that: `1.10` is the number 1.1. */
  readonly written?: string;
  /** Nodes in it, aliases expanded. */
  readonly size: number;
  /** Levels below it. */
  readonly depth: number;
}

export interface Entry {
  /** Of the key. */
  readonly at: Position;
  readonly value: Tree;
}

const maxBytes = 1024 * 1024;
/** Control characters but tab and line ends, and what a decoder puts for bytes that are no UTF-8. */
const notText = /(?![\t\n\r\u007F-\u009F])[\p{Cc}\uFFFD-\uFFFF]/u;
const maxDepth = 64;
const tooDeep = `is nested more than ${maxDepth} levels deep`;
/** Far more than a real file has; what a YAML bomb passes at once. */
const maxSize = 200_000;

/**
 * Reads one YAML document. Without a tree the text cannot be used at all; problems beside a tree (duplicate fields,
 * unknown tags) leave the rest readable.
 */
export function readTree(source: Source): { readonly tree?: Tree; readonly problems: readonly Problem[] } {
  const text = source.text.startsWith('\uFEFF') ? source.text.slice(1) : source.text;
  const refused = refusal(source.name, text);
  if (refused !== undefined) return { problems: [refused] };
  const lines = new LineCounter();
  const documents = parse(text, lines);
  const reader = new Reader(source.name, lines);
  const [first, second] = documents;
  for (const { errors, warnings } of documents) reader.reportSyntax([...errors, ...warnings]);
  if (second !== undefined)
    reader.report(
      second.range[0],
      [],
      'a second YAML document begins here, and only one is read',
      'keep one',
    );
  if (reader.problems.length > 0) return { problems: reader.problems };
  const tree = first?.contents ? reader.read(first.contents, []) : undefined;
  if (tree === undefined || tree.content === null) {
    reader.report(0, [], 'holds nothing');
    return { problems: reader.problems };
  }
  if (tree.size > maxSize) return { problems: [bomb(tree.at)] };
  return { ...(!reader.broken && { tree }), problems: reader.problems };
}

/** The plain value that a tree stands for. */
export function plain(tree: Tree): unknown {
  const { content } = tree;
  if (content instanceof Map)
    return Object.fromEntries(Array.from(content, ([key, entry]) => [key, plain(entry.value)]));
  return Array.isArray(content) ? content.map(plain) : content;
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed[] {
  const parsed = parseAllDocuments(text, {
    lineCounter,
    prettyErrors: false,
    // Compared pair by pair, which takes minutes for a large file: the reader below does it with a map.
    uniqueKeys: false,
    stringKeys: true,
    schema: 'core',
    resolveKnownTags: false,
    logLevel: 'silent',
  });
  const documents = [...parsed] as Document.Parsed[];
  // A last `---` or `...` begins a document that holds nothing.
  return documents.filter(
    (one, at) => at === 0 || one.contents?.range[0] !== one.contents?.range[1] || one.errors.length > 0,
  );
}

function refusal(file: string, text: string): Problem | undefined {
  const start = { file, line: 1, column: 1, path: '' };
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes)
    return { ...start, message: 'is larger than 1 MiB', remedy: 'is it the right file?' };
  const bad = notText.exec(text);
  if (bad === null) return undefined;
  const before = text.slice(0, bad.index).split('\n');
  return {
    ...start,
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    message: `holds the character U+${bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}, which no YAML text has`,
    remedy: 'is it the right file, and in UTF-8?',
  };
}

function bomb(at: Position): Problem {
  return {
    ...at,
    path: '',
    message: `its aliases stand for more than ${maxSize} values`,
    remedy: 'write fewer aliases of aliases',
  };
}

/** Turns YAML nodes into a tree; notes what is wrong and goes on. */
class Reader {
  readonly problems: Problem[] = [];
  /** A value is not known, so that nothing can be said about what holds it. */
  broken = false;
  readonly #file: string;
  readonly #lines: LineCounter;
  /** `undefined` while the anchored value is being read: an alias there would contain itself. */
  readonly #anchors = new Map<string, Tree | undefined>();

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  report(offset: number, path: Path, message: string, remedy?: string): void {
    this.problems.push({
      ...this.#position(offset),
      path: formatPath(path),
      message,
      ...(remedy !== undefined && { remedy }),
    });
  }

  /** One for each place: a parser that is off the track finds ever more wrong with it. */
  reportSyntax(errors: readonly YAMLError[]): void {
    const places = new Set(this.problems.map((one) => `${one.line}:${one.column}`));
    for (const { code, message, pos } of errors) {
      const { line, column } = this.#position(pos[0]);
      const place = `${line}:${column}`;
      if (places.has(place)) continue;
      places.add(place);
      this.report(pos[0], [], code === 'RESOURCE_EXHAUSTION' ? tooDeep : sentence(message));
    }
  }

  read(node: Node, path: Path): Tree {
    if (isAlias(node)) return this.#alias(node.source, offsetOf(node), path);
    const anchor = 'anchor' in node ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const tree = this.#read(node, path);
    if (anchor !== undefined) this.#anchors.set(anchor, tree);
    return tree;
  }

  #read(node: Node, path: Path): Tree {
    const at = this.#position(offsetOf(node));
    if (path.length > maxDepth) return this.#tooDeep(offsetOf(node), path);
    if (isMap(node)) return this.#map(node, path, at);
    if (isSeq(node)) {
      const content = node.items.map((item, index) => this.read(item as Node, [...path, index]));
      return branch(at, content, content);
    }
    return isScalar(node) ? this.#scalar(node, path, at) : leaf(at, null);
  }

  #map(node: YAMLMap, path: Path, at: Position): Tree {
    const content = new Map<string, Entry>();
    for (const item of node.items) {
      const key = item.key as Scalar;
      const name = String(key.value);
      const offset = offsetOf(key);
      const earlier = content.get(name);
      const keyAt = this.#position(offset);
      // Read even if it is dropped: it may hold an anchor.
      const value = item.value === null ? leaf(keyAt, null) : this.read(item.value as Node, [...path, name]);
      if (earlier !== undefined)
        this.report(
          offset,
          [...path, name],
          `is given twice, first on line ${earlier.at.line}`,
          'keep one of them',
        );
      else if (name === '<<')
        this.report(offset, path, 'has a merge key (`<<`), which is not read', 'write the fields out');
      else if (name === '__proto__')
        this.report(offset, path, 'has a field `__proto__`, which no field is called');
      else content.set(name, { at: keyAt, value });
    }
    return branch(
      at,
      content,
      Array.from(content.values(), (entry) => entry.value),
    );
  }

  #scalar(node: Scalar, path: Path, at: Position): Tree {
    const { value } = node;
    if (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      typeof value === 'number'
    )
      return { ...leaf(at, value), ...(node.source !== undefined && { written: node.source }) };
    this.report(offsetOf(node), path, `is a ${typeof value}, which is not read`);
    return leaf(at, null);
  }

  #alias(name: string, offset: number, path: Path): Tree {
    const tree = this.#anchors.get(name);
    if (tree !== undefined && path.length + tree.depth <= maxDepth) return tree;
    if (tree !== undefined) return this.#tooDeep(offset, path);
    this.broken = true;
    const message = this.#anchors.has(name)
      ? `the alias *${show(name).slice(1, -1)} stands inside its own anchor`
      : `the alias *${show(name).slice(1, -1)} has no anchor before it`;
    this.report(offset, path, message);
    return leaf(this.#position(offset), null);
  }

  #tooDeep(offset: number, path: Path): Tree {
    this.broken = true;
    this.report(offset, path.slice(0, 3), tooDeep);
    return leaf(this.#position(offset), null);
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    // An offset before the first line is known counts as line 0.
    return { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function leaf(at: Position, content: ScalarValue): Tree {
  return { at, content, size: 1, depth: 0 };
}

function branch(at: Position, content: Tree['content'], children: readonly Tree[]): Tree {
  const sum = children.reduce((total, one) => total + one.size, 1);
  const deepest = children.reduce((most, one) => Math.max(most, one.depth), 0);
  return { at, content, size: sum, depth: deepest + 1 };
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** The parser's message as the middle of a line. */
function sentence(message: string): string {
  return `is no YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
