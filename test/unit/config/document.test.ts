import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { openDocument, parseDocument } from '../../../runtime/config/document.ts';
import { ConfigError } from '../../../runtime/config/errors.ts';
import { configError, linesOf } from './problems.ts';

const schema = z.strictObject({
  name: z.string().min(1).max(5).describe('What it is called'),
  kind: z.enum(['small', 'large']).optional(),
  count: z.int().min(1).max(9).optional(),
  ratio: z.number().optional(),
  on: z.boolean().optional(),
  url: z.url().optional(),
  inputs: z.union([z.literal('context'), z.array(z.string()).min(1)]).optional(),
  parts: z
    .record(
      z.string().regex(/^[a-z]+$/, 'is no name of a part'),
      z.strictObject({ size: z.number(), buildArgs: z.string().optional() }),
    )
    .optional(),
  list: z.array(z.strictObject({ id: z.string() })).optional(),
});

const read = (text: string): unknown => parseDocument({ name: 'f.yaml', text }, schema);
const read2 = (text: string): string[] => linesOf(() => read(text));

describe('a good document', () => {
  it('gives its value and knows where everything stands', () => {
    const { value, locate } = parseDocument(
      { name: 'f.yaml', text: 'name: a\nparts:\n  x:\n    size: 1\nlist:\n  - id: b\n' },
      schema,
    );
    expect(value).toEqual({ name: 'a', parts: { x: { size: 1 } }, list: [{ id: 'b' }] });
    expect(locate(['parts', 'x', 'size'])).toEqual({ file: 'f.yaml', line: 4, column: 11 });
    expect(locate(['list', 0, 'id'])).toMatchObject({ line: 6, column: 9 });
    expect(locate(['parts', 'x', 'none', 'deeper'])).toMatchObject({ line: 3, column: 3 });
    expect(locate(['none'])).toMatchObject({ line: 1, column: 1 });
  });

  it.each([
    ['a byte order mark', '\uFEFFname: a\n'],
    ['CRLF', 'name: a\r\n'],
    ['JSON', '{"name": "a"}'],
    ['a document start and end', '---\nname: a\n...\n'],
    ['a last document start', 'name: a\n---\n'],
    ['an alias', 'name: &n a\nparts: {x: &x {size: 1}, y: *x}\n'],
  ])('may have %s', (_, text) => {
    expect(read(text)).toMatchObject({ value: { name: 'a' } });
  });

  it('counts lines after a byte order mark and CRLF as an editor does', () => {
    expect(read2('\uFEFFnam: a\r\nname: 1\r\n')).toEqual([
      'f.yaml:1:1: unknown field `nam`. known: `kind`, `count`, `ratio`, `on`, `url`, `inputs`, `parts`, `list`',
      'f.yaml:2:7 name: must be text, not the number 1. put it in quotes: "1"',
    ]);
  });

  it('keeps fields in the order of the file', () => {
    expect(openDocument({ name: 'f', text: 'b: 1\n10: 1\n2: 1\n' }).fieldsAt([])).toEqual(['b', '10', '2']);
  });
});

