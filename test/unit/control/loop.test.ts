import { describe, expect, it } from '@jest/globals';

import { FakeSystem, hang } from './fake-system.ts';
import { recorder } from './recorder.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import type { LoopEntry } from '../../../runtime/control/driver.ts';
import { runLoop } from '../../../runtime/control/loop.ts';
import { createMetrics } from '../../../runtime/control/metrics.ts';
import { PortError } from '../../../runtime/ports/errors.ts';

const interval = 60_000;

function begin(systems: readonly FakeSystem[], entry: Partial<LoopEntry> = {}, random = () => 0.5) {
  const clock = new ManualClock(0);
  const stop = new AbortController();
  const metrics = createMetrics(clock);
  const { logger, entries } = recorder();
  const loop = runLoop({
    systems: systems.map((system) => ({ system, interval, ...entry })),
    clock,
    signal: stop.signal,
    logger,
    metrics,
    random,
  });
  const end = async () => {
    stop.abort();
    await clock.runUntil(loop.finished);
  };
  return { clock, stop, metrics, entries, loop, end };
}

describe('a loop', () => {
  it('looks at once and then at every interval', async () => {
    const system = new FakeSystem('one', { a: () => undefined });
    const { clock, loop, end } = begin([system]);
    await clock.advance(0);
    expect([system.count('desired'), system.count('a')]).toEqual([1, 1]);
    await clock.advance(interval);
    expect(system.count('desired')).toBe(2);
    await clock.advance(10 * interval);
    expect(system.count('desired')).toBe(12);
    expect(loop.status()).toMatchObject([{ system: 'one', running: false, finishedAt: 11 * interval }]);
    await end();
    expect(clock.sleeping).toBe(0);
  });

  it.each([
    [0, 0.9 * interval],
    [0.999999, 1.1 * interval],
  ])('jitters the interval by a tenth: %d', async (drawn, expected) => {
    const system = new FakeSystem('one');
    const { clock, end } = begin([system], {}, () => drawn);
    await clock.advance(expected - 10);
    expect(system.count('desired')).toBe(1);
    await clock.advance(20);
    expect(system.count('desired')).toBe(2);
    await end();
  });

  it('is woken soon, once for several wake-ups', async () => {
    const system = new FakeSystem('one');
    const { clock, loop, entries, end } = begin([system]);
    await clock.advance(1_000);
    loop.wake('one', 'webhook');
    loop.wake('one', 'webhook');
    await clock.advance(100);
    loop.wake('one', 'person');
    await clock.advance(1_000);
    expect(system.count('desired')).toBe(2);
    const reasons = entries
      .filter((one) => one.message === 'pass starts')
      .map((one) => one.metadata['reasons']);
    expect(reasons).toEqual([['start'], ['webhook', 'person']]);
    expect(() => loop.wake('two', 'webhook')).toThrow('"two"');
    for (let count = 0; count < 100; count += 1) loop.wake('one', `reason ${count}`);
    await clock.advance(1_000);
    expect(entries.findLast((one) => one.message === 'pass starts')?.metadata['reasons']).toHaveLength(10);
    await end();
  });

  it('makes one more pass when it is woken during one', async () => {
    const system = new FakeSystem('one');
    const { clock, loop, end } = begin([system]);
    system.beforeObserve = () => clock.sleep(5_000);
    await clock.advance(1_000);
    loop.wake('one', 'webhook');
    await clock.advance(3_000);
    loop.wake('one', 'webhook');
    expect(system.count('desired')).toBe(1);
    await clock.advance(20_000);
    expect(system.count('desired')).toBe(2);
    await end();
  });

  it('holds up no system by another one that hangs', async () => {
    const [stuck, quick] = [new FakeSystem('stuck'), new FakeSystem('quick')];
    stuck.beforeObserve = () => new Promise<void>(() => undefined);
    const { clock, loop, metrics, end } = begin([stuck, quick], { deadline: 10 * interval });
    await clock.advance(5 * interval);
    expect([stuck.count('desired'), quick.count('desired')]).toEqual([1, 6]);
    const text = await metrics.text();
    expect(text).toContain('slipway_pass_age_seconds{system="stuck"} 300');
    expect(text).toContain('slipway_pass_age_seconds{system="quick"} 0');
    await clock.advance(5 * interval);
    expect(loop.status()[0]).toMatchObject({ failure: 'the pass of stuck did not end within 600 s' });
    await clock.advance(interval);
    expect(stuck.count('desired')).toBe(2);
    await end();
  });

  it('comes back sooner after a failed pass, and later with every failure', async () => {
    const system = new FakeSystem('one');
    const times: number[] = [];
    const { clock, loop, entries, end } = begin([system], { interval: 1_000_000 }, () => 0);
    system.beforeObserve = () => {
      times.push(clock.now());
      if (times.length < 4) throw new PortError('transient', 'host', 'host is down');
    };
    await clock.advance(20_000);
    expect(times).toEqual([0, 2_500, 7_500, 17_500]);
    expect(loop.status()[0]?.failure).toBeUndefined();
    expect(entries.filter((one) => one.message === 'pass failed')).toHaveLength(3);
    times.length = 0;
    await clock.advance(1_000_000);
    expect(times.slice(0, 2).map((one) => one - times[0]!)).toEqual([0, 2_500]);
    await end();
  });

  it('survives a mistake in the program', async () => {
    const system = new FakeSystem('one');
    system.beforeObserve = () => {
      if (system.count('observe') === 1) throw new TypeError('x is undefined');
    };
    const { clock, entries, end } = begin([system]);
    await clock.advance(interval);
    expect(system.count('observe')).toBeGreaterThan(1);
    expect(entries.filter((one) => one.level === 'error')).toHaveLength(1);
    await end();
  });

  it('leaves the outside alone as long as it asked for, whoever wakes', async () => {
    const system = new FakeSystem('one');
    system.beforeObserve = () => {
      if (system.count('observe') > 1) return;
      throw new PortError('rate-limited', 'host', 'slow down', { retryAfter: 30_000 });
    };
    const { clock, loop, end } = begin([system]);
    await clock.advance(1_000);
    loop.wake('one', 'webhook');
    await clock.advance(28_000);
    expect(system.count('observe')).toBe(1);
    await clock.advance(2_000);
    expect(system.count('observe')).toBe(2);
    await end();
  });

  it('retries an action when its backoff is over', async () => {
    const system = new FakeSystem('one', {
      a: () => {
        throw new PortError('transient', 'host', 'host is down');
      },
    });
    const { clock, end } = begin([system], { interval: 1_000_000 }, () => 0);
    await clock.advance(4_999);
    expect(system.count('a')).toBe(1);
    await clock.advance(1);
    expect(system.count('a')).toBe(2);
    await end();
  });

  it('has no effect while suspended', async () => {
    let suspended = true;
    const system = new FakeSystem('one', { a: () => undefined });
    const { clock, end } = begin([system], { suspended: () => suspended });
    await clock.advance(interval);
    expect([system.count('observe'), system.count('a')]).toEqual([2, 0]);
    suspended = false;
    await clock.advance(interval);
    expect(system.count('a')).toBe(1);
    await end();
  });
});

