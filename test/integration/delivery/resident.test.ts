import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../runtime/control/clock.ts';
import { driveDelivery, type Resident } from '../../../runtime/delivery/resident.ts';
import { tell } from '../../../runtime/delivery/people.ts';
import { FileLockElector } from '../../../runtime/local/elector.ts';
import { openObjectStore, type LocalObjectStore } from '../../../runtime/local/object-store.ts';
import { PortError, type Elector } from '../../../runtime/ports/index.ts';
import { FakeSystem } from '../../unit/control/fake-system.ts';
import { recorder } from '../../unit/control/recorder.ts';

const hour = 3_600_000;

/** A delivery that notes its passes. */
class Passes extends FakeSystem {
  readonly #waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  #made = 0;

  constructor() {
    super('delivery');
    this.beforeObserve = () => {
      this.#made += 1;
      for (const one of this.#waiting) if (this.#made >= one.count) one.resolve();
    };
  }

  get made(): number {
    return this.#made;
  }

  /** Resolves once so many passes have been made. */
  reached(count: number): Promise<void> {
    if (this.#made >= count) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#waiting.add({ count, resolve: () => resolve(undefined) });
    return promise;
  }
}

describe('driveDelivery', () => {
  let directory: string;
  let objects: LocalObjectStore;
  let stop: AbortController;
  let residents: Resident[];

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'slipway-resident-'));
    objects = await openObjectStore({ path: path.join(directory, 'objects.sqlite'), clock: systemClock });
    stop = new AbortController();
    residents = [];
  });

  afterEach(async () => {
    stop.abort();
    await Promise.allSettled(residents.map(({ finished }) => finished));
    objects.close();
    await rm(directory, { recursive: true });
  });

  function drive(system: Passes, options: { elector?: Elector; signal?: AbortSignal } = {}): Resident {
    const { elector = new FileLockElector({ directory, clock: systemClock }), signal = stop.signal } =
      options;
    const ports = { clock: systemClock, elector, objects };
    const { logger } = recorder();
    const resident = driveDelivery({ system, ports, logger, signal, interval: hour });
    resident.finished.catch(() => undefined);
    residents.push(resident);
    return resident;
  }

  it('makes a pass at once, when it is woken, and when a person says something', async () => {
    const system = new Passes();
    const resident = drive(system);
    await system.reached(1);
    resident.wake('push');
    await system.reached(2);
    await tell(objects, { application: 'kfam', version: 'v1' }, { say: 'hold' }, stop.signal);
    await system.reached(3);
    await tell(objects, { application: 'kfam', version: 'v1' }, { say: 'release' }, stop.signal);
    await system.reached(4);
    stop.abort();
    await expect(resident.finished).resolves.toBeUndefined();
  });

  it('waits while another leads, and looks first once it leads itself', async () => {
    const [first, second] = [new Passes(), new Passes()];
    const ended = new AbortController();
    const leader = drive(first, { signal: ended.signal });
    await first.reached(1);
    const standby = drive(second);
    standby.wake('push');
    expect([standby.status(), second.made]).toEqual([undefined, 0]);
    ended.abort();
    await leader.finished;
    await second.reached(1);
    expect(standby.status()).toMatchObject({ system: 'delivery' });
  });

  it('ends with an error when it leads no more', async () => {
    const lost = new AbortController();
    const elector: Elector = {
      lead: (_name, lead, signal) => lead(AbortSignal.any([signal, lost.signal])),
    };
    const system = new Passes();
    const resident = drive(system, { elector });
    await system.reached(1);
    lost.abort(new Error('the lock is gone'));
    await expect(resident.finished).rejects.toThrow(PortError);
    await expect(resident.finished).rejects.toMatchObject({ fault: 'transient' });
  });
});