describe('a document with problems', () => {
  const cases: [string, string, string[]][] = [
    [
      'wrong types',
      'name: 1.10\nkind: samll\ncount: "2"\nratio: x\non: "true"\nurl: nowhere\ninputs: 3\nparts: []\nlist: {}\n',
      [
        'f.yaml:1:7 name: must be text, not the number 1.1. put it in quotes: "1.10"',
        'f.yaml:2:7 kind: must be "small" or "large", not "samll". did you mean `small`?',
        'f.yaml:3:8 count: must be a whole number, not "2". write it without quotes',
        'f.yaml:4:8 ratio: must be a number, not "x"',
        'f.yaml:5:5 on: must be true or false, not "true". write it without quotes',
        'f.yaml:6:6 url: "nowhere" is no URL',
        'f.yaml:7:9 inputs: must be "context" or a list, not the number 3',
        'f.yaml:8:8 parts: must be a mapping, not a list',
        'f.yaml:9:7 list: must be a list, not a mapping',
      ],
    ],
    [
      'bounds, and members of a union',
      'name: ""\ncount: 0\ninputs: []\nlist: [{id: [x]}, {}, y]\n',
      [
        'f.yaml:1:7 name: must not be empty',
        'f.yaml:2:8 count: must be at least 1, not 0',
        'f.yaml:3:9 inputs: needs at least 1 entry',
        'f.yaml:4:13 list[0].id: must be text, not a list',
        'f.yaml:4:19 list[1].id: is missing. give text',
        'f.yaml:4:23 list[2]: must be a mapping, not "y"',
      ],
    ],
    [
      'more bounds',
      'name: abcdef\ncount: 2.5\nratio: .nan\ninputs: [1, a]\n',
      [
        'f.yaml:1:7 name: must have at most 5 characters, not 6',
        'f.yaml:2:8 count: must be a whole number, not the number 2.5',
        'f.yaml:3:8 ratio: must be a number, not the number NaN',
        'f.yaml:4:10 inputs[0]: must be text, not the number 1. put it in quotes: "1"',
      ],
    ],
    [
      'missing and empty fields',
      'kind:\nparts:\n  x:\n    buildargs: y\n',
      [
        'f.yaml:1:1 name: is missing. give text (what it is called)',
        'f.yaml:1:1 kind: is empty; it must be "small" or "large". give a value, or leave the field out',
        'f.yaml:3:3 parts.x.size: is missing. give a number',
        'f.yaml:4:5 parts.x: unknown field `buildargs`. did you mean `buildArgs`?',
      ],
    ],
    [
      'a missing field whose name is mistyped, once',
      'name: a\nparts:\n  x: {siez: 1}\n',
      ['f.yaml:3:7 parts.x: unknown field `siez`. did you mean `size`?'],
    ],
    [
      'bad names, and what is behind them',
      'name: a\nparts:\n  X Y: {size: z, sze: 1}\n',
      [
        'f.yaml:3:3 parts: the name "X Y" is no name of a part',
        'f.yaml:3:15 parts["X Y"].size: must be a number, not "z"',
        'f.yaml:3:18 parts["X Y"]: unknown field `sze`. known: `buildArgs`',
      ],
    ],
    [
      'duplicate fields at every level',
      'name: a\nparts:\n  x: {size: 1, size: 2}\n  x: {size: 3}\nname: b\n',
      [
        'f.yaml:3:16 parts.x.size: is given twice, first on line 3. keep one of them',
        'f.yaml:4:3 parts.x: is given twice, first on line 3. keep one of them',
        'f.yaml:5:1 name: is given twice, first on line 1. keep one of them',
      ],
    ],
    [
      'several syntax errors',
      'name: @x\nkind: `y`\non: "z\n',
      [
        'f.yaml:1:7: is no YAML: plain value cannot start with reserved character @',
        'f.yaml:2:7: is no YAML: plain value cannot start with reserved character `',
        'f.yaml:4:1: is no YAML: missing closing "quote',
      ],
    ],
    ['an unknown tag', 'name: !secret x\n', ['f.yaml:1:7: is no YAML: unresolved tag: !secret']],
    [
      'aliases that lead nowhere or to themselves',
      'name: *a\nparts: &p {x: *p}\n',
      [
        'f.yaml:1:7 name: the alias *a has no anchor before it',
        'f.yaml:2:15 parts.x: the alias *p stands inside its own anchor',
      ],
    ],
    [
      'merge keys and __proto__',
      'name: a\nparts:\n  x: &x {size: 1}\n  y: {<<: *x, size: 2}\n__proto__: {on: 1}\n',
      [
        'f.yaml:4:7 parts.y: has a merge key (`<<`), which is not read. write the fields out',
        'f.yaml:5:1: has a field `__proto__`, which no field is called',
      ],
    ],
    ['nothing', '', ['f.yaml:1:1: holds nothing']],
    ['only comments', '# a\n\n# b\n', ['f.yaml:1:1: holds nothing']],
    ['only null', '~\n', ['f.yaml:1:1: holds nothing']],
    ['a list', '- a\n', ['f.yaml:1:1: must be a mapping of fields to values, not a list']],
    ['text', 'hello\n', ['f.yaml:1:1: must be a mapping of fields to values, not "hello"']],
    [
      'several documents',
      'name: a\n---\nname: b\n',
      ['f.yaml:2:1: a second YAML document begins here, and only one is read. keep one'],
    ],
    [
      'binary content',
      'name: a\nx\0y\n',
      ['f.yaml:2:2: holds the character U+0000, which no YAML text has. is it the right file, and in UTF-8?'],
    ],
    [
      'what is no UTF-8',
      Buffer.from([0x6e, 0xff, 0xfe]).toString('utf8'),
      ['f.yaml:1:2: holds the character U+FFFD, which no YAML text has. is it the right file, and in UTF-8?'],
    ],
    [
      'more than 1 MiB',
      `name: a\n#${'é'.repeat(524_288)}`,
      ['f.yaml:1:1: is larger than 1 MiB. is it the right file?'],
    ],
  ];
  it.each(cases)('is told all of them: %s', (_, text, lines) => {
    expect(read2(text)).toEqual(lines);
  });

  it('shows values short, on one line and without control characters', () => {
    const value = `\\e[31m\\u202e\\n${'x'.repeat(100)}`;
    expect(read2(`name: a\nkind: "${value}"\n`)).toEqual([
      `f.yaml:2:7 kind: must be "small" or "large", not "\\u001b[31m\\u202e\\u000a${'x'.repeat(38)}…"`,
    ]);
  });

  it('shows field names so too', () => {
    expect(read2('name: a\n"\\e[2J": 1\n').join()).toMatch(/^f\.yaml:2:1: unknown field `\\u001b\[2J`\./);
  });

  it('prints a hundred problems and counts the rest', () => {
    const error = configError(() =>
      read(`name: a\n${Array.from({ length: 150 }, (_, at) => `q${at}: 1`).join('\n')}`),
    );
    expect(error.problems).toHaveLength(150);
    expect(error.message.split('\n')).toHaveLength(101);
    expect(error.toString()).toMatch(/… and 50 more$/);
  });
});

