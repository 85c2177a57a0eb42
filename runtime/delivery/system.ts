import { LRUCache } from 'lru-cache';
import type { System } from '../control/system.ts';
import type { DeliveryAction, DeliveryItem, DeliveryPlan } from './actions.ts';
import { apply } from './apply.ts';
import { endingsOf } from './failures.ts';
import { createGuards } from './guards.ts';
import { observe, type DeliveryPorts } from './observe.ts';
import { InputsMemo } from './observe-sources.ts';
import { TargetsMemo } from './observe-targets.ts';
import type { Observed } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import type { Desired } from './pair.ts';
import { PortError } from '../ports/index.ts';
import { plan } from './plan.ts';
import { remember } from './remember.ts';

/** App CD: rebuilds images when their inputs change, and proposes manifests that use them. */
export class DeliverySystem implements System<Desired, Observed, DeliveryItem, DeliveryAction> {
  readonly name = 'delivery';
  readonly desired: (signal: AbortSignal) => Promise<Desired>;
  readonly #ports: DeliveryPorts;
  readonly #options: DeliveryOptions;
  readonly #memory;
  /** What the last try of an action, or of one branch of a push, ran into. */
  readonly #failures = new LRUCache<string, string>({ max: 1_000 });

  /** @param desired reads the config anew for each pass */
  constructor(
    desired: (signal: AbortSignal) => Promise<Desired>,
    ports: DeliveryPorts,
    options: DeliveryOptions,
  ) {
    this.desired = (signal) => {
      // Once per pass: a host that does not answer costs its retries in the first round alone.
      this.#memory.guards.git.reset();
      this.#memory.guards.http.reset();
      return desired(signal);
    };
    this.#ports = ports;
    this.#options = options;
    this.#memory = {
      inputs: new InputsMemo(),
      targets: new TargetsMemo(),
      guards: createGuards(ports.clock),
    };
  }

  async observe(desired: Desired, signal: AbortSignal): Promise<Observed> {
    const observed = await observe(desired, this.#ports, this.#options, this.#memory, signal);
    return { ...observed, failures: new Map(this.#failures.entries()) };
  }

  plan(desired: Desired, observed: Observed, now: number): DeliveryPlan {
    return plan(desired, observed, this.#options, now);
  }

  remember(plan: DeliveryPlan, observed: Observed, signal: AbortSignal): Promise<void> {
    return remember(plan, observed, this.#ports, this.#options.installation, signal);
  }

  async apply(action: DeliveryAction, signal: AbortSignal): Promise<void> {
    try {
      await apply(action, this.#ports, this.#options, signal);
      this.#keep(action, undefined);
    } catch (error) {
      if (error instanceof PortError && error.fault !== 'cancelled') this.#keep(action, error);
      throw error;
    }
  }

  #keep(action: DeliveryAction, error: PortError | undefined): void {
    for (const [key, failure] of endingsOf(action, error))
      if (failure === undefined) this.#failures.delete(key);
      else this.#failures.set(key, failure);
  }

  inFlight({ items }: DeliveryPlan): boolean {
    return items.some(({ build }) => build !== undefined);
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#ports.builder.changed(signal);
  }
}
