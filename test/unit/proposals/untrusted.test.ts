import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { code, fenced, oneLine } from '../../../runtime/proposals/untrusted.ts';

/** Text made of what bots, forges and Markdown act on. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/lgtm',
        '/approve cancel',
        '@user',
        '@org/team',
        '#1',
        '`',
        '```',
        '\n',
        '\r\n',
        '\r',
        '\t',
      ),
      fc.constantFrom(
        '\u2028',
        '\u202e',
        '\u200b',
        '\u0000',
        '\u001b[31m',
        '\ud83d',
        '|',
        '<!--',
        '-->',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('fenced', () => {
  it.each([
    ['/lgtm', '\u200b/lgtm'],
    ['  /approve', '  \u200b/approve'],
    ['@user', '\u200b@user'],
    ['#1', '\u200b#1'],
    ['one\n/lgtm', 'one\n\u200b/lgtm'],
    ['one\r/lgtm', 'one\n\u200b/lgtm'],
    ['\u200b/lgtm', '\u200b/lgtm'],
    ['\u0000/lgtm', '\u200b/lgtm'],
    ['admin\u202egnp.exe', 'admingnp.exe'],
    ['<!-- slipway-closed -->', '<\u200b!-- slipway-closed -->'],
    ['fix / and @ in the middle', 'fix / and @ in the middle'],
  ])('makes %j harmless', (text, inside) => {
    expect(fenced(text)).toBe(`\`\`\`text\n${inside}\n\`\`\``);
  });

  it('outgrows every fence inside', () => {
    expect(fenced('```\nout')).toBe('````text\n```\nout\n````');
    expect(fenced('``````')).toMatch(/^`{7}text\n/);
  });

  it('leaves no command, no end of its fence and nothing hidden in any text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const lines = fenced(text).split('\n');
        const [fence] = /^`+/.exec(lines[0] ?? '') ?? [''];
        const inside = lines.slice(1, -1);
        expect(lines.at(-1)).toBe(fence);
        for (const line of inside) {
          expect(line).not.toMatch(/^\s*[/@#]/);
          expect(line).not.toContain(fence);
          expect(line.replaceAll('\u200b', '')).not.toMatch(/(?!\t)[\p{Cc}\p{Cf}\u2028\u2029]/u);
        }
        expect(lines.join('\n')).not.toContain('<!--');
        expect(lines.join('\n').isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('oneLine', () => {
  it.each([
    ['  two\n words\t here ', 'two words here'],
    ['a'.repeat(300), `${'a'.repeat(199)}…`],
    [`${'a'.repeat(198)}\u{1f600}${'b'.repeat(9)}`, `${'a'.repeat(198)}…`],
    ['', ''],
  ])('%#', (text, expected) => expect(oneLine(text)).toBe(expected));

  it('gives one line of bounded length for any text', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, limit) => {
        const line = oneLine(text, limit);
        expect(line).not.toMatch(/[\n\r\u2028\u2029]/);
        expect(line.length).toBeLessThanOrEqual(limit);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('code', () => {
  it.each([
    ['image:v1', '`image:v1`'],
    ['x`\n/lgtm @user | y', "`x' /lgtm @user \u00a6 y`"],
    ['', ''],
    ['\u202e', ''],
  ])('%j', (text, expected) => expect(code(text)).toBe(expected));

  it('never leaves its cell', () => {
    fc.assert(fc.property(hostile, (text) => expect(code(text)).toMatch(/^(?:|`[^`|\n\r\u2028\u2029]+`)$/)));
  });
});
