import { describe, expect, it } from '@jest/globals';

import { hang } from './fake-system.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { HostGuard, type HostLimits } from '../../../runtime/control/hosts.ts';
import { PortError } from '../../../runtime/ports/errors.ts';

function setUp(limits: HostLimits = {}) {
  const clock = new ManualClock(0);
  return { clock, guard: new HostGuard(clock, limits) };
}

const down = () => Promise.reject(new PortError('transient', 'a', 'connection refused'));
const missing = () => Promise.reject(new PortError('not-found', 'a', 'no such thing'));
const fine = () => Promise.resolve('answer');

async function fault(work: Promise<unknown>): Promise<PortError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PortError) return error;
  throw new Error('expected a PortError', { cause: error });
}

describe('HostGuard', () => {
  it('passes an answer and an error on', async () => {
    const { clock, guard } = setUp();
    expect(await guard.run('a', fine)).toBe('answer');
    expect((await fault(guard.run('a', missing))).fault).toBe('not-found');
    expect(clock.sleeping).toBe(0);
  });

  it.each([
    ['obeys its signal', hang],
    ['does not', () => new Promise<never>(() => undefined)],
  ])('ends a call at its deadline, whether it %s', async (_, call) => {
    const { clock, guard } = setUp({ deadline: 5_000 });
    const error = await clock.runUntil(fault(guard.run('a', call)));
    expect(error).toMatchObject({ fault: 'transient', subject: 'a', message: 'a gave no answer within 5 s' });
    expect(clock.now()).toBe(5_000);
  });

  it('leaves a host alone for the rest of the pass, and no other', async () => {
    const { guard } = setUp({ failures: 3 });
    for (let call = 0; call < 3; call += 1) await fault(guard.run('a', down));
    let asked = false;
    const error = await fault(
      guard.run('a', () => {
        asked = true;
        return fine();
      }),
    );
    expect(asked).toBe(false);
    expect(error).toMatchObject({
      fault: 'transient',
      message: 'a did not answer 3 times in this pass; asked again in the next (last: connection refused)',
    });
    expect(await guard.run('b', fine)).toBe('answer');
    guard.reset();
    expect(await guard.run('a', fine)).toBe('answer');
  });

  it('counts failures in a row only, and a refusal is an answer', async () => {
    const { guard } = setUp({ failures: 2 });
    for (const call of [down, missing, down, fine, down]) await guard.run('a', call).catch(() => undefined);
    expect(await guard.run('a', fine)).toBe('answer');
  });

  it('hands on how long a host asked to be left alone', async () => {
    const { guard } = setUp({ failures: 1 });
    const limited = new PortError('rate-limited', 'a', 'slow down', { retryAfter: 60_000 });
    await fault(guard.run('a', () => Promise.reject(limited)));
    expect(await fault(guard.run('a', fine))).toMatchObject({ fault: 'rate-limited', retryAfter: 60_000 });
  });

  it('fails also the calls that wait for room', async () => {
    const { clock, guard } = setUp({ deadline: 5_000, concurrency: 2, failures: 2 });
    let started = 0;
    const calls = Array.from({ length: 10 }, () =>
      fault(
        guard.run('a', (signal) => {
          started += 1;
          return hang(signal);
        }),
      ),
    );
    const errors = await clock.runUntil(Promise.all(calls));
    // One more found room between the first failure and the second.
    expect([started, clock.now(), errors.length]).toEqual([3, 10_000, 10]);
  });

  it('gives a host so much of a pass and no more', async () => {
    const { clock, guard } = setUp({ deadline: 5_000, budget: 8_000 });
    // Two at a time count once: from 0 to 3 s, and from 1 to 4 s.
    const early = guard.run('a', () => clock.sleep(3_000));
    await clock.advance(1_000);
    await clock.runUntil(Promise.all([early, guard.run('a', () => clock.sleep(3_000))]));
    await clock.advance(60_000);
    const cut = await clock.runUntil(fault(guard.run('a', hang)));
    expect(cut.message).toBe('a gave no answer within 4 s');
    expect((await fault(guard.run('a', fine))).message).toBe(
      'a has used up its 8 s of this pass; asked again in the next',
    );
    expect(await guard.run('b', fine)).toBe('answer');
    guard.reset();
    expect(await guard.run('a', fine)).toBe('answer');
  });

  it('ends with the signal of its caller, and does not blame the host for that', async () => {
    const { clock, guard } = setUp({ concurrency: 1, failures: 1 });
    const stop = new AbortController();
    const running = guard.run('a', hang, stop.signal);
    let asked = false;
    const waiting = guard.run('a', () => Promise.resolve((asked = true)), stop.signal);
    await clock.advance(1);
    stop.abort(new PortError('transient', 'pass', 'enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(waiting).rejects.toThrow('enough');
    expect(await guard.run('a', fine)).toBe('answer');
    expect(asked).toBe(false);
  });

  it('holds nothing of an earlier pass against a host', async () => {
    const { clock, guard } = setUp({ deadline: 5_000, failures: 1 });
    const old = fault(guard.run('a', hang));
    guard.reset();
    await clock.runUntil(old);
    expect(await guard.run('a', fine)).toBe('answer');
  });
});
