import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Elector } from '../../runtime/ports/elector.ts';

/** A process that leads once it can, and then keeps leading until it is killed. */
export interface Contender {
  /** Resolves when the process is about to ask for leadership. */
  readonly contends: Promise<void>;
  /** Resolves when the process leads. */
  readonly leads: Promise<void>;
  /** Like a crash: no handler of the process runs. Resolves when it is gone. */
  kill(): Promise<void>;
}

/** What an implementation brings. Everything made from one set-up elects together. */
export interface ElectorSetup {
  elector(): Elector;
  contender(name: string): Contender;
  close(): Promise<void>;
}

/** A leadership that a test holds and gives up. */
interface Holding {
  readonly leads: Promise<AbortSignal>;
  readonly done: Promise<void>;
  giveUp(): void;
}

function hold(elector: Elector, name: string, signal: AbortSignal): Holding {
  const leads = Promise.withResolvers<AbortSignal>();
  const end = Promise.withResolvers<undefined>();
  const done = elector.lead(
    name,
    async (lost) => {
      leads.resolve(lost);
      await end.promise;
    },
    signal,
  );
  done.catch(leads.reject);
  return { leads: leads.promise, done, giveUp: () => end.resolve(undefined) };
}

/** What every elector must do. */
export function electorContract(title: string, open: () => Promise<ElectorSetup>): void {
  describe(`${title} elects`, () => {
    let setup: ElectorSetup;
    let stop: AbortController;
    const contenders: Contender[] = [];
    const contend = (name: string): Contender => {
      const contender = setup.contender(name);
      contenders.push(contender);
      return contender;
    };

    beforeEach(async () => {
      setup = await open();
      stop = new AbortController();
    });
    afterEach(async () => {
      stop.abort();
      await Promise.all(contenders.splice(0).map((one) => one.kill()));
      await setup.close();
    });

    it('one leader at a time among many', async () => {
      let leading = 0;
      let most = 0;
      const turn = async () => {
        leading += 1;
        most = Math.max(most, leading);
        await new Promise((resolve) => setImmediate(resolve));
        leading -= 1;
      };
      const electors = Array.from({ length: 4 }, () => setup.elector());
      await Promise.all(electors.map((elector) => elector.lead('one', turn, stop.signal)));
      expect(most).toBe(1);
    });

    it('a leader of each name', async () => {
      const first = hold(setup.elector(), 'first', stop.signal);
      const second = hold(setup.elector(), 'second/../first', stop.signal);
      await Promise.all([first.leads, second.leads]);
      first.giveUp();
      second.giveUp();
      await Promise.all([first.done, second.done]);
    });

    it('the next one when the leader gives up', async () => {
      const first = hold(setup.elector(), 'one', stop.signal);
      await first.leads;
      const second = hold(setup.elector(), 'one', stop.signal);
      first.giveUp();
      await first.done;
      expect((await second.leads).aborted).toBe(false);
      second.giveUp();
      await second.done;
    });

    it('the next one when the leader fails, whose error is thrown', async () => {
      const failure = new Error('the work failed');
      const failing = setup.elector().lead('one', () => Promise.reject(failure), stop.signal);
      await expect(failing).rejects.toBe(failure);
      const next = hold(setup.elector(), 'one', stop.signal);
      await next.leads;
      next.giveUp();
      await next.done;
    });

    it('nobody who was cancelled while waiting', async () => {
      const leader = hold(setup.elector(), 'one', stop.signal);
      await leader.leads;
      const cancel = new AbortController();
      const waiting = setup.elector().lead('one', () => Promise.reject(new Error('led')), cancel.signal);
      cancel.abort();
      await expect(waiting).rejects.toMatchObject({ fault: 'cancelled' });
      leader.giveUp();
      await leader.done;
      const late = setup.elector().lead('one', () => Promise.reject(new Error('led')), cancel.signal);
      await expect(late).rejects.toMatchObject({ fault: 'cancelled' });
    });

    it('and tells the leader to stop when its signal fires', async () => {
      const cancel = new AbortController();
      const leader = hold(setup.elector(), 'one', cancel.signal);
      const told = await leader.leads;
      cancel.abort();
      expect(told.aborted).toBe(true);
      leader.giveUp();
      await leader.done;
    });

    it('another process when the leading process is killed', async () => {
      const first = contend('one');
      await first.leads;
      const second = contend('one');
      let secondLeads = false;
      const taken = second.leads.then(() => (secondLeads = true));
      await second.contends;
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(secondLeads).toBe(false);
      await first.kill();
      await taken;
    });
  });
}
