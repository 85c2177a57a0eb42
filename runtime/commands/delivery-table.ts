import type { PairState } from '../api/application-version.ts';
import type { DeliveryItem, DeliveryPlan } from '../delivery/actions.ts';
import type { PairStatus } from '../delivery/status.ts';
import { count, paint, renderTable } from './output.ts';

const colours: Record<PairState, Parameters<typeof paint>[0]> = {
  skipped: 'gray',
  held: 'yellow',
  blocked: 'red',
  rejected: 'yellow',
  building: 'cyan',
  failed: 'red',
  build: 'blue',
  retag: 'blue',
  proposed: 'green',
  update: 'blue',
  'up-to-date': 'green',
};

/** One line per pair, in the order of the config, and what comes next. */
export function planTable(plan: DeliveryPlan): string {
  const parts = [itemsTable(plan.items), summary(plan.items)];
  if (plan.actions.length > 0) {
    const rows = plan.actions.map(({ kind, why }) => [kind, why]);
    parts.push(renderTable(['NEXT', 'WHY'], rows));
  }
  parts.push(...(plan.notes ?? []).map((note) => paint('yellow', note)));
  return parts.join('\n\n');
}

export function itemsTable(items: readonly DeliveryItem[]): string {
  return renderTable(
    ['VERSION', 'APPLICATION', 'STATE', 'COMMIT', 'PR', 'REASON'],
    items.map((item) => [
      item.version,
      item.application,
      paint(colours[item.state], item.state),
      item.source?.commit?.slice(0, 12) ?? '',
      item.pullRequests.map(({ number }) => `#${number}`).join(' '),
      item.reason,
    ]),
  );
}

/** As `itemsTable`, for what is stored, and since when it is so. */
export function statusTable(items: readonly PairStatus[]): string {
  return renderTable(
    ['VERSION', 'APPLICATION', 'STATE', 'SINCE', 'COMMIT', 'PR', 'REASON'],
    items.map(({ version, application, state, since = '', commit = '', pullRequests, reason, hold }) => [
      version,
      application,
      state ? paint(colours[state], state) : '',
      since.slice(0, 16).replace('T', ' '),
      commit.slice(0, 12),
      pullRequests.map(({ number }) => `#${number}`).join(' '),
      (reason ?? 'not looked at yet') + (hold && state !== 'held' ? '; held from the next pass on' : ''),
    ]),
  );
}

function summary(items: readonly DeliveryItem[]): string {
  const counts = [...Map.groupBy(items, ({ state }) => state)].map(
    ([state, group]) => `${group.length} ${paint(colours[state], state)}`,
  );
  return `${count(items.length, 'pair')}: ${counts.join(', ')}`;
}
