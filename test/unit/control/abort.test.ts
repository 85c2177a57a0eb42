import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { after, untilAborted } from '../../../runtime/control/abort.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';

const never = new Promise<never>(() => undefined);

describe('untilAborted', () => {
  it('gives what the work gives, and lets go of the signal', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(untilAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends with the signal, before and during the work', async () => {
    const stop = new AbortController();
    const waiting = untilAborted(never, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(untilAborted(never, stop.signal)).rejects.toThrow('enough');
    expect(await untilAborted(Promise.resolve('ended already'), stop.signal)).toBe('ended already');
  });
});

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