describe('hostile documents', () => {
  it.each([
    ['aliases of aliases', bomb(10), /aliases stand for more than 200000 values/],
    [
      'nesting in flow style',
      `name: ${'['.repeat(100)}${']'.repeat(100)}`,
      /is nested more than 64 levels deep/,
    ],
    ['nesting that exhausts a stack', `name: ${'['.repeat(200_000)}`, /is nested more than 64 levels deep/],
    ['nesting through aliases', nestedAliases(), /is nested more than 64 levels deep/],
    [
      'nesting in block style',
      `name:\n${Array.from({ length: 90 }, (_, at) => `${' '.repeat(at + 1)}a:`).join('\n')}`,
      /64 levels/,
    ],
    [
      'many unknown fields',
      Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join('\n'),
      /and 19901 more/,
    ],
    ['many quotes', '"'.repeat(100_000), /is no YAML/],
  ])('are refused: %s', (_, text, expected) => {
    expect(configError(() => read(text)).message).toMatch(expected);
  });

  it('throw nothing but ConfigError', () => {
    const fragment = fc.constantFrom(
      'name',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a ',
      '*a',
      '"',
      "'",
      '|',
      '>',
      '#',
      '? ',
      '!t ',
      '---\n',
      '...\n',
      '<<',
      'parts',
      '%',
      '\t',
      '\r',
      '1',
      'é',
      '\u2028',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fragment, { maxLength: 60 }).map((parts) => parts.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(text, (one) => {
        try {
          read(one);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
          for (const problem of error.problems) {
            expect(problem.line).toBeGreaterThan(0);
            expect(problem.column).toBeGreaterThan(0);
          }
          expect(error.message.split('\n')).toHaveLength(Math.min(error.problems.length, 101));
        }
      }),
      { numRuns: 500 },
    );
  });
});

function bomb(levels: number): string {
  const lines = Array.from({ length: levels }, (_, at) =>
    at === 0
      ? 'k0: &k0 [1,1,1,1,1,1,1,1,1]'
      : `k${at}: &k${at} [${Array<string>(9)
          .fill(`*k${at - 1}`)
          .join(',')}]`,
  );
  return `name: a\n${lines.join('\n')}\n`;
}

function nestedAliases(): string {
  const lines = Array.from(
    { length: 60 },
    (_, at) => `k${at}: &k${at} ${'['.repeat(3)}${at === 0 ? '1' : `*k${at - 1}`}${']'.repeat(3)}`,
  );
  return `name: a\n${lines.join('\n')}\n`;
}
