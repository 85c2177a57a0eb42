import { isCollection, isMap, isScalar, isSeq } from 'yaml';
import type { ParsedNode } from 'yaml';
import * as layout from './layout.ts';
import type { Insertable, MapNode, PairNode } from './layout.ts';
import { proven } from './proof.ts';
import type { Splice, Wanted } from './proof.ts';
import { renderings } from './scalar.ts';
import type { ScalarValue } from './scalar.ts';
import { editableTrail, isInFlow } from './trail.ts';
import type { Trail } from './trail.ts';
import { keyText, renderPath } from './yaml-text.ts';
import type { Address, YamlText } from './yaml-text.ts';

// Every edit gives a new text in which only the bytes that must change have changed. It is read back and compared
// with what was wanted; `ManifestError` is thrown where an edit cannot be proven.

/**
 * Replaces the scalar at this address, or inserts the missing last keys into the mapping above it.
 * @param options.after key behind which a missing one is inserted @default the last one
 */
export function setValue(
  yaml: YamlText,
  at: Address,
  value: Insertable,
  options: { after?: string } = {},
): YamlText {
  const trail = editableTrail(yaml, at);
  if (trail.missing.length > 0) return insertKey(yaml, at, trail, value, options.after);
  const node = trail.end;
  if (node === undefined || (isEmpty(node) && isNested(value))) return fillEmpty(yaml, trail, value, at);
  if (isScalar(node) && !isNested(value)) return replaceScalar(yaml, at, trail, value);
  const what = isMap(node) ? 'a mapping' : isSeq(node) ? 'a list' : 'a scalar';
  throw yaml.error(`is ${what}, which cannot be replaced as a whole`, {
    at,
    remedy: 'name the value inside it that is to change',
  });
}

/** Adds an item at the end of the list at this address, which is made when it is missing or empty. */
export function appendItem(yaml: YamlText, at: Address, item: Insertable): YamlText {
  const trail = editableTrail(yaml, at);
  const list = trail.end;
  if (trail.missing.length > 0 || list === undefined || isEmpty(list)) return setValue(yaml, at, [item]);
  if (!isSeq(list)) throw yaml.error('is not a list', { at });
  const index = list.items.length;
  const last = list.items[index - 1];
  const end = last === undefined ? list.range[1] : layout.contentEnd(yaml.text, last);
  const dash = layout.dashOffset(list, index - 1);
  const indent = layout.column(yaml.text, dash ?? 0);
  const splice: Splice =
    dash === undefined
      ? { start: end, end, text: `, ${layout.renderFlow(item, usesJson(last), true)}` }
      : newLines(yaml, end, layout.renderBlock([item], indent, habits(yaml, at)), indent);
  return proven(yaml, [splice], {
    document: at.document,
    keys: [...trail.keys, index],
    value: item,
    change: { path: renderPath([...at.steps, index]), before: undefined, after: item },
  });
}

/** Removes a key of a mapping with its line. A missing key is no error. */
export function removeKey(yaml: YamlText, at: Address): YamlText {
  const { nodes, keys, pair, missing } = editableTrail(yaml, at);
  if (missing.length > 0) return yaml;
  const map = nodes.findLast(
    (node) => isMap(node) && pair !== undefined && node.items.includes(pair as never),
  );
  if (pair === undefined || !isMap(map)) throw yaml.error('is no key of a mapping', { at });
  if (map.items.length === 1) {
    throw yaml.error('is the only key of its mapping', { at, remedy: 'remove the mapping itself by hand' });
  }
  const splice = map.flow === true ? cutFromFlow(yaml.text, map, pair) : cutFromBlock(yaml.text, pair);
  const change = { path: renderPath(at.steps), before: yaml.value(at), after: undefined };
  return proven(yaml, [splice], { document: at.document, keys, value: undefined, change });
}

function replaceScalar(yaml: YamlText, at: Address, trail: Trail, value: ScalarValue): YamlText {
  const node = trail.end;
  if (!isScalar(node) || node.value === value) return yaml;
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw yaml.error('the new value is not valid Unicode', { at });
  }
  const [start, end] = [node.range[0], node.range[1]];
  const style = {
    type: node.type,
    source: yaml.text.slice(start, end),
    flow: isInFlow(trail.nodes),
    eol: layout.lineBreak(yaml.text, end),
  };
  const splices = renderings(value, style).map((text) => spaced(yaml.text, start, end, text));
  const change = { path: renderPath(at.steps), before: node.value, after: value };
  return proven(yaml, splices, { document: at.document, keys: trail.keys, value, change });
}

function insertKey(
  yaml: YamlText,
  at: Address,
  trail: Trail,
  value: Insertable,
  after: string | undefined,
): YamlText {
  const [key, ...deeper] = trail.missing;
  if (typeof key !== 'string' || deeper.some((step) => typeof step !== 'string')) {
    throw yaml.error('there is no such item', { at, remedy: 'name an item that exists' });
  }
  const nested = deeper.reduceRight<Insertable>((inner, step) => ({ [step]: inner }), value);
  const map = trail.end;
  if (map === undefined || isEmpty(map)) {
    return fillEmpty(yaml, trail, { [key]: nested }, at, value);
  }
  if (!isMap(map)) {
    throw yaml.error(`there is no key \`${key}\`: ${isSeq(map) ? 'a list' : 'a scalar'} stands above it`, {
      at,
    });
  }
  const previous = map.items.find((pair) => keyText(pair) === after) ?? map.items.at(-1);
  if (previous === undefined) throw yaml.error('cannot be inserted here', { at });
  const splice =
    map.flow === true
      ? flowPair(yaml.text, previous, key, nested)
      : blockPair(yaml, previous, { [key]: nested }, habits(yaml, at));
  const change = { path: renderPath(at.steps), before: undefined, after: value };
  return proven(yaml, [splice], { document: at.document, keys: [...trail.keys, key], value: nested, change });
}

