import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, visit } from 'yaml';
import type { Document, Pair, ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { isPlainString, renderings } from './scalar.ts';
import type { ScalarValue } from './scalar.ts';

/** What may be inserted into a file. */
export type Insertable = ScalarValue | readonly Insertable[] | { readonly [key: string]: Insertable };

export type MapNode = YAMLMap.Parsed;
export type SeqNode = YAMLSeq.Parsed;
export type PairNode = Pair<ParsedNode, ParsedNode | null>;

export function lineStart(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return start === 0 && text.startsWith('\uFEFF') ? 1 : start;
}

/** Where the line break of this line begins, or the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  if (newline === -1) return text.length;
  return newline > offset && text[newline - 1] === '\r' ? newline - 1 : newline;
}

/** The first offset of the next line, or the end of the text. */
export function nextLine(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? text.length : newline + 1;
}

/** The line break in use at this place; a file without any gets `\n`. */
export function lineBreak(text: string, offset: number): string {
  const before = text.lastIndexOf('\n', offset - 1);
  const newline = before === -1 ? text.indexOf('\n') : before;
  return newline > 0 && text[newline - 1] === '\r' ? '\r\n' : '\n';
}

export function column(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** Start and end of a node's own bytes, without properties, comments and what follows. */
export function span(node: ParsedNode): readonly [number, number] {
  return [node.range[0], node.range[1]];
}

/** Where the last byte of a node's content ends, without trailing line break or comment. */
export function contentEnd(text: string, node: ParsedNode): number {
  if (isAlias(node)) return node.range[1];
  if (isScalar(node)) {
    const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    return isBlock && text[node.range[1] - 1] === '\n' ? lineEnd(text, node.range[1] - 1) : node.range[1];
  }
  if (node.flow === true) return node.range[1];
  const last = node.items.at(-1);
  if (last === undefined) return node.range[1];
  return isPair(last) ? pairEnd(text, last) : contentEnd(text, last);
}

export function pairEnd(text: string, pair: PairNode): number {
  return pair.value === null ? pair.key.range[1] : contentEnd(text, pair.value);
}

/** Offset of the `-` before an item of a block sequence. */
export function dashOffset(sequence: SeqNode, index: number): number | undefined {
  const token = sequence.srcToken;
  if (token?.type !== 'block-seq') return undefined;
  return token.items[index]?.start.find((one) => one.type === 'seq-item-ind')?.offset;
}

export interface Habits {
  /** Columns from a key to the keys of the mapping below it. */
  readonly mapping: number;
  /** Columns from a key to the `-` of the sequence below it. */
  readonly sequence: number;
}

/** How this document indents, told by the first mapping and sequence in it; what kustomize writes where there is none. */
export function habits(text: string, document: Document.Parsed): Habits {
  let mapping: number | undefined;
  let sequence: number | undefined;
  visit(document, {
    Pair(_, pair) {
      const { key, value } = pair as PairNode;
      if (!isCollection(value) || value.flow === true) return undefined;
      const distance = column(text, value.range[0]) - column(text, key.range[0]);
      if (isMap(value) && distance > 0) mapping ??= distance;
      if (isSeq(value) && distance >= 0) sequence ??= distance;
      return mapping !== undefined && sequence !== undefined ? visit.BREAK : undefined;
    },
  });
  return { mapping: mapping ?? 2, sequence: sequence ?? 0 };
}

/** Lines of a block mapping or sequence whose first column is `indent`; the first line carries no indentation. */
export function renderBlock(value: Insertable, indent: number, style: Habits): string[] {
  const pad = (lines: readonly string[], by: number, from = 0) =>
    lines.map((line, index) => (index < from ? line : ' '.repeat(by) + line));
  if (isList(value)) {
    return value.flatMap((item) => {
      const [first = '', ...rest] = renderBlock(item, indent + 2, style);
      return [`- ${first}`, ...pad(rest, 2)];
    });
  }
  if (value === null || typeof value !== 'object') return [renderFlow(value, false)];
  const lines = Object.entries(value).flatMap(([key, child]) => {
    const name = renderKey(key, false);
    if (child === null || typeof child !== 'object') return [`${name}: ${renderFlow(child, false)}`];
    if (Object.keys(child).length === 0) return [`${name}: ${renderFlow(child, false)}`];
    const by = isList(child) ? style.sequence : style.mapping;
    return [`${name}:`, ...pad(renderBlock(child, indent + by, style), by)];
  });
  return lines.length === 0 ? ['{}'] : lines;
}

/** One line, as inside `{}`; `json` quotes keys and strings. */
export function renderFlow(value: Insertable, json: boolean, inFlow = false): string {
  if (isList(value)) return `[${value.map((item) => renderFlow(item, json, true)).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const pairs = Object.entries(value).map(
      ([key, child]) => `${renderKey(key, json)}: ${renderFlow(child, json, true)}`,
    );
    return `{${pairs.join(', ')}}`;
  }
  const type = json ? 'QUOTE_DOUBLE' : 'PLAIN';
  return renderings(value, { type, source: '', flow: inFlow, eol: '\n' })[0] ?? '';
}

export function renderKey(key: string, json: boolean): string {
  return !json && isPlainString(key, true) ? key : JSON.stringify(key);
}

export function isList(value: Insertable): value is readonly Insertable[] {
  return Array.isArray(value);
}
