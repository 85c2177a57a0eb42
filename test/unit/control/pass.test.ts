import { describe, expect, it } from '@jest/globals';

import { begin, FakeSystem, hang } from './fake-system.ts';
import { Backoffs } from '../../../runtime/control/backoff.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { PortError } from '../../../runtime/ports/errors.ts';

const conflict = () => {
  throw new PortError('conflict', 'x', 'somebody was faster');
};
const down = () => {
  throw new PortError('transient', 'host', 'host is down');
};
const ok = () => undefined;

describe('a pass', () => {
  it('asks for the desired once, then observes, remembers and acts until nothing can start', async () => {
    const system = new FakeSystem('fake', { a: ok });
    system.work.set('a', () => void system.work.set('b', ok));
    const { clock, done } = begin(system);
    const result = await clock.runUntil(done);
    expect(system.calls).toEqual([
      ...['desired', 'observe', 'remember', 'a'],
      ...['observe', 'remember', 'b'],
      ...['observe', 'remember'],
    ]);
    expect(result).toMatchObject({ rounds: 3, settled: true, inFlight: false, plan: { actions: [] } });
    expect(clock.sleeping).toBe(0);
  });

  it('looks once when there is nothing to do', async () => {
    const system = new FakeSystem();
    const { clock, done } = begin(system);
    expect(await clock.runUntil(done)).toMatchObject({ rounds: 1, settled: true, outcomes: [] });
    expect(system.listening).toBe(0);
  });

  it('keeps to its concurrency', async () => {
    let running = 0;
    let most = 0;
    const clock = new ManualClock(0);
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await clock.sleep(10);
      running -= 1;
    };
    const system = new FakeSystem(
      'fake',
      Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`action-${index}`, work])),
    );
    const { done } = begin(system, { clock, concurrency: 3 });
    await clock.runUntil(done);
    expect(most).toBe(3);
  });

  it('tells of every round and of what ended in it', async () => {
    const system = new FakeSystem('fake', { a: ok, b: down });
    const told: [number, string[]][] = [];
    const { clock, done } = begin(system, {
      onRound: (plan, ended) =>
        told.push([plan.actions.length, ended.map((one) => `${one.action.key} ${one.outcome}`).toSorted()]),
    });
    await clock.runUntil(done);
    expect(told).toEqual([
      [2, ['a done', 'b failed']],
      [1, []],
    ]);
  });

  it('plans and has no effect when suspended', async () => {
    const system = new FakeSystem('fake', { a: ok });
    let listened = 0;
    system.changed = () => {
      listened += 1;
      return Promise.resolve();
    };
    const { clock, done } = begin(system, { suspended: true });
    expect(await clock.runUntil(done)).toMatchObject({ rounds: 1, settled: false, outcomes: [] });
    expect([system.calls, listened]).toEqual([['desired', 'observe'], 0]);
  });

  it('does equal keys of one plan once', async () => {
    const system = new FakeSystem('fake', { a: ok });
    const plan = system.plan.bind(system);
    system.plan = (...input) => {
      const one = plan(...input);
      return { ...one, actions: [...one.actions, ...one.actions] };
    };
    const { clock, outcomes } = begin(system);
    expect(await clock.runUntil(outcomes)).toEqual([['a', 'done']]);
    expect(system.count('a')).toBe(1);
  });
});

describe('a failing action', () => {
  it('stops no other, and does not start again in this pass', async () => {
    const system = new FakeSystem('fake', { a: down, b: ok, c: down, d: ok });
    const { clock, done, outcomes, entries } = begin(system);
    expect(await clock.runUntil(outcomes)).toEqual(
      expect.arrayContaining([
        ['a', 'failed'],
        ['b', 'done'],
        ['c', 'failed'],
        ['d', 'done'],
      ]),
    );
    expect([system.count('a'), system.count('c')]).toEqual([1, 1]);
    expect((await done).settled).toBe(true);
    expect(entries.filter((one) => one.level === 'warn').map((one) => one.metadata['key'])).toEqual([
      'a',
      'c',
    ]);
  });

  it('is an error in the log when the program is to blame', async () => {
    const system = new FakeSystem('fake', {
      a: () => {
        throw new TypeError('x is undefined');
      },
      b: ok,
    });
    const { clock, outcomes, entries } = begin(system);
    expect(await clock.runUntil(outcomes)).toContainEqual(['a', 'failed']);
    const [entry] = entries.filter((one) => one.level === 'error');
    expect(entry?.metadata['error']).toBeInstanceOf(TypeError);
  });

  it('is held back in later passes until its backoff is over', async () => {
    const clock = new ManualClock(0);
    const backoffs = new Backoffs(clock, { base: 1_000, max: 9_000 }, { random: () => 0 });
    const system = new FakeSystem('fake', { a: down });
    const first = await clock.runUntil(begin(system, { clock, backoffs }).done);
    expect(first.retryAt).toBe(500);
    const second = await clock.runUntil(begin(system, { clock, backoffs }).done);
    expect([second.retryAt, second.outcomes, system.count('a')]).toEqual([500, [], 1]);
    await clock.advance(500);
    await clock.runUntil(begin(system, { clock, backoffs }).done);
    expect([system.count('a'), backoffs.failures('a')]).toEqual([2, 2]);
    system.work.set('a', ok);
    await clock.advance(1_000);
    await clock.runUntil(begin(system, { clock, backoffs }).done);
    expect([system.count('a'), backoffs.failures('a')]).toEqual([3, 0]);
  });
});

