import { describe, expect, it } from '@jest/globals';

import { ManualClock } from '../../../runtime/control/clock.ts';
import { stopping } from '../../../runtime/control/stop.ts';

function setUp(deadline?: number) {
  const clock = new ManualClock(0);
  const caller = new AbortController();
  const begin = () => stopping('pass', { clock, signal: caller.signal, deadline, grace: 2_000 });
  return { clock, caller, begin };
}

describe('stopping', () => {
  it.each(['before', 'after'])('goes in three steps when the signal fired %s', async (when) => {
    const { clock, caller, begin } = setUp();
    if (when === 'before') caller.abort();
    const stop = begin();
    caller.abort();
    const steps = () => [stop.requested.aborted, stop.breakOff.aborted, stop.abandon.aborted];
    expect([stop.cause(), steps()]).toEqual(['signal', [true, false, false]]);
    await clock.advance(2_000);
    expect(steps()).toEqual([true, true, false]);
    await clock.advance(5_000);
    expect(steps()).toEqual([true, true, true]);
  });

  it('comes by itself at the deadline', async () => {
    const { clock, begin } = setUp(10_000);
    const stop = begin();
    await clock.advance(9_999);
    expect([stop.cause(), stop.requested.aborted]).toEqual([undefined, false]);
    await clock.advance(1);
    expect([stop.cause(), stop.requested.aborted]).toEqual(['deadline', true]);
  });

  it('leaves no timer once it has ended', () => {
    const { clock, caller, begin } = setUp(10_000);
    begin().end();
    caller.abort();
    expect(clock.sleeping).toBe(0);
  });
});
