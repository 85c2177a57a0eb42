import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Document, isCollection, isScalar, parseAllDocuments, parseDocument, visit } from 'yaml';
import { ManifestError } from '../../../runtime/manifests/errors.ts';
import { appendItem, removeKey, setValue } from '../../../runtime/manifests/yaml-edit.ts';
import { YamlText } from '../../../runtime/manifests/yaml-text.ts';
import type { Address, Step } from '../../../runtime/manifests/yaml-text.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const word = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
  fc.constantFrom(
    'on',
    '1.10',
    '0123',
    '1e5',
    'null',
    '',
    ' x ',
    'a: b',
    'a #b',
    '- x',
    "it's",
    '"q"',
    'a\nb\n',
    '  a\n',
    'é\u2028',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed()),
);
const key = fc.oneof(
  fc.stringMatching(/^[a-z][\w./-]{0,8}$/),
  fc.constantFrom('on', '8080', 'a b', 'a: b', ''),
);
const scalar = fc.oneof(word, fc.integer({ min: -1000, max: 1000 }), fc.boolean(), fc.constant(null));
const { mapping } = fc.letrec<{ mapping: { [key: string]: Json }; value: Json }>((tie) => ({
  mapping: fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('mapping'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

interface Layout {
  readonly indent: number;
  readonly indentSeq: boolean;
  readonly quote: 'PLAIN' | 'QUOTE_SINGLE' | 'QUOTE_DOUBLE';
  readonly block: boolean;
  readonly flowEvery: number;
  readonly commentEvery: number;
  readonly crlf: boolean;
  readonly bom: boolean;
  readonly finalBreak: boolean;
}

const layout: fc.Arbitrary<Layout> = fc.record({
  indent: fc.constantFrom(2, 4),
  indentSeq: fc.boolean(),
  quote: fc.constantFrom('PLAIN' as const, 'QUOTE_SINGLE' as const, 'QUOTE_DOUBLE' as const),
  block: fc.boolean(),
  flowEvery: fc.integer({ min: 2, max: 12 }),
  commentEvery: fc.integer({ min: 2, max: 6 }),
  crlf: fc.boolean(),
  bom: fc.boolean(),
  finalBreak: fc.boolean(),
});

/** Writes values as people do: in one style or another, with comments here and there. */
function write(values: readonly Json[], style: Layout): string {
  let count = 0;
  const texts = values.map((value) => {
    const document = new Document(value);
    visit(document, (_, node) => {
      count += 1;
      if (isScalar(node) && count % style.commentEvery === 0) node.comment = ` remark ${count}`;
      if (isCollection(node) && count % style.flowEvery === 0) node.flow = true;
    });
    return document.toString({
      indent: style.indent,
      indentSeq: style.indentSeq,
      defaultStringType: style.quote,
      blockQuote: style.block,
      lineWidth: 0,
    });
  });
  const joined = texts.join('---\n');
  const ended = style.finalBreak ? joined : joined.replace(/\n$/, '');
  return (style.bom ? '\uFEFF' : '') + (style.crlf ? ended.replace(/\r?\n/g, '\r\n') : ended);
}

function read(text: string): Json[] {
  const documents = parseAllDocuments(text, { logLevel: 'silent' });
  return 'empty' in documents ? [] : documents.map((document) => document.toJS() as Json);
}

/** Texts whose comments and line ends did not alter their meaning, with what they mean. */
const file = fc
  .tuple(fc.array(mapping, { minLength: 1, maxLength: 2 }), layout)
  .map(([values, style]) => write(values, style))
  .filter((text) =>
    parseAllDocuments(text, { logLevel: 'silent' }).every((document) => document.errors.length === 0),
  )
  .map((text) => ({ text, values: read(text) }));

interface Spot {
  readonly at: Address;
  readonly value: Json;
}

function spots(values: readonly Json[]): Spot[] {
  const below = (document: number, steps: Step[], value: Json): Spot[] => [
    { at: { document, steps }, value },
    ...(Array.isArray(value)
      ? value.flatMap((item, index) => below(document, [...steps, index], item))
      : value !== null && typeof value === 'object'
        ? Object.entries(value).flatMap(([name, item]) => below(document, [...steps, name], item))
        : []),
  ];
  return values.flatMap((value, document) => below(document, [], value));
}

/** The values with one replaced, or removed when undefined. */
function replaced(values: readonly Json[], { document, steps }: Address, value: Json | undefined): Json[] {
  const copy = JSON.parse(JSON.stringify(values)) as Json[];
  const path: Step[] = [document, ...steps];
  const last = path.pop();
  const parent = path.reduce<Json>((node, step) => (node as Record<Step, Json>)[step]!, copy) as Record<
    Step,
    Json
  >;
  if (value === undefined) Reflect.deleteProperty(parent, last!);
  else parent[last!] = value;
  return copy;
}

const isMapping = (value: Json): value is { [key: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const pick = (found: readonly Spot[], seed: number): Spot | undefined =>
  found[seed % Math.max(found.length, 1)];

/** An edit may be refused, never be wrong. */
function attempt(action: () => YamlText): YamlText | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}

function commonEnds(before: string, after: string): { prefix: number; suffix: number } {
  let prefix = 0;
  while (prefix < before.length && before[prefix] === after[prefix]) prefix += 1;
  let suffix = 0;
  const room = Math.min(before.length, after.length) - prefix;
  while (suffix < room && before.at(-1 - suffix) === after.at(-1 - suffix)) suffix += 1;
  return { prefix, suffix };
}

describe('any edit of any file', () => {
  it('replaces a scalar, its own bytes alone, and once', () => {
    let refused = 0;
    let done = 0;
    fc.assert(
      fc.property(file, fc.nat(), scalar, ({ text, values }, seed, value) => {
        const spot = pick(
          spots(values).filter((one) => one.value === null || typeof one.value !== 'object'),
          seed,
        );
        if (spot === undefined || spot.at.steps.length === 0) return;
        const yaml = new YamlText(text, 'file');
        const edited = attempt(() => setValue(yaml, spot.at, value));
        done += 1;
        if (edited === undefined) {
          refused += 1;
          return;
        }
        expect(read(edited.text)).toEqual(replaced(values, spot.at, value));
        const node = yaml.node(spot.at)!;
        const { prefix, suffix } = commonEnds(text, edited.text);
        if (edited.text !== text) {
          expect(prefix).toBeGreaterThanOrEqual(node.range[0] - 1);
          expect(text.length - suffix).toBeLessThanOrEqual(Math.max(node.range[1], prefix) + 1);
        }
        expect(setValue(new YamlText(edited.text, 'file'), spot.at, value).text).toBe(edited.text);
      }),
      { numRuns: 600 },
    );
    expect(refused / done).toBeLessThan(0.02);
  });

  it('inserts a key and removes it again', () => {
    let refused = 0;
    let done = 0;
    fc.assert(
      fc.property(file, fc.nat(), scalar, ({ text, values }, seed, value) => {
        const spot = pick(
          spots(values).filter((one) => isMapping(one.value) && Object.keys(one.value).length > 0),
          seed,
        );
        if (spot === undefined) return;
        const at = { document: spot.at.document, steps: [...spot.at.steps, 'zz-new'] };
        const edited = attempt(() => setValue(new YamlText(text, 'file'), at, value));
        done += 1;
        if (edited === undefined) {
          refused += 1;
          return;
        }
        expect(read(edited.text)).toEqual(replaced(values, at, value));
        expect(removeKey(new YamlText(edited.text, 'file'), at).text).toBe(text);
      }),
      { numRuns: 600 },
    );
    expect(refused / done).toBeLessThan(0.02);
  });

  it('removes a key', () => {
    let refused = 0;
    let done = 0;
    fc.assert(
      fc.property(file, fc.nat(), fc.nat(), ({ text, values }, seed, other) => {
        const spot = pick(
          spots(values).filter((one) => isMapping(one.value) && Object.keys(one.value).length > 1),
          seed,
        );
        if (spot === undefined || !isMapping(spot.value)) return;
        const names = Object.keys(spot.value);
        const at = { document: spot.at.document, steps: [...spot.at.steps, names[other % names.length]!] };
        const edited = attempt(() => removeKey(new YamlText(text, 'file'), at));
        done += 1;
        if (edited === undefined) refused += 1;
        else expect(read(edited.text)).toEqual(replaced(values, at, undefined));
      }),
      { numRuns: 400 },
    );
    expect(refused / done).toBeLessThan(0.05);
  });

  it('appends an item', () => {
    let refused = 0;
    let done = 0;
    const item = fc.dictionary(key, scalar, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
    fc.assert(
      fc.property(file, fc.nat(), item, ({ text, values }, seed, value) => {
        const spot = pick(
          spots(values).filter((one) => Array.isArray(one.value)),
          seed,
        );
        if (spot === undefined || !Array.isArray(spot.value)) return;
        const edited = attempt(() => appendItem(new YamlText(text, 'file'), spot.at, value));
        done += 1;
        if (edited === undefined) {
          refused += 1;
          return;
        }
        expect(read(edited.text)).toEqual(replaced(values, spot.at, [...spot.value, value]));
        const { prefix, suffix } = commonEnds(text, edited.text);
        if (spot.value.length > 0) expect(prefix + suffix).toBeGreaterThanOrEqual(text.length);
      }),
      { numRuns: 600 },
    );
    expect(refused / Math.max(done, 1)).toBeLessThan(0.02);
  });

  it('writes strings that YAML 1.1 reads as strings too', () => {
    fc.assert(
      fc.property(word, (value) => {
        const { text } = setValue(new YamlText('a: x\n', 'file'), { document: 0, steps: ['a'] }, value);
        for (const version of ['1.1', '1.2'] as const) {
          expect(parseDocument(text, { version }).toJS()).toEqual({ a: value });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