describe('a conflict', () => {
  it('is looked at again and may be done then', async () => {
    const system = new FakeSystem('fake', { a: conflict });
    system.work.set('a', () => {
      if (system.count('a') < 3) conflict();
    });
    const { clock, outcomes } = begin(system);
    expect(await clock.runUntil(outcomes)).toEqual([['a', 'done']]);
  });

  it('fails when it does not end', async () => {
    const system = new FakeSystem('fake', { a: conflict, b: ok });
    const { clock, outcomes } = begin(system);
    expect(await clock.runUntil(outcomes)).toEqual([
      ['b', 'done'],
      ['a', 'failed'],
    ]);
    expect(system.count('a')).toBe(4);
  });

  it('is superseded when the next plan no longer asks for it', async () => {
    const system = new FakeSystem('fake', { a: ok });
    system.work.set('a', () => {
      system.work.delete('a');
      conflict();
    });
    const { clock, outcomes } = begin(system);
    expect(await clock.runUntil(outcomes)).toEqual([['a', 'superseded']]);
  });

  it('while remembering is looked at again, but not for ever', async () => {
    const system = new FakeSystem('fake', { a: ok });
    system.beforeRemember = () => {
      if (system.count('remember') < 3) conflict();
    };
    const { clock, done } = begin(system);
    await clock.runUntil(done);
    expect(system.calls.slice(0, 8)).toEqual([
      'desired',
      ...['observe', 'remember', 'observe', 'remember', 'observe', 'remember'],
      'a',
    ]);
    const stubborn = new FakeSystem('fake', { a: ok });
    stubborn.beforeRemember = conflict;
    await expect(clock.runUntil(begin(stubborn).done)).rejects.toMatchObject({ fault: 'conflict' });
    expect([stubborn.count('remember'), stubborn.count('a')]).toEqual([11, 0]);
    const unlucky = new FakeSystem('fake', { a: ok });
    unlucky.beforeRemember = () => {
      if (unlucky.count('remember') % 2 === 1) conflict();
    };
    unlucky.work.set('a', () => {
      if (unlucky.count('a') < 4) conflict();
    });
    expect((await clock.runUntil(begin(unlucky).done)).settled).toBe(true);
    expect(unlucky.count('remember')).toBeGreaterThan(8);
  });
});

it('reports an action that is planned again after it was done, and goes on with the others', async () => {
  const system = new FakeSystem('fake', { a: ok, b: ok });
  system.sticky.add('a');
  // Two more rounds: it is reported once all the same.
  system.work.set('b', () => {
    if (system.count('b') < 4) conflict();
  });
  const { clock, done, outcomes } = begin(system);
  expect(await clock.runUntil(outcomes)).toEqual([
    ['a', 'done'],
    ['a', 'done'],
    ['a', 'failed'],
    ['b', 'done'],
  ]);
  expect((await done).outcomes[2]?.error).toMatchObject({
    message: 'work was planned again after it was done',
  });
});

describe('a failing read', () => {
  it('fails the pass', async () => {
    const system = new FakeSystem('fake', { a: ok });
    system.beforeObserve = down;
    const { clock, done } = begin(system);
    await expect(clock.runUntil(done)).rejects.toMatchObject({ fault: 'transient', message: 'host is down' });
    expect(system.count('a')).toBe(0);
    expect(clock.sleeping).toBe(0);
  });
});

