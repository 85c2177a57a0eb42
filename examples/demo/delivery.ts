import { deliveryOptions } from '../../runtime/commands/delivery-session.ts';
import type { Outcome } from '../../runtime/control/history.ts';
import { silentLogger } from '../../runtime/control/log.ts';
import { runPass } from '../../runtime/control/pass.ts';
import type { DeliveryAction, DeliveryItem, DeliveryPlan } from '../../runtime/delivery/actions.ts';
import { DesiredSource } from '../../runtime/delivery/source.ts';
import { DeliverySystem } from '../../runtime/delivery/system.ts';
import type { Settings } from '../../runtime/api/settings.ts';
import type { Home, HomeObserver } from '../../runtime/home.ts';
import type { Build } from '../../runtime/ports/index.ts';

/** What one pass did and asked of the outside. */
export interface PassFacts {
  /** How things stand at its end. */
  readonly plan: DeliveryPlan;
  readonly done: readonly DeliveryAction[];
  /** Builds that it started, as the builder tells. */
  readonly builds: readonly Build[];
  readonly asked: Asked;
}

export interface Asked {
  /** Commands of git that talk to a server. */
  readonly lsRemotes: number;
  readonly transfers: number;
  readonly forgeReads: number;
  /** Of those: answered 304, not changed. */
  readonly notModified: number;
  readonly forgeWrites: number;
  readonly registry: number;
}

const nothing: Asked = {
  lsRemotes: 0,
  transfers: 0,
  forgeReads: 0,
  notModified: 0,
  forgeWrites: 0,
  registry: 0,
};

/** Counts what goes out. */
export class Meter {
  asked: Asked = nothing;

  readonly observer: HomeObserver = {
    onGit: ({ command }) => {
      if (command === 'ls-remote') this.#count('lsRemotes');
      if (command === 'fetch' || command === 'push') this.#count('transfers');
    },
    onForge: ({ method, status }) => {
      this.#count(method === 'GET' ? 'forgeReads' : 'forgeWrites');
      if (status === 304) this.#count('notModified');
    },
    onRegistry: () => this.#count('registry'),
  };

  reset(): void {
    this.asked = nothing;
  }

  #count(what: keyof Asked): void {
    this.asked = { ...this.asked, [what]: this.asked[what] + 1 };
  }
}

export type OnRound = (plan: DeliveryPlan, outcomes: readonly Outcome<DeliveryAction>[]) => void;

/** App CD, one pass at a time: what `slipway delivery apply` does, with an eye on it. */
export class Delivery {
  readonly #home: Home;
  readonly #meter: Meter;
  readonly #system: DeliverySystem;
  #known = new Set<string>();

  constructor(config: string, settings: Settings, home: Home, meter: Meter) {
    const source = new DesiredSource(config, home.documents, {}, silentLogger);
    this.#home = home;
    this.#meter = meter;
    this.#system = new DeliverySystem((signal) => source.read(signal), home, deliveryOptions(settings));
  }

  /** Until nothing is left to do and no build is under way. */
  async pass(signal: AbortSignal, onRound: OnRound): Promise<PassFacts> {
    this.#meter.reset();
    const { plan, outcomes, stopped } = await runPass<unknown, unknown, DeliveryItem, DeliveryAction>(
      this.#system,
      {
        clock: this.#home.clock,
        signal,
        logger: silentLogger,
        wait: true,
        onRound,
      },
    );
    if (stopped) signal.throwIfAborted();
    const failed = outcomes.find(({ outcome }) => outcome === 'failed');
    if (failed) throw failed.error;
    const { asked } = this.#meter;
    const builds = await this.#home.builder.list(signal);
    const started = builds.filter(({ name }) => !this.#known.has(name));
    this.#known = new Set(builds.map(({ name }) => name));
    return { plan, done: outcomes.map(({ action }) => action), builds: started, asked };
  }
}
