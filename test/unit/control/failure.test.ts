import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  classify,
  defaultInfrastructurePolicy,
  defaultRetryPolicy,
  infrastructureFailures,
  markInfrastructure,
  retryDecision,
  type Attempt,
} from '../../../runtime/control/failure.ts';
import { PortError, type Fault } from '../../../runtime/ports/errors.ts';

const minute = 60_000;
const now = Date.UTC(2024, 0, 1);

const permanent = (at: number, key = 'k'): Attempt => ({ at, kind: 'permanent', reason: 'BuildFailed', key });
const transient = (at: number, key = 'k'): Attempt => ({ at, kind: 'transient', reason: 'Unavailable', key });

const attempt: fc.Arbitrary<Attempt> = fc.record({
  at: fc.integer({ min: now - 100 * minute, max: now }),
  kind: fc.constantFrom('permanent', 'transient'),
  reason: fc.constantFrom('BuildFailed', 'Unavailable', 'Denied'),
  key: fc.constantFrom('k', 'l', 'm', 'n'),
});
const attempts = fc.array(attempt, { maxLength: 12 }).map((all) => all.toSorted((a, b) => a.at - b.at));

describe('classify', () => {
  it.each<[Fault, string, string]>([
    ['transient', 'transient', 'Unavailable'],
    ['rate-limited', 'transient', 'RateLimited'],
    ['conflict', 'transient', 'Conflict'],
    ['cancelled', 'transient', 'Cancelled'],
    ['not-found', 'permanent', 'NotFound'],
    ['denied', 'permanent', 'Denied'],
    ['invalid', 'permanent', 'Invalid'],
  ])('%s is %s, %s', (fault, kind, reason) => {
    expect(classify(new PortError(fault, 'x', 'what happened'))).toEqual({
      kind,
      reason,
      message: 'what happened',
    });
  });

  it('takes anything else for a mistake in the program', () => {
    expect(classify(new TypeError('x is undefined'))).toEqual({
      kind: 'permanent',
      reason: 'InternalError',
      message: 'x is undefined',
    });
    expect(classify('thrown text').message).toBe('thrown text');
  });
});

describe('retryDecision', () => {
  const decide = (all: readonly Attempt[], at = now, key = 'k') =>
    retryDecision({ key, attempts: all, now: at });

  it('starts at once what never failed', () => {
    expect(decide([])).toBe('retry-now');
    expect(decide([permanent(now, 'another')])).toBe('retry-now');
  });

  it('retries a permanent failure with growing delay, then stops and says why', () => {
    const waits: number[] = [];
    let all: Attempt[] = [];
    let at = now;
    for (;;) {
      all = [...all, permanent(at)];
      const decision = decide(all, at);
      if (decision === 'retry-now') throw new Error('no delay');
      if ('stopped' in decision) {
        expect(decision.stopped).toBe(
          'failed 4 times (BuildFailed); tried again when its input changes or a person says retry',
        );
        break;
      }
      waits.push(decision.waitUntil - at);
      expect(decide(all, decision.waitUntil - 1)).toEqual(decision);
      at = decision.waitUntil;
      expect(decide(all, at)).toBe('retry-now');
    }
    expect(waits).toHaveLength(3);
    for (const [index, base] of defaultRetryPolicy.delays.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(base);
      expect(waits[index]).toBeLessThanOrEqual(base * 1.1);
    }
  });

  it('starts afresh with another key, or when a person says retry', () => {
    const all = [1, 2, 3, 4].map((ago) => permanent(now - ago * minute)).toReversed();
    expect(decide(all)).toHaveProperty('stopped');
    expect(decide(all, now, 'another')).toBe('retry-now');
    expect(retryDecision({ key: 'k', attempts: all, forgiven: now, now })).toBe('retry-now');
    expect(retryDecision({ key: 'k', attempts: all, forgiven: now - 2 * minute, now })).toHaveProperty(
      'waitUntil',
    );
  });

  it('never stops for transient failures, and waits no longer than its bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
        const all = Array.from({ length: count }, (_, index) => transient(now - (count - 1 - index)));
        const decision = decide(all);
        expect(decision).toHaveProperty('waitUntil');
        const { waitUntil } = decision as { waitUntil: number };
        expect(waitUntil).toBeLessThanOrEqual(now + defaultRetryPolicy.transient.max);
      }),
    );
  });

  it('counts no attempt that the infrastructure spoiled', () => {
    const spoiled = Array.from({ length: 9 }, (_, index) => ({
      ...permanent(now - index),
      infrastructure: true,
    }));
    expect(decide(spoiled)).toHaveProperty('waitUntil');
    expect(decide([...spoiled, permanent(now)], now + 2 * minute)).toBe('retry-now');
  });

  it('does not stop by a transient failure what was stopped by permanent ones already, nor free it', () => {
    const all = [...[4, 3, 2, 1].map((ago) => permanent(now - ago)), transient(now)];
    expect(decide(all, now + 1_000 * minute)).toHaveProperty('stopped');
  });

  it('does not wait for a time stamped by a clock that was set back', () => {
    expect(decide([permanent(now + 365 * 24 * 60 * minute)])).toBe('retry-now');
    expect(decide([permanent(now + 1_000)])).toHaveProperty('waitUntil');
  });

  it('is pure, and once it says retry it goes on saying so', () => {
    fc.assert(
      fc.property(attempts, fc.nat(1_000 * minute), (all, later) => {
        const decision = decide(all);
        expect(decide(all)).toEqual(decision);
        const then = decide(all, now + later);
        if (decision === 'retry-now') expect(then).toBe('retry-now');
        else if ('stopped' in decision) expect(then).toEqual(decision);
        else expect(then).toEqual(now + later >= decision.waitUntil ? 'retry-now' : decision);
      }),
    );
  });

  it('goes on with the last delay when there are more tries than delays', () => {
    const policy = { ...defaultRetryPolicy, limit: 9, delays: [minute, 2 * minute] as const };
    const all = Array.from({ length: 8 }, () => permanent(now));
    const decision = retryDecision({ key: 'k', attempts: all, policy, now });
    expect((decision as { waitUntil: number }).waitUntil - now).toBeGreaterThanOrEqual(2 * minute);
  });

  it('begins with a short wait when a transient failure follows a permanent one', () => {
    const decision = decide([permanent(now), permanent(now), transient(now)]);
    expect((decision as { waitUntil: number }).waitUntil - now).toBeLessThanOrEqual(
      defaultRetryPolicy.transient.base,
    );
  });

  it('draws another delay for every attempt', () => {
    const waits = [20, 21, 22].map((count) => decide(Array.from({ length: count }, () => transient(now))));
    expect(new Set(waits.map((one) => JSON.stringify(one))).size).toBe(3);
  });

  it('spreads what failed together', () => {
    const until = ['a', 'b', 'c', 'd'].map((key) => decide([transient(now, key)], now, key));
    expect(new Set(until.map((one) => JSON.stringify(one))).size).toBe(4);
  });
});

