import type { System } from '../control/system.ts';
import type { DeliveryAction, DeliveryItem, DeliveryPlan } from './actions.ts';
import type { Observed } from './observed.ts';
import { pairName, type Desired, type Pair } from './pair.ts';
import { lineage, scopeOf } from './scope.ts';
import type { DeliverySystem } from './system.ts';
import { towards, type Goal } from './towards.ts';

/** Delivery that looks after one pair: what it decides is what a whole pass decides, and what it does leads to the goal. */
export class OnePair implements System<Desired, Observed, DeliveryItem, DeliveryAction> {
  readonly name = 'delivery';
  readonly #whole: DeliverySystem;
  readonly #pair: Pick<Pair, 'application' | 'version'>;
  readonly #goal: Goal;

  constructor(whole: DeliverySystem, pair: Pick<Pair, 'application' | 'version'>, goal: Goal) {
    this.#whole = whole;
    this.#pair = pair;
    this.#goal = goal;
  }

  async desired(signal: AbortSignal): Promise<Desired> {
    const desired = await this.#whole.desired(signal);
    const pair = this.#find(desired);
    return pair ? scopeOf(desired, pair) : { ...desired, pairs: [] };
  }

  observe(desired: Desired, signal: AbortSignal): Promise<Observed> {
    return this.#whole.observe(desired, signal);
  }

  plan(desired: Desired, observed: Observed, now: number): DeliveryPlan {
    const plan = this.#whole.plan(desired, observed, now);
    const pair = this.#find(desired);
    if (!pair) return { ...plan, items: [], actions: [] };
    const kept = this.#goal === 'image' ? lineage(desired, pair) : new Set([pairName(pair)]);
    const { actions } = towards(this.#goal, pair, plan, desired, observed);
    return { ...plan, items: plan.items.filter((item) => kept.has(pairName(item))), actions };
  }

  remember(plan: DeliveryPlan, observed: Observed, signal: AbortSignal): Promise<void> {
    return this.#whole.remember(plan, observed, signal);
  }

  apply(action: DeliveryAction, signal: AbortSignal): Promise<void> {
    return this.#whole.apply(action, signal);
  }

  inFlight(plan: DeliveryPlan): boolean {
    return this.#goal === 'image' && this.#whole.inFlight(plan);
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#whole.changed(signal);
  }

  #find({ pairs }: Desired): Pair | undefined {
    const name = pairName(this.#pair);
    return pairs.find((pair) => pairName(pair) === name);
  }
}
