import type { System } from '../control/system.ts';
import type { DeliveryAction, DeliveryItem, DeliveryPlan } from './actions.ts';
import type { DeliveryPorts } from './observe.ts';
import type { Observed } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { pairName, type Desired } from './pair.ts';
import { unwantedPullRequests } from './plan-closings.ts';
import { closeSuperseded, ownPullRequests, type OwnPullRequests } from './superseded.ts';
import type { DeliverySystem } from './system.ts';

interface Seen {
  readonly observed: Observed;
  readonly own: readonly OwnPullRequests[];
}

/** Closes what nobody waits for any more, on a person's word: obsolete pull requests, and superseded ones of any naming. */
export class Closings implements System<Desired, Seen, DeliveryItem, DeliveryAction> {
  readonly name = 'delivery';
  readonly #whole: DeliverySystem;
  readonly #ports: Pick<DeliveryPorts, 'forge'>;
  readonly #options: DeliveryOptions;

  constructor(whole: DeliverySystem, ports: Pick<DeliveryPorts, 'forge'>, options: DeliveryOptions) {
    this.#whole = whole;
    this.#ports = ports;
    this.#options = options;
  }

  desired(signal: AbortSignal): Promise<Desired> {
    return this.#whole.desired(signal);
  }

  async observe(desired: Desired, signal: AbortSignal): Promise<Seen> {
    const own = await ownPullRequests(desired, this.#ports, this.#options, signal);
    return { observed: await this.#whole.observe(desired, signal), own };
  }

  plan(desired: Desired, { observed, own }: Seen, now: number): DeliveryPlan {
    const { system, at, items } = this.#whole.plan(desired, observed, now);
    const upToDate = new Set(items.filter(({ state }) => state === 'up-to-date').map(pairName));
    const closings = [
      ...unwantedPullRequests({ observed, upToDate }).map(({ action }) => action),
      ...own.flatMap((one) => closeSuperseded(desired, one, this.#options.installation, observed.branches)),
    ];
    return {
      system,
      at,
      items,
      actions: [...new Map(closings.map((action) => [action.key, action])).values()],
    };
  }

  remember(plan: DeliveryPlan, { observed }: Seen, signal: AbortSignal): Promise<void> {
    return this.#whole.remember(plan, observed, signal);
  }

  apply(action: DeliveryAction, signal: AbortSignal): Promise<void> {
    return this.#whole.apply(action, signal);
  }

  inFlight(): boolean {
    return false;
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#whole.changed(signal);
  }
}
