import { describe, expect, it } from '@jest/globals';
import { isPlainString, renderings } from '../../../runtime/manifests/scalar.ts';

describe('isPlainString', () => {
  it.each(['v1', 'a/b:v1', 'v1.10', '1.2.3', 'a b', 'x#y', 'http://x', 'sha256:00', '-x', 'é', 'nullable'])(
    '%s',
    (text) => {
      expect(isPlainString(text, false)).toBe(true);
    },
  );

  it.each([
    '',
    ' x',
    '1.10',
    '0123',
    '1e5',
    '12345e7',
    '1_000',
    '1_0e5',
    '0x1f',
    '0b1',
    '1:30',
    '2024-01-02',
    'y',
    'No',
    'on',
    'null',
    '~',
    '.inf',
    'a: b',
    'a #b',
    '- a',
    '*x',
    '&x',
    '!x',
    '@x',
    '`x',
    '{x',
    '%x: y',
    '---',
    'a\nb',
    'a\u0085b',
    '\u2028',
  ])('not %j', (text) => {
    expect(isPlainString(text, false)).toBe(false);
  });

  it('knows what ends a scalar inside brackets', () => {
    expect(isPlainString('a,b', false)).toBe(true);
    expect(isPlainString('a,b', true)).toBe(false);
    expect(isPlainString('a]', true)).toBe(false);
  });
});

describe('renderings', () => {
  const style = { source: '', flow: false, eol: '\n' };

  it.each([
    ['PLAIN', 'v2', 'v2'],
    ['PLAIN', '1.10', '"1.10"'],
    ['PLAIN', 'say "x": y', `'say "x": y'`],
    ['PLAIN', 'a\nb', '"a\\nb"'],
    ['QUOTE_SINGLE', "it's", "'it''s'"],
    ['QUOTE_SINGLE', 'a\tb', '"a\\tb"'],
    ['QUOTE_DOUBLE', 'v2', '"v2"'],
    ['QUOTE_DOUBLE', '\u0085', '"\\u0085"'],
    ['QUOTE_DOUBLE', 3, '3'],
    ['PLAIN', null, 'null'],
    ['PLAIN', true, 'true'],
  ] as const)('%s %j', (type, value, expected) => {
    expect(renderings(value, { ...style, type })[0]).toBe(expected);
  });

  it('keeps a block scalar with its header comment', () => {
    const source = '|- # script\n    old\n    lines\n';
    expect(renderings('new\n\nlines\n', { ...style, type: 'BLOCK_LITERAL', source })[0]).toBe(
      '| # script\n    new\n\n    lines\n',
    );
  });

  it('quotes what a block scalar cannot hold, and keeps its line break', () => {
    expect(renderings('  indented', { ...style, type: 'BLOCK_LITERAL', source: '|\n  old\n' })).toEqual([
      '"  indented"\n',
      "'  indented'\n",
    ]);
  });
});
