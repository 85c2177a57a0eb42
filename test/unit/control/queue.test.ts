import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Backoffs } from '../../../runtime/control/backoff.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { WorkQueue, type QueueMetrics } from '../../../runtime/control/queue.ts';
import { PortError } from '../../../runtime/ports/errors.ts';

function setUp(metrics?: QueueMetrics) {
  const clock = new ManualClock(0);
  const backoffs = new Backoffs(clock, { base: 1_000, max: 60_000 }, { random: () => 0 });
  return { clock, queue: new WorkQueue({ clock, backoffs, metrics }) };
}

/** Undefined where `take` still waits. */
async function takeNow(queue: WorkQueue): Promise<string | undefined> {
  const stop = new AbortController();
  const taken = queue.take(stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort('nothing to take');
  return taken.catch(() => undefined);
}

describe('WorkQueue', () => {
  it('hands out each key once, first in first out', async () => {
    const { queue } = setUp();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect([await takeNow(queue), await takeNow(queue), await takeNow(queue), await takeNow(queue)]).toEqual([
      'a',
      'b',
      'c',
      undefined,
    ]);
  });

  it('gives a key that was added while it was worked on once more, after done', async () => {
    const { queue } = setUp();
    queue.add('a');
    await takeNow(queue);
    queue.add('a');
    queue.add('a');
    expect(await takeNow(queue)).toBeUndefined();
    queue.done('a');
    expect(await takeNow(queue)).toBe('a');
    queue.done('a');
    expect(await takeNow(queue)).toBeUndefined();
  });

  it('gives a waiting worker the next key, in the order of asking', async () => {
    const { queue } = setUp();
    const [first, second] = [queue.take(), queue.take()];
    queue.add('a');
    queue.add('b');
    expect([await first, await second]).toEqual(['a', 'b']);
  });

  it('lets a worker give up waiting and loses no key by that', async () => {
    const { queue } = setUp();
    const stop = new AbortController();
    const taken = queue.take(stop.signal);
    stop.abort(new Error('enough'));
    await expect(taken).rejects.toThrow('enough');
    await expect(queue.take(stop.signal)).rejects.toThrow('enough');
    queue.add('a');
    expect(await takeNow(queue)).toBe('a');
  });

  it('adds later, at the earliest of several times', async () => {
    const { clock, queue } = setUp();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 200);
    await clock.advance(49);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await takeNow(queue)).toBe('a');
    queue.done('a');
    await clock.advance(1_000);
    expect([queue.depth, clock.sleeping]).toEqual([0, 0]);
    queue.addAfter('b', 0);
    expect(queue.depth).toBe(1);
  });

  it('backs off longer with every failure, until the key is forgotten', async () => {
    const { clock, queue } = setUp();
    expect(queue.addRateLimited('a')).toBe(500);
    await clock.advance(500);
    expect(await takeNow(queue)).toBe('a');
    expect(queue.addRateLimited('a')).toBe(1_500);
    queue.done('a');
    queue.forget('a');
    await clock.advance(1_000);
    expect(await takeNow(queue)).toBe('a');
    const asked = new PortError('rate-limited', 'a', 'slow down', { retryAfter: 9_000 });
    expect(queue.addRateLimited('a', asked)).toBe(1_500 + 9_000);
  });

  it('drains when it is shut down', async () => {
    const { clock, queue } = setUp();
    queue.add('a');
    queue.add('b');
    queue.addAfter('late', 10);
    await takeNow(queue);
    queue.add('a');
    let drained = false;
    const end = queue.shutdown().then(() => (drained = true));
    queue.add('new');
    queue.addAfter('new', 1);
    await clock.advance(100);
    expect(await takeNow(queue)).toBe('b');
    queue.done('b');
    queue.done('a');
    expect([await takeNow(queue), drained]).toEqual(['a', false]);
    queue.done('a');
    expect(await queue.take()).toBeUndefined();
    await end;
    expect(drained).toBe(true);
  });

  it('sends waiting workers home when it is shut down empty', async () => {
    const { queue } = setUp();
    const taken = queue.take();
    await queue.shutdown();
    expect(await taken).toBeUndefined();
  });

  it('refuses done for a key that nobody took', () => {
    const { queue } = setUp();
    expect(() => queue.done('a')).toThrow('nobody took it');
  });

  it('tells of itself', async () => {
    const told: [string, number?][] = [];
    const { clock, queue } = setUp({
      added: () => told.push(['added']),
      retried: () => told.push(['retried']),
      depth: (keys) => told.push(['depth', keys]),
      waited: (ms) => told.push(['waited', ms]),
      worked: (ms) => told.push(['worked', ms]),
    });
    queue.add('a');
    queue.add('a');
    await clock.advance(30);
    await queue.take();
    await clock.advance(70);
    queue.addRateLimited('a');
    queue.add('a');
    queue.add('a');
    queue.done('a');
    expect(told).toEqual([
      ['added'],
      ['depth', 1],
      ['waited', 30],
      ['depth', 0],
      ['retried'],
      ['added'],
      ['worked', 70],
      ['depth', 1],
    ]);
  });
});

/** What a queue is, in its simplest words. */
interface Model {
  waiting: string[];
  processing: Set<string>;
  again: Set<string>;
}

type Command = fc.AsyncCommand<Model, WorkQueue>;

class Add implements Command {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
  check = () => true;
  run(model: Model, queue: WorkQueue) {
    queue.add(this.key);
    if (model.processing.has(this.key)) model.again.add(this.key);
    else if (!model.waiting.includes(this.key)) model.waiting.push(this.key);
    expect(queue.depth).toBe(model.waiting.length);
    return Promise.resolve();
  }
  toString = () => `add(${this.key})`;
}

class Take implements Command {
  check = () => true;
  async run(model: Model, queue: WorkQueue) {
    const expected = model.waiting.shift();
    expect(await takeNow(queue)).toBe(expected);
    if (expected !== undefined) model.processing.add(expected);
  }
  toString = () => 'take()';
}

class Done implements Command {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
  check = (model: Readonly<Model>) => model.processing.has(this.key);
  run(model: Model, queue: WorkQueue) {
    queue.done(this.key);
    model.processing.delete(this.key);
    if (model.again.delete(this.key)) model.waiting.push(this.key);
    expect(queue.depth).toBe(model.waiting.length);
    return Promise.resolve();
  }
  toString = () => `done(${this.key})`;
}

it('behaves as its model', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const commands = fc.commands(
    [key.map((one) => new Add(one)), fc.constant(new Take()), key.map((one) => new Done(one))],
    { maxCommands: 40 },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (run) => {
      const model: Model = { waiting: [], processing: new Set(), again: new Set() };
      await fc.asyncModelRun(() => ({ model, real: setUp().queue }), run);
    }),
  );
});
