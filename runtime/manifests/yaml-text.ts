import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, Node, ParsedNode } from 'yaml';
import { ManifestError } from './errors.ts';
import type { Place } from './errors.ts';
import type { PairNode } from './layout.ts';

/** Key of a mapping, or index in a sequence. */
export type Step = string | number;

export interface Address {
  /** Index of the document in the file. */
  readonly document: number;
  readonly steps: readonly Step[];
}

/** One value that an edit changed. */
export interface Change {
  /** `images[0].newTag` */
  readonly path: string;
  /** Undefined: was not there. */
  readonly before: unknown;
  /** Undefined: is gone. */
  readonly after: unknown;
  /** Line in the new text (in the old one for what is gone), counted from 1. */
  readonly line: number;
}

export interface EditResult {
  readonly text: string;
  /** Empty when the text already says so; the text is then the very same. */
  readonly changes: readonly Change[];
}

interface Child {
  readonly key: unknown;
  readonly node: ParsedNode | null;
  /** When the parent is a mapping. */
  readonly pair: PairNode | undefined;
}

/** Alias uses times what they expand to: real manifests stay far below, YAML bombs far above. */
const ALIAS_LIMIT = 1000;

/** A YAML file with its text, read once. Syntax errors and YAML bombs throw `ManifestError`, duplicate keys when they are met. */
export class YamlText implements EditResult {
  readonly text: string;
  readonly file: string;
  readonly documents: readonly Document.Parsed[];
  readonly changes: readonly Change[];
  /** One plain value per document, mappings as `Map`. */
  readonly values: readonly unknown[];
  readonly #lines: LineCounter;

  /**
   * @param file named in errors
   * @param changes what was edited on the way to this text
   */
  constructor(text: string, file: string, changes: readonly Change[] = []) {
    this.text = text;
    this.file = file;
    this.changes = changes;
    this.#lines = new LineCounter();
    this.documents = this.#parse();
    this.values = this.documents.map((document) => this.#plainValue(document));
  }

  error(why: string, options: { at?: Address; offset?: number; remedy?: string } = {}): ManifestError {
    const offset = options.offset ?? (options.at === undefined ? undefined : this.#offsetOf(options.at));
    return new ManifestError(this.file, why, {
      ...(offset === undefined ? {} : { place: this.place(offset) }),
      ...(options.at === undefined ? {} : { path: renderPath(options.at.steps) }),
      ...(options.remedy === undefined ? {} : { remedy: options.remedy }),
    });
  }

  place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** The node at this address with aliases followed; undefined when there is none. */
  node(at: Address): ParsedNode | undefined {
    let node = this.#follow(at.document, this.documents[at.document]?.contents);
    for (const step of at.steps) {
      const child = node === undefined ? undefined : this.child(node, step)?.node;
      if (child === undefined) return undefined;
      node = this.#follow(at.document, child);
    }
    return node ?? undefined;
  }

  /** The child under a key or index, with the key as YAML has it (`8080` may be a number). */
  child(node: ParsedNode, step: Step): Child | undefined {
    if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step];
      return item === undefined ? undefined : { key: step, node: item, pair: undefined };
    }
    if (!isMap(node)) return undefined;
    const [pair, second] = node.items.filter((one) => keyText(one) === String(step));
    if (pair === undefined) return undefined;
    if (second !== undefined) {
      throw this.error(`the key \`${step}\` is given twice in this mapping`, {
        offset: second.key.range[0],
        remedy: 'remove one of the two',
      });
    }
    return { key: isScalar(pair.key) ? pair.key.value : pair.key, node: pair.value, pair };
  }

  /** The plain value at this address; mappings as objects. Undefined when there is none. */
  value(at: Address): unknown {
    const document = this.documents[at.document];
    const node = this.node(at);
    return document === undefined || node === undefined
      ? undefined
      : (node.toJS(document, { maxAliasCount: ALIAS_LIMIT }) as unknown);
  }

  /** The scalar as a person wrote it, without quotes: `1.10` stays `1.10`. Undefined for null and collections. */
  scalarText(at: Address): string | undefined {
    const node = this.node(at);
    if (!isScalar(node) || node.value === null) return undefined;
    return typeof node.value === 'string' ? node.value : node.source;
  }

  line(at: Address): number {
    return this.place(this.#offsetOf(at) ?? 0).line;
  }

  /** Keys of the mapping at this address, as text, in order. */
  keys(at: Address): string[] {
    const node = this.node(at);
    return isMap(node) ? node.items.map((pair) => keyText(pair)) : [];
  }

  /** Number of items of the sequence at this address; undefined when it is none. */
  length(at: Address): number | undefined {
    const node = this.node(at);
    return isSeq(node) ? node.items.length : undefined;
  }

  #parse(): readonly Document.Parsed[] {
    let documents: readonly Document.Parsed[];
    try {
      const parsed = parseAllDocuments(this.text, {
        keepSourceTokens: true,
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: 'silent',
        // Kustomize bears them, and real files have them; only what is read or edited must be given once.
        uniqueKeys: false,
      });
      documents = 'empty' in parsed ? [] : parsed;
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new ManifestError(this.file, 'is nested too deeply to be read', { cause });
    }
    const error = documents.flatMap((document) => document.errors)[0];
    if (error === undefined) return documents;
    throw this.error(`not valid YAML: ${error.message}`, {
      offset: error.pos[0],
      remedy: 'correct the syntax there',
    });
  }

  #plainValue(document: Document.Parsed): unknown {
    try {
      return document.toJS({ mapAsMap: true, maxAliasCount: ALIAS_LIMIT }) as unknown;
    } catch (cause) {
      if (cause instanceof RangeError) {
        throw new ManifestError(this.file, 'is nested too deeply to be read', { cause });
      }
      if (!(cause instanceof ReferenceError)) throw cause;
      throw new ManifestError(this.file, 'its aliases expand to too much (a YAML bomb)', {
        place: this.place(document.range[0]),
        remedy: 'write the repeated parts out, or split the file',
        cause,
      });
    }
  }

  #follow(index: number, node: Node | null | undefined): ParsedNode | undefined {
    const document = this.documents[index];
    let current = node;
    while (isAlias(current) && document !== undefined) current = current.resolve(document);
    return (current ?? undefined) as ParsedNode | undefined;
  }

  #offsetOf(at: Address): number | undefined {
    for (let depth = at.steps.length; depth >= 0; depth--) {
      const node = this.node({ document: at.document, steps: at.steps.slice(0, depth) });
      if (node !== undefined) return node.range[0];
    }
    return undefined;
  }
}

/** `spec.containers[0].env`, keys that need it in quotes. */
export function renderPath(steps: readonly Step[]): string {
  return steps
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[\w$/-][\w$/-]*$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

export function keyText(pair: PairNode): string {
  return isScalar(pair.key) ? String(pair.key.value) : pair.key.toString();
}