describe('waiting', () => {
  function building() {
    const system = new FakeSystem('fake', { a: ok });
    system.work.set('a', () => void system.flying.add('a'));
    return system;
  }

  it('ends when what is in flight has landed', async () => {
    const system = building();
    const { clock, done } = begin(system);
    await clock.advance(5_000);
    const looks = system.count('observe');
    system.work.delete('a');
    system.land('a');
    const result = await clock.runUntil(done);
    expect(system.count('observe')).toBe(looks + 1);
    expect(clock.now()).toBeLessThan(6_000);
    expect(result).toMatchObject({ settled: true, inFlight: false });
    expect([system.listening, clock.sleeping]).toEqual([0, 0]);
  });

  it('does not miss a change while it looks', async () => {
    const system = building();
    system.beforeObserve = () => {
      if (system.count('observe') !== 2) return;
      system.work.delete('a');
      // Lands after this look has read the world.
      queueMicrotask(() => system.land('a'));
    };
    const { clock, done } = begin(system, { pollInterval: 1_000_000 });
    await clock.runUntil(done);
    expect(clock.now()).toBeLessThan(1_000_000);
  });

  it('looks every so often when it is told nothing', async () => {
    const system = building();
    system.changed = () => Promise.reject(new PortError('transient', 'watch', 'watch broke'));
    const { clock, done, entries } = begin(system, { pollInterval: 1_000 });
    await clock.advance(3_500);
    expect(system.count('observe')).toBe(2 + 3);
    system.work.delete('a');
    system.flying.delete('a');
    await clock.runUntil(done);
    expect(entries.some((one) => one.level === 'warn' && one.message.startsWith('cannot be told'))).toBe(
      true,
    );
  });

  it('leaves no timer behind when nothing was told', async () => {
    const system = building();
    const { clock, done } = begin(system, { pollInterval: 1_000 });
    await clock.advance(500);
    system.work.delete('a');
    system.flying.delete('a');
    await clock.runUntil(done);
    expect([clock.now(), clock.sleeping]).toEqual([1_000, 0]);
  });

  it('is left to others with wait: false', async () => {
    const system = building();
    const { clock, done } = begin(system, { wait: false });
    expect(await clock.runUntil(done)).toMatchObject({ settled: false, inFlight: true, rounds: 2 });
    expect(clock.now()).toBe(0);
  });

  it('ends with the signal', async () => {
    const { clock, stop, done } = begin(building());
    await clock.advance(1_000);
    stop.abort();
    expect(await clock.runUntil(done)).toMatchObject({ stopped: 'signal', settled: false, inFlight: true });
    expect(clock.sleeping).toBe(0);
  });
});

describe('stopping', () => {
  it('starts nothing more and lets what runs finish', async () => {
    const clock = new ManualClock(0);
    const slow = () => clock.sleep(20_000);
    const system = new FakeSystem('fake', { a: slow, b: slow, c: slow });
    const { stop, done, outcomes } = begin(system, { clock, concurrency: 2 });
    await clock.advance(1_000);
    stop.abort();
    expect(await clock.runUntil(outcomes)).toEqual([
      ['a', 'done'],
      ['b', 'done'],
    ]);
    expect(await done).toMatchObject({ stopped: 'signal', settled: false });
    expect([clock.now(), clock.sleeping, system.count('c')]).toEqual([20_000, 0, 0]);
  });

  it('breaks off what does not finish within the grace', async () => {
    const system = new FakeSystem('fake', { a: hang });
    const { clock, stop, done } = begin(system, { grace: 2_000 });
    await clock.advance(1_000);
    stop.abort();
    const result = await clock.runUntil(done);
    expect(clock.now()).toBe(3_000);
    expect(result.outcomes[0]).toMatchObject({ outcome: 'failed', error: { fault: 'cancelled' } });
  });

  it('leaves behind what does not obey', async () => {
    const system = new FakeSystem('fake', { a: () => new Promise(() => undefined) });
    const { clock, stop, done } = begin(system, { grace: 2_000 });
    stop.abort();
    await expect(clock.runUntil(done)).rejects.toMatchObject({ fault: 'cancelled' });
    const second = begin(system, { grace: 2_000 });
    await second.clock.advance(1_000);
    second.stop.abort();
    const result = await second.clock.runUntil(second.done);
    expect(second.clock.now()).toBe(8_000);
    expect(result.outcomes[0]?.error).toMatchObject({
      message: expect.stringContaining('left behind') as unknown,
    });
  });

  it('by its deadline is no different, and holds nothing against the keys', async () => {
    const clock = new ManualClock(0);
    const backoffs = new Backoffs(clock, { base: 1_000, max: 9_000 });
    const system = new FakeSystem('fake', { a: hang, b: ok });
    const { outcomes, done } = begin(system, { clock, backoffs, deadline: 10_000, grace: 2_000 });
    expect(await clock.runUntil(outcomes)).toEqual([
      ['b', 'done'],
      ['a', 'failed'],
    ]);
    expect(clock.now()).toBe(12_000);
    expect((await done).stopped).toBe('deadline');
    expect(backoffs.size).toBe(0);
  });

  it('says that a look took too long', async () => {
    const system = new FakeSystem('fake', { a: ok });
    system.beforeObserve = () => new Promise<void>(() => undefined);
    const { clock, done } = begin(system, { deadline: 10_000 });
    await expect(clock.runUntil(done)).rejects.toMatchObject({
      fault: 'transient',
      message: 'the pass of fake did not end within 10 s',
    });
    expect([clock.now(), clock.sleeping]).toEqual([10_000, 0]);
  });

  it('hides no mistake in the program', async () => {
    const system = new FakeSystem('fake', { a: ok });
    const { clock, stop, done } = begin(system);
    system.beforeRemember = () => {
      stop.abort();
      throw new TypeError('x is undefined');
    };
    await expect(clock.runUntil(done)).rejects.toThrow(TypeError);
  });

  it('fails a conflict that nobody looks at any more', async () => {
    const clock = new ManualClock(0);
    const system = new FakeSystem('fake', { a: conflict, b: () => clock.sleep(5_000) });
    const { stop, outcomes } = begin(system, { clock });
    await clock.advance(1_000);
    stop.abort();
    expect(await clock.runUntil(outcomes)).toEqual([
      ['b', 'done'],
      ['a', 'failed'],
    ]);
  });
});
