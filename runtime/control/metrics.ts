import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { Clock } from '../ports/clock.ts';
import { PortError, type Fault } from '../ports/errors.ts';
import type { Item } from './plan.ts';
import type { QueueMetrics } from './queue.ts';

export type ActionOutcome = 'done' | 'failed' | 'superseded';
export type PassOutcome = 'settled' | 'waiting' | 'stopped' | 'failed';
export type CallOutcome = 'ok' | Fault | 'error';

/** What the program tells of itself. Times in milliseconds. */
export interface Metrics {
  /** From now on the system is expected to finish passes. */
  driven(system: string): void;
  passFinished(system: string, outcome: PassOutcome, ms: number): void;
  actionFinished(system: string, kind: string, outcome: ActionOutcome): void;
  /** How the items of a system stand, in place of what was told before. */
  items(system: string, items: readonly Item[]): void;
  /** One call of a port to the outside. */
  outsideCall(port: string, host: string, outcome: CallOutcome, ms: number): void;
  /** Whether we lead under this name. */
  leading(name: string, leads: boolean): void;
  /** Figures of one queue. */
  queue(name: string): QueueMetrics;
}

/** Metrics, and their text for a scraper. */
export interface MetricsRegistry extends Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

const callBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];
const passBuckets = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];

/** A registry of its own: two of them in one process do not meet. */
export function createMetrics(clock: Clock): MetricsRegistry {
  const registry = new Registry();
  return {
    ...passMetrics(registry, clock),
    ...callMetrics(registry),
    queue: queueMetrics(registry),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function passMetrics(
  registry: Registry,
  clock: Clock,
): Pick<Metrics, 'driven' | 'passFinished' | 'actionFinished' | 'items'> {
  const registers = [registry];
  const passes = new Histogram({
    name: 'slipway_pass_duration_seconds',
    help: 'Passes by system and outcome, and how long they took.',
    labelNames: ['system', 'outcome'],
    buckets: passBuckets,
    registers,
  });
  const lastPass = new Gauge({
    name: 'slipway_pass_last_timestamp_seconds',
    help: 'When the last pass of each outcome ended, seconds since 1970.',
    labelNames: ['system', 'outcome'],
    registers,
  });
  const actions = new Counter({
    name: 'slipway_actions_total',
    help: 'Actions by how they ended.',
    labelNames: ['system', 'kind', 'outcome'],
    registers,
  });
  const items = new Gauge({
    name: 'slipway_items',
    help: 'Items by state, as the last plan has them.',
    labelNames: ['system', 'state'],
    registers,
  });
  const lastSign = new Map<string, number>();
  new Gauge({
    name: 'slipway_pass_age_seconds',
    help: 'Seconds since a pass of the system last ended in any way: it hangs when this grows.',
    labelNames: ['system'],
    registers,
    collect() {
      for (const [system, at] of lastSign) this.set({ system }, (clock.now() - at) / 1000);
    },
  });
  const states = new Map<string, Set<string>>();
  return {
    driven: (system) => {
      lastSign.set(system, clock.now());
    },
    passFinished(system, outcome, ms) {
      lastSign.set(system, clock.now());
      passes.observe({ system, outcome }, ms / 1000);
      lastPass.set({ system, outcome }, clock.now() / 1000);
    },
    actionFinished: (system, kind, outcome) => actions.inc({ system, kind, outcome }),
    items(system, all) {
      const counts = Map.groupBy(all, (item) => item.state);
      const known = states.get(system) ?? new Set();
      states.set(system, known);
      for (const state of counts.keys()) known.add(state);
      // A state that nobody is in any more reads 0 and does not vanish: alerts on it then resolve.
      for (const state of known) items.set({ system, state }, counts.get(state)?.length ?? 0);
    },
  };
}

function callMetrics(registry: Registry): Pick<Metrics, 'outsideCall' | 'leading'> {
  const calls = new Histogram({
    name: 'slipway_outside_call_duration_seconds',
    help: 'Calls to the outside by port, host and outcome, and how long they took.',
    labelNames: ['port', 'host', 'outcome'],
    buckets: callBuckets,
    registers: [registry],
  });
  const leader = new Gauge({
    name: 'slipway_leader',
    help: '1 while we lead under this name, else 0.',
    labelNames: ['name'],
    registers: [registry],
  });
  return {
    outsideCall: (port, host, outcome, ms) => calls.observe({ port, host, outcome }, ms / 1000),
    leading: (name, leads) => leader.set({ name }, leads ? 1 : 0),
  };
}

function queueMetrics(registry: Registry): (name: string) => QueueMetrics {
  const labelNames = ['queue'] as const;
  const registers = [registry];
  const depth = new Gauge({ name: 'slipway_queue_depth', help: 'Keys that wait.', labelNames, registers });
  const adds = new Counter({ name: 'slipway_queue_adds_total', help: 'Keys added.', labelNames, registers });
  const retries = new Counter({
    name: 'slipway_queue_retries_total',
    help: 'Keys put back after a failure.',
    labelNames,
    registers,
  });
  const waited = new Histogram({
    name: 'slipway_queue_wait_seconds',
    help: 'How long keys waited until they were taken.',
    labelNames,
    buckets: callBuckets,
    registers,
  });
  const worked = new Histogram({
    name: 'slipway_queue_work_seconds',
    help: 'How long keys were worked on.',
    labelNames,
    buckets: passBuckets,
    registers,
  });
  return (queue) => ({
    added: () => adds.inc({ queue }),
    retried: () => retries.inc({ queue }),
    depth: (keys) => depth.set({ queue }, keys),
    waited: (ms) => waited.observe({ queue }, ms / 1000),
    worked: (ms) => worked.observe({ queue }, ms / 1000),
  });
}

/** Makes a call to the outside, and tells the metrics how it ended. */
export async function measured<T>(
  metrics: Pick<Metrics, 'outsideCall'>,
  clock: Clock,
  call: { readonly port: string; readonly host: string },
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = clock.now();
  let outcome: CallOutcome = 'ok';
  try {
    return await work();
  } catch (error) {
    outcome = error instanceof PortError ? error.fault : 'error';
    throw error;
  } finally {
    metrics.outsideCall(call.port, call.host, outcome, clock.now() - startedAt);
  }
}
