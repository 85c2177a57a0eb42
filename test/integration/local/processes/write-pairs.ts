// Writes for ever, and prints each size once its write is durable: `node write-pairs.ts <file>`.
import { systemClock } from '../../../../runtime/control/clock.ts';
import { openObjectStore } from '../../../../runtime/local/object-store.ts';
import { widgets } from './widgets.ts';

const [path = ''] = process.argv.slice(2);
const store = await openObjectStore({ path, clock: systemClock });
let written =
  (await store.get(widgets, 'written')) ??
  (await store.create(widgets, { metadata: { name: 'written' }, spec: { size: 0, note: '' } }));
for (let size = written.spec.size + 1; ; size++) {
  // The note spans several pages, so that a torn write would show.
  written = await store.update(widgets, { ...written, spec: { size, note: `${size};`.repeat(4000) } });
  process.stdout.write(`${size}\n`);
}
