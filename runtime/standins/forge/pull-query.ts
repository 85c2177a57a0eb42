import type { z } from 'zod';
import type { pullQuery } from './requests.ts';
import type { PullRow } from './state.ts';

/** Filters and sorts as GitHub's list does: newest first unless asked otherwise. */
export function selectPulls(rows: readonly PullRow[], query: z.output<typeof pullQuery>): PullRow[] {
  const direction = query.direction ?? (query.sort === 'created' ? 'desc' : 'asc');
  return rows
    .filter(
      (row) =>
        (query.state === 'all' || (query.state === 'open') === (row.closed_at === null)) &&
        (query.base === undefined || query.base === row.base_ref) &&
        (query.head === undefined || isHead(row, query.head)),
    )
    .sort((one, other) => (direction === 'asc' ? 1 : -1) * order(one, other, query.sort));
}

/** A filter without an owner is no filter, as on GitHub. */
function isHead(row: PullRow, head: string): boolean {
  const colon = head.indexOf(':');
  if (colon < 0) return true;
  const owner = row.head_repository.split('/')[0] ?? '';
  return owner.toLowerCase() === head.slice(0, colon).toLowerCase() && row.head_ref === head.slice(colon + 1);
}

function order(one: PullRow, other: PullRow, sort: z.output<typeof pullQuery>['sort']): number {
  const key = (row: PullRow) =>
    sort === 'updated' ? row.updated_at : sort === 'popularity' ? row.comments : row.created_at;
  return key(one) - key(other) || one.number - other.number;
}
