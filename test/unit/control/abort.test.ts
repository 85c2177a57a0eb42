import { describe, expect, it } from '@jest/globals';

import { after } from '../../../runtime/control/abort.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';

describe('after', () => {
  it('calls back in time, unless the signal fires first', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const called: string[] = [];
    after(clock, 10, stop.signal, () => called.push('in time'));
    after(clock, 20, stop.signal, () => called.push('too late'));
    await clock.advance(10);
    stop.abort();
    await clock.advance(10);
    expect(called).toEqual(['in time']);
  });
});