describe('infrastructureFailures', () => {
  const policy = defaultInfrastructurePolicy;
  const together = ['a', 'b', 'c'].map((key, index) => permanent(now - index * minute, key));

  it('names the reason that several different keys fail for', () => {
    expect(infrastructureFailures(together, policy, now)).toEqual(new Set(['BuildFailed']));
  });

  it.each([
    ['too few keys', together.slice(0, 2), now],
    ['one key often', together.map((one) => ({ ...one, key: 'a' })), now],
    ['different reasons', together.map((one, index) => ({ ...one, reason: `Reason${index}` })), now],
    ['long ago', together, now + 9 * minute],
    ['in the future', together, now - 2 * minute],
  ])('names nothing for %s', (_, failures, at) => {
    expect(infrastructureFailures(failures, policy, at)).toEqual(new Set());
  });
});

describe('markInfrastructure', () => {
  const policy = defaultInfrastructurePolicy;

  it('marks what failed together and nothing else', () => {
    const alone = permanent(now - 60 * minute, 'a');
    const together = ['a', 'b', 'c'].map((key, index) => permanent(now - index * 5 * minute, key));
    const marked = markInfrastructure([alone, ...together]);
    expect(marked.map((one) => one.infrastructure ?? false)).toEqual([false, true, true, true]);
  });

  it('keeps a mark when the evidence is gone', () => {
    const marked = { ...permanent(now), infrastructure: true };
    expect(markInfrastructure([marked])).toEqual([marked]);
  });

  it('marks exactly what lies in some window with enough different keys', () => {
    fc.assert(
      fc.property(attempts, (all) => {
        const expected = all.map((one) =>
          all.some((first) => {
            const window = all.filter(
              (other) =>
                other.reason === one.reason && other.at >= first.at && other.at - first.at <= policy.window,
            );
            const keys = new Set(window.map((other) => other.key));
            return window.includes(one) && keys.size >= policy.distinctKeys;
          }),
        );
        expect(markInfrastructure(all, policy).map((one) => one.infrastructure ?? false)).toEqual(expected);
      }),
    );
  });

  it('agrees with infrastructureFailures on what fails now', () => {
    fc.assert(
      fc.property(attempts, (all) => {
        const reasons = infrastructureFailures(all, policy, now);
        const marked = markInfrastructure(all, policy);
        const recent = marked.filter((one) => reasons.has(one.reason) && now - one.at <= policy.window);
        expect(recent.every((one) => one.infrastructure)).toBe(true);
      }),
    );
  });
});