describe('what is in flight', () => {
  function building() {
    const system = new FakeSystem('one', { a: () => void system.flying.add('a') });
    return system;
  }

  it('does not keep a pass, and wakes the loop when it lands', async () => {
    const system = building();
    const { clock, loop, end } = begin([system], { interval: 1_000_000 });
    await clock.advance(100_000);
    expect(loop.status()).toMatchObject([{ running: false, inFlight: true }]);
    expect([system.count('desired'), system.listening]).toEqual([1, 1]);
    system.work.delete('a');
    system.land('a');
    await clock.advance(1_000);
    expect(loop.status()).toMatchObject([{ inFlight: false }]);
    expect([system.count('desired'), system.listening]).toEqual([2, 0]);
    await end();
  });

  it('is polled when the system cannot tell of changes', async () => {
    const system = building();
    system.changed = () => Promise.reject(new PortError('transient', 'watch', 'watch broke'));
    const { clock, end } = begin([system], { interval: 1_000_000 });
    await clock.advance(95_000);
    expect(system.count('desired')).toBe(4);
    await end();
  });
});

describe('stopping a loop', () => {
  it('lets actions finish, starts no further pass and leaves no timer', async () => {
    const system = new FakeSystem('one');
    const { clock, stop, loop } = begin([system, new FakeSystem('two')]);
    let finished = false;
    system.work.set('a', async () => {
      await clock.sleep(10_000);
      finished = true;
    });
    loop.wake('one', 'test');
    await clock.advance(1_000);
    stop.abort();
    loop.wake('two', 'too late');
    await clock.runUntil(loop.finished);
    expect([finished, clock.sleeping, system.listening]).toEqual([true, 0, 0]);
  });

  it('breaks off an action that does not finish', async () => {
    const system = new FakeSystem('one', { a: hang });
    const { clock, stop, loop } = begin([system]);
    await clock.advance(1_000);
    stop.abort();
    await clock.runUntil(loop.finished);
    expect(clock.now()).toBe(31_000);
  });

  it('ends at once when it was stopped before it began', async () => {
    const stop = new AbortController();
    stop.abort();
    const system = new FakeSystem('one');
    const { logger } = recorder();
    const loop = runLoop({
      systems: [{ system, interval }],
      clock: new ManualClock(),
      signal: stop.signal,
      logger,
    });
    await loop.finished;
    expect(system.calls).toEqual([]);
  });
});
