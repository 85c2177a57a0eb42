// Increments the counter object `times` times by compare-and-swap: `node count.ts <file> <times>`.
import { systemClock } from '../../../../runtime/control/clock.ts';
import { openObjectStore } from '../../../../runtime/local/object-store.ts';
import { isFault } from '../../../../runtime/ports/errors.ts';
import { widgets } from './widgets.ts';

const [path = '', times = '0'] = process.argv.slice(2);
const store = await openObjectStore({ path, clock: systemClock });
for (let done = 0; done < Number(times);) {
  const counter = await store.get(widgets, 'counter');
  if (counter === undefined) throw new Error('the counter is missing');
  try {
    await store.update(widgets, { ...counter, spec: { size: counter.spec.size + 1 } });
    done += 1;
  } catch (error) {
    if (!isFault(error, 'conflict')) throw error;
  }
}
store.close();