/** Puts a value where `key:`, `key: null`, `key: []` or `key: {}` stands; on the same line where no key stands before it. */
function fillEmpty(
  yaml: YamlText,
  trail: Trail,
  value: Insertable,
  at: Address,
  after: Insertable = value,
): YamlText {
  const { pair, keys } = trail;
  const node = trail.end;
  if (node === undefined) {
    throw yaml.error('there is no mapping to insert into', { at, remedy: 'add the mapping by hand first' });
  }
  const change = { path: renderPath(at.steps), before: undefined, after };
  const wanted: Wanted = { document: at.document, keys, value, change };
  const [start, end] = [node.range[0], node.range[1]];
  const inFlow = isInFlow(trail.nodes.filter((one) => one !== node));
  if (pair === undefined || inFlow || !isNested(value)) {
    const text = layout.renderFlow(value, usesJson(node), inFlow);
    return proven(yaml, [spaced(yaml.text, start, end, text)], wanted);
  }
  const style = habits(yaml, at);
  const indent =
    layout.column(yaml.text, pair.key.range[0]) + (layout.isList(value) ? style.sequence : style.mapping);
  const below = newLines(yaml, end, layout.renderBlock(value, indent, style), indent);
  const comment = yaml.text.slice(end, below.start).trim();
  const from = comment === '' ? yaml.text.slice(0, start).trimEnd().length : start;
  return proven(yaml, [{ start: from, end: below.end, text: comment + below.text }], wanted);
}

function flowPair(text: string, previous: PairNode, key: string, value: Insertable): Splice {
  const end = layout.pairEnd(text, previous);
  const json = isScalar(previous.key) && previous.key.type === 'QUOTE_DOUBLE';
  return {
    start: end,
    end,
    text: `, ${layout.renderKey(key, json)}: ${layout.renderFlow(value, json, true)}`,
  };
}

function blockPair(yaml: YamlText, previous: PairNode, value: Insertable, style: layout.Habits): Splice {
  const indent = layout.column(yaml.text, previous.key.range[0]);
  const end = layout.pairEnd(yaml.text, previous);
  return newLines(yaml, end, layout.renderBlock(value, indent, style), indent);
}

/** New lines below the one that holds `offset`; a file without a final line break stays without. */
function newLines(yaml: YamlText, offset: number, lines: readonly string[], indent: number): Splice {
  const end = layout.lineEnd(yaml.text, offset);
  const eol = layout.lineBreak(yaml.text, end);
  return { start: end, end, text: lines.map((line) => eol + ' '.repeat(indent) + line).join('') };
}

function cutFromFlow(text: string, map: MapNode, pair: PairNode): Splice {
  const index = map.items.indexOf(pair);
  const next = map.items[index + 1];
  const start = pair.key.range[0];
  if (next !== undefined) return { start, end: next.key.range[0], text: '' };
  const previous = map.items[index - 1];
  const from = previous === undefined ? start : layout.pairEnd(text, previous);
  return { start: from, end: layout.pairEnd(text, pair), text: '' };
}

function cutFromBlock(text: string, pair: PairNode): Splice {
  const key = pair.key.range[0];
  const start = layout.lineStart(text, key);
  const next = layout.nextLine(text, layout.pairEnd(text, pair));
  if (text.slice(start, key).trim() !== '') {
    // `- key: value`: the dash stays and takes what follows.
    return { start: key, end: next + (/^\s*/.exec(text.slice(next))?.[0].length ?? 0), text: '' };
  }
  const isLast = next === text.length && !text.endsWith('\n');
  return {
    start: isLast ? layout.lineEnd(text, layout.lineStart(text, start - 1)) : start,
    end: next,
    text: '',
  };
}

/** A value in place of an empty one needs a blank on either side. */
function spaced(text: string, start: number, end: number, value: string): Splice {
  const before = start === end && /\S/.test(text[start - 1] ?? ' ') ? ' ' : '';
  const after = start === end && text[end] === '#' ? ' ' : '';
  return { start, end, text: before + value + after };
}

function habits(yaml: YamlText, at: Address): layout.Habits {
  const document = yaml.documents[at.document];
  return document === undefined ? { mapping: 2, sequence: 0 } : layout.habits(yaml.text, document);
}

function isEmpty(node: ParsedNode): boolean {
  return isScalar(node) ? node.value === null : isCollection(node) && node.items.length === 0;
}

function isNested(value: Insertable): value is Exclude<Insertable, ScalarValue> {
  return value !== null && typeof value === 'object';
}

function usesJson(node: ParsedNode | undefined): boolean {
  if (isScalar(node)) return node.type === 'QUOTE_DOUBLE';
  const key = isMap(node) ? node.items[0]?.key : undefined;
  return isScalar(key) && key.type === 'QUOTE_DOUBLE';
}
