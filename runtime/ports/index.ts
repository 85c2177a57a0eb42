import type { Builder } from './builder.ts';
import type { Clock } from './clock.ts';
import type { Documents } from './documents.ts';
import type { Elector } from './elector.ts';
import type { Forge } from './forge.ts';
import type { Git } from './git.ts';
import type { ObjectStore } from './object-store.ts';
import type { Registry } from './registry.ts';

/** Everything a home opens. A system takes `Pick<Ports, …>` of it. */
export interface Ports {
  readonly builder: Builder;
  readonly clock: Clock;
  readonly documents: Documents;
  readonly elector: Elector;
  readonly forge: Forge;
  readonly git: Git;
  readonly objects: ObjectStore;
  readonly registry: Registry;
}

export type * from './builder.ts';
export type * from './clock.ts';
export type * from './documents.ts';
export type * from './elector.ts';
export type * from './forge.ts';
export type * from './git.ts';
export type * from './object-store.ts';
export type * from './registry.ts';
export * from './abort.ts';
export * from './errors.ts';
