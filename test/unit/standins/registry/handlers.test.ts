import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRange } from '../../../../runtime/standins/registry/blob-handlers.ts';
import { paginate } from '../../../../runtime/standins/registry/manifest-handlers.ts';

describe('a range of bytes', () => {
  it.each([
    ['bytes=0-3', { start: 0, end: 3 }],
    ['bytes=4-', { start: 4, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    ['bytes=8-100', { start: 8, end: 9 }],
    ['bytes=10-12', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-1,4-5', undefined],
    ['bytes=-', undefined],
    ['lines=0-1', undefined],
    [null, undefined],
  ])('%s of ten', (header, range) => {
    expect(parseRange(header, 10)).toEqual(range);
  });
});

describe('pages', () => {
  it('give every entry once, in order, whatever their size', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_.-]{1,5}$/)).map((all) => all.sort());
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 5 }), (all, size) => {
        const seen: string[] = [];
        let query: URLSearchParams | undefined = new URLSearchParams({ n: String(size) });
        while (query !== undefined) {
          const { page, headers } = paginate(all, '/list', query);
          seen.push(...page);
          const next = /^<\/list\?(.*)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
          query = next === undefined ? undefined : new URLSearchParams(next);
        }
        expect(seen).toEqual(all);
      }),
    );
  });

  it('of nothing are empty and the last', () => {
    expect(paginate(['a'], '/list', new URLSearchParams({ n: '0' }))).toEqual({ page: [], headers: {} });
  });

  it.each(['-1', 'x', '1.5', ''])('of size "%s" are refused', (n) => {
    expect(() => paginate([], '/list', new URLSearchParams({ n }))).toThrow('n must be a number');
  });
});
