import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { backoffDelay, Backoffs, seededRandom } from '../../../runtime/control/backoff.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { PortError } from '../../../runtime/ports/errors.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backoffDelay', () => {
  it.each([
    [1, 'equal', 0, 500],
    [1, 'equal', 0.5, 750],
    [3, 'equal', 0, 2_000],
    [3, 'full', 0, 0],
    [3, 'full', 0.5, 2_000],
    [9, 'equal', 0, 5_000],
  ] as const)('attempt %d with %s jitter of %d', (attempt, jitter, drawn, delay) => {
    expect(backoffDelay(attempt, { base: 1_000, max: 10_000, jitter }, () => drawn)).toBe(delay);
  });

  it('stays within its jitter and its bound, however often it failed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.double({ min: 1, max: 10, noNaN: true }),
        random,
        fc.constantFrom('full', 'equal'),
        (attempt, base, max, factor, drawn, jitter) => {
          const delay = backoffDelay(attempt, { base, max, factor, jitter }, () => drawn);
          const whole = Math.min(max, base * factor ** (attempt - 1));
          expect(delay).toBeLessThanOrEqual(Math.round(whole));
          expect(delay).toBeGreaterThanOrEqual(jitter === 'full' ? 0 : Math.floor(whole / 2));
          expect(Number.isInteger(delay)).toBe(true);
        },
      ),
    );
  });

  it('never shrinks with more failures', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), random, (attempt, drawn) => {
        const delay = (one: number) => backoffDelay(one, { base: 100, max: 60_000 }, () => drawn);
        expect(delay(attempt + 1)).toBeGreaterThanOrEqual(delay(attempt));
      }),
    );
  });
});

describe('seededRandom', () => {
  it('is one number per seed, spread over [0, 1)', () => {
    const drawn = Array.from({ length: 1_000 }, (_, index) => seededRandom(`seed-${index}`));
    expect(seededRandom('seed-0')).toBe(drawn[0]);
    expect(drawn.every((one) => one >= 0 && one < 1)).toBe(true);
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
    expect(mean).toBeCloseTo(0.5, 1);
  });
});

describe('Backoffs', () => {
  const policy = { base: 1_000, max: 8_000 };

  it('holds a key longer with every failure, until it succeeds', async () => {
    const clock = new ManualClock(0);
    const backoffs = new Backoffs(clock, policy, { random: () => 0 });
    expect(backoffs.failed('a')).toBe(500);
    expect(backoffs.failed('a')).toBe(1_000);
    expect([backoffs.heldUntil('a'), backoffs.heldUntil('b'), backoffs.failures('a')]).toEqual([
      1_000,
      undefined,
      2,
    ]);
    await clock.advance(1_000);
    expect(backoffs.heldUntil('a')).toBeUndefined();
    expect(backoffs.failures('a')).toBe(2);
    backoffs.succeeded('a');
    expect([backoffs.failures('a'), backoffs.size]).toEqual([0, 0]);
  });

  it('waits as long as the other side asks, but never less than its own delay', () => {
    const backoffs = new Backoffs(new ManualClock(0), policy, { random: () => 0 });
    const limited = (retryAfter: number) => new PortError('rate-limited', 'x', 'slow down', { retryAfter });
    expect(backoffs.failed('a', limited(60_000))).toBe(60_000);
    expect(backoffs.failed('b', limited(1))).toBe(500);
  });

  it('forgets the key that failed longest ago when it holds too many', () => {
    const backoffs = new Backoffs(new ManualClock(0), policy, { limit: 2 });
    for (const key of ['a', 'b', 'a', 'c']) backoffs.failed(key);
    expect([backoffs.size, backoffs.failures('a'), backoffs.failures('b'), backoffs.failures('c')]).toEqual([
      2, 2, 0, 1,
    ]);
  });
});
