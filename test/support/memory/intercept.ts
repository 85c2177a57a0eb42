import type { DeliveryPorts } from '../../../runtime/delivery/observe.ts';

export interface PortCall {
  /** `git.push` */
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Stands between a controller and one call. */
export type Around = (call: PortCall, perform: () => Promise<unknown>) => Promise<unknown>;

/** Answered without leaving the process. */
const LOCAL = new Set(['location']);

/** The same ports, with `around` at every call that leaves the process. */
export function intercept(ports: DeliveryPorts, around: Around): DeliveryPorts {
  return {
    builder: between('builder', ports.builder, around),
    clock: ports.clock,
    forge: between('forge', ports.forge, around),
    git: between('git', ports.git, around),
    objects: between('objects', ports.objects, around),
    registry: between('registry', ports.registry, around),
  };
}

function between<T extends object>(port: string, target: T, around: Around): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = (...args: unknown[]): unknown => Reflect.apply(value, target, args) as unknown;
      if (LOCAL.has(String(name))) return method;
      return (...args: unknown[]) =>
        around({ name: `${port}.${String(name)}`, args }, () => promised(() => method(...args)));
    },
  });
}

/** What a method throws at once is a rejection like any other. */
function promised(work: () => unknown): Promise<unknown> {
  return new Promise((resolve) => resolve(work()));
}

/** Calls that may change the outside or our own state. */
export function isEffect({ name }: PortCall): boolean {
  return EFFECTS.has(name);
}

const EFFECTS = new Set([
  'builder.start',
  'builder.cancel',
  'builder.remove',
  'forge.createPullRequest',
  'forge.updatePullRequest',
  'git.push',
  'objects.create',
  'objects.update',
  'objects.updateStatus',
  'registry.tag',
]);
