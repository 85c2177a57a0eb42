import type { System } from '../control/system.ts';
import type { DeliveryAction, DeliveryItem, DeliveryPlan } from './actions.ts';
import { apply } from './apply.ts';
import { createGuards } from './guards.ts';
import { observe, type DeliveryPorts } from './observe.ts';
import { InputsMemo } from './observe-sources.ts';
import type { Observed } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import type { Desired } from './pair.ts';
import { plan } from './plan.ts';
import { remember } from './remember.ts';

/** App CD: rebuilds images when their inputs change, and proposes manifests that use them. */
export class DeliverySystem implements System<Desired, Observed, DeliveryItem, DeliveryAction> {
  readonly name = 'delivery';
  readonly desired: (signal: AbortSignal) => Promise<Desired>;
  readonly #ports: DeliveryPorts;
  readonly #options: DeliveryOptions;
  readonly #memory;

  /** @param desired reads the config anew for each pass */
  constructor(
    desired: (signal: AbortSignal) => Promise<Desired>,
    ports: DeliveryPorts,
    options: DeliveryOptions,
  ) {
    this.desired = desired;
    this.#ports = ports;
    this.#options = options;
    this.#memory = { inputs: new InputsMemo(), guards: createGuards(ports.clock) };
  }

  observe(desired: Desired, signal: AbortSignal): Promise<Observed> {
    this.#memory.guards.git.reset();
    this.#memory.guards.http.reset();
    return observe(desired, this.#ports, this.#options, this.#memory, signal);
  }

  plan(desired: Desired, observed: Observed, now: number): DeliveryPlan {
    return plan(desired, observed, this.#options, now);
  }

  remember(plan: DeliveryPlan, observed: Observed, signal: AbortSignal): Promise<void> {
    return remember(plan, observed, this.#ports, this.#options.installation, signal);
  }

  apply(action: DeliveryAction, signal: AbortSignal): Promise<void> {
    return apply(action, this.#ports, this.#options, signal);
  }

  inFlight({ items }: DeliveryPlan): boolean {
    return items.some(({ build }) => build !== undefined);
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#ports.builder.changed(signal);
  }
}
