import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ManualClock, systemClock } from '../../../runtime/control/clock.ts';

describe('ManualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new ManualClock(1_000);
    let woken = false;
    const asleep = clock.sleep(10).then(() => (woken = true));
    await clock.advance(9);
    expect([woken, clock.now(), clock.sleeping]).toEqual([false, 1_009, 1]);
    await clock.advance(1);
    expect([woken, clock.now(), clock.sleeping]).toEqual([true, 1_010, 0]);
    await asleep;
  });

  it('wakes sleepers in the order of their time, equal times in the order of falling asleep', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 20 }), async (delays) => {
        const clock = new ManualClock(0);
        const woken: [number, number][] = [];
        const asleep = delays.map((ms, index) =>
          clock.sleep(ms).then(() => woken.push([clock.now(), index])),
        );
        await clock.advance(20);
        await Promise.all(asleep);
        expect(woken).toEqual(
          delays.map((ms, index): [number, number] => [ms, index]).toSorted((a, b) => a[0] - b[0]),
        );
      }),
    );
  });

  it('wakes also who falls asleep on the way', async () => {
    const clock = new ManualClock(0);
    const times: number[] = [];
    const walk = async () => {
      for (let step = 0; step < 3; step += 1) {
        await clock.sleep(10);
        times.push(clock.now());
      }
    };
    const walking = walk();
    await clock.advance(30);
    await walking;
    expect(times).toEqual([10, 20, 30]);
  });

  it('rejects a sleeper with the reason of its signal and forgets it', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const asleep = clock.sleep(10, stop.signal);
    stop.abort(new Error('enough'));
    await expect(asleep).rejects.toThrow('enough');
    await expect(clock.sleep(10, stop.signal)).rejects.toThrow('enough');
    expect(clock.sleeping).toBe(0);
  });

  it('runs until some work ends, and says so when nothing will end it', async () => {
    const clock = new ManualClock(0);
    await expect(clock.runUntil(clock.sleep(5).then(() => clock.sleep(7)))).resolves.toBeUndefined();
    expect(clock.now()).toBe(12);
    await expect(clock.runUntil(new Promise(() => undefined))).rejects.toThrow('nobody sleeps');
  });

  it('jumps without waking anybody', async () => {
    const clock = new ManualClock(1_000);
    let woken = false;
    const asleep = clock.sleep(10).then(() => (woken = true));
    clock.jump(-500);
    await clock.advance(9);
    expect([woken, clock.now()]).toEqual([false, 509]);
    await clock.advance(1);
    expect(woken).toBe(true);
    await asleep;
  });
});

describe('systemClock', () => {
  it('sleeps, and wakes early by its signal with the reason', async () => {
    await systemClock.sleep(1);
    const stop = new AbortController();
    const asleep = systemClock.sleep(2 ** 40, stop.signal);
    stop.abort(new Error('enough'));
    await expect(asleep).rejects.toThrow('enough');
    await expect(systemClock.sleep(1, stop.signal)).rejects.toThrow('enough');
  });
});
