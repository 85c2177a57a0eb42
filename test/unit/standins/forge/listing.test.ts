import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { linkHeader } from '../../../../runtime/standins/forge/paging.ts';
import { selectPulls } from '../../../../runtime/standins/forge/pull-query.ts';
import { pageQuery, pullQuery } from '../../../../runtime/standins/forge/requests.ts';
import type { PullRow } from '../../../../runtime/standins/forge/state.ts';
import { hasNextPage } from '../../../../runtime/remote/github/conditional.ts';

const row = (number: number, change: Partial<PullRow> = {}): PullRow => ({
  id: number,
  repository: 'kubeflow/manifests',
  number,
  title: '',
  body: null,
  draft: false,
  author: 'ann',
  head_repository: 'kubeflow/manifests',
  head_ref: `b${number}`,
  head_sha: '',
  base_ref: 'main',
  base_sha: '',
  created_at: number,
  updated_at: 100 - number,
  closed_at: null,
  closed_by: null,
  merged_at: null,
  merged_by: null,
  merge_commit_sha: null,
  comments: 0,
  ...change,
});
const rows = [
  row(1),
  row(2, { closed_at: 5 }),
  row(3, { base_ref: 'v1' }),
  row(4, { head_repository: 'Bob/manifests' }),
];
const numbers = (query: object) => selectPulls(rows, pullQuery.parse(query)).map(({ number }) => number);

describe('selectPulls', () => {
  it.each([
    [{}, [4, 3, 1]],
    [{ direction: 'asc' }, [1, 3, 4]],
    [{ state: 'closed' }, [2]],
    [{ state: 'all', sort: 'updated' }, [4, 3, 2, 1]],
    [{ base: 'v1' }, [3]],
    [{ head: 'bob:b4' }, [4]],
    [{ head: 'kubeflow:b4' }, []],
    [{ head: 'b4' }, [4, 3, 1]],
  ])('of %j gives %j', (query, expected) => {
    expect(numbers(query)).toEqual(expected);
  });
});

describe('pages', () => {
  it('are bounded as on GitHub', () => {
    expect(pageQuery.parse({})).toEqual({ per_page: 30, page: 1 });
    expect(pageQuery.parse({ per_page: '1000', page: '0' })).toEqual({ per_page: 100, page: 1 });
    expect(pageQuery.parse({ per_page: 'x', page: '-3' })).toEqual({ per_page: 30, page: 1 });
  });

  it('link to each other until the last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 50 }), (page, pages) => {
        const link = linkHeader('http://127.0.0.1/repos/o/r/pulls?state=all&page=9', page, pages);
        expect(hasNextPage(link)).toBe(page < pages);
        expect(link?.includes('rel="prev"') ?? false).toBe(page > 1);
        if (page < pages) expect(link).toContain(`state=all&page=${page + 1}>; rel="next"`);
      }),
    );
  });
});
