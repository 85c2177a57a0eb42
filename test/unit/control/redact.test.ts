import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { redact, redactText } from '../../../runtime/control/redact.ts';

describe('redact', () => {
  it.each([
    ['token', '[redacted]'],
    ['accessToken', '[redacted]'],
    ['PASSWORD', '[redacted]'],
    ['api-key', 'value'],
    ['api_key', '[redacted]'],
    ['private_key', '[redacted]'],
    ['clientSecret', '[redacted]'],
    ['key', 'value'],
    ['secretName', 'value'],
  ])('a text named %s reads %s', (name, shown) => {
    expect(redact({ [name]: 'value' })).toEqual({ [name]: shown });
  });

  it('leaves counts, flags and nothing alone', () => {
    expect(redact({ token: 3, secret: true, password: null, none: undefined })).toEqual({
      token: 3,
      secret: true,
      password: null,
      none: undefined,
    });
  });

  it('copes with what a log is given', () => {
    const loop: Record<string, unknown> = { at: new Date(0), url: new URL('https://a:b@host/') };
    loop['self'] = loop;
    expect(redact(loop)).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      url: 'https://[redacted]@host/',
      self: '[circular]',
    });
    expect(redact([new Set([1]), new Map([['token', 'x']]), Buffer.from('abc'), 10n])).toEqual([
      [1],
      { token: '[redacted]' },
      '[3 bytes]',
      '10',
    ]);
    const deep = Array.from({ length: 1_000 }).reduce<unknown>((below) => ({ below }), 'bottom');
    expect(JSON.stringify(redact(deep))).toMatch(/too deep/);
    expect(redact(new Date(NaN))).toBe('Invalid Date');
  });

  it('always gives what JSON can say, and never a field named like a secret', () => {
    fc.assert(
      fc.property(
        fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true }),
        (value) => {
          expect(() => JSON.stringify(redact({ value, deep: [{ token: 'hidden-text' }] }))).not.toThrow();
          expect(JSON.stringify(redact({ value: [], deep: [{ token: 'hidden-text' }] }))).not.toContain(
            'hidden',
          );
        },
      ),
    );
  });
});

describe('redactText', () => {
  it.each([
    ['see https://host/path@v1 and a@b.c', 'see https://host/path@v1 and a@b.c'],
    ['https://token@host/o/r', 'https://[redacted]@host/o/r'],
    ['Authorization: Bearer abcdefghijk.lmn', 'Authorization: Bearer [redacted]'],
    ['github_pat_11ABCDEFGHIJKLMNOP', '[redacted]'],
    ['a basic idea', 'a basic idea'],
  ])('%s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });
});
