import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../runtime/control/clock.ts';
import { openObjectStore } from '../../../runtime/local/object-store.ts';
import { PortError } from '../../../runtime/ports/errors.ts';
import type { ObjectStore, WatchEvent } from '../../../runtime/ports/object-store.ts';
import { widgets } from '../../contract/object-store.ts';
import type { Spec, Status } from '../../contract/object-store.ts';

/** What the store should hold: the simplest thing that has Kubernetes' semantics. */
interface Modelled {
  version: number;
  size: number;
  ready: boolean | undefined;
  generation: number;
  isHeld: boolean;
  isDeleted: boolean;
}
interface Model {
  readonly objects: Map<string, Modelled>;
  readonly events: string[];
  version: number;
}

const names = ['a', 'b'] as const;
const name = fc.constantFrom(...names);
/** How old the object is that a write starts from: 0 is the latest. */
const age = fc.constantFrom(0, 0, 0, 1);
const handle = fc.constantFrom(0, 1);
const step = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), handle, name, size: fc.nat(3), isHeld: fc.boolean() }),
  fc.record({
    kind: fc.constant('update' as const),
    handle,
    name,
    age,
    size: fc.nat(3),
    isHeld: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('status' as const), handle, name, age, ready: fc.boolean() }),
  fc.record({ kind: fc.constant('delete' as const), handle, name, age }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function change(model: Model, at: string, next: Modelled, type: string): void {
  next.version = ++model.version;
  if (type === 'DELETED') model.objects.delete(at);
  model.events.push(`${type} ${at} ${model.version}`);
}

/** Applies a step to the model; the fault that the store has to throw. */
function expected(model: Model, step: Step): string {
  const object = model.objects.get(step.name);
  if (step.kind === 'create') {
    if (object !== undefined) return 'conflict';
    const { size, isHeld } = step;
    const made = { version: 0, size, ready: undefined, generation: 1, isHeld, isDeleted: false };
    model.objects.set(step.name, made);
    change(model, step.name, made, 'ADDED');
    return 'none';
  }
  if (object === undefined) return 'not-found';
  if (step.age > 0) return 'conflict';
  if (step.kind === 'status') {
    if (object.ready === step.ready) return 'none';
    object.ready = step.ready;
    change(model, step.name, object, 'MODIFIED');
    return 'none';
  }
  if (step.kind === 'delete') {
    if (!object.isHeld) change(model, step.name, object, 'DELETED');
    else if (!object.isDeleted) {
      object.isDeleted = true;
      change(model, step.name, object, 'MODIFIED');
    }
    return 'none';
  }
  if (object.isDeleted && !object.isHeld && step.isHeld) return 'invalid';
  if (object.size === step.size && object.isHeld === step.isHeld) return 'none';
  if (object.size !== step.size) object.generation += 1;
  Object.assign(object, { size: step.size, isHeld: step.isHeld });
  change(model, step.name, object, object.isDeleted && !object.isHeld ? 'DELETED' : 'MODIFIED');
  return 'none';
}

const finalizers = (isHeld: boolean) => (isHeld ? { finalizers: ['slipway.dev/held'] } : {});

async function real(store: ObjectStore, step: Step): Promise<void> {
  if (step.kind === 'create') {
    const metadata = { name: step.name, ...finalizers(step.isHeld) };
    await store.create(widgets, { metadata, spec: { size: step.size } });
    return;
  }
  const current = await store.get(widgets, step.name);
  if (current === undefined) {
    await store.delete(widgets, step.name);
    return;
  }
  const resourceVersion = String(Number(current.metadata.resourceVersion) - step.age);
  if (step.kind === 'delete') {
    await store.delete(widgets, step.name, { resourceVersion });
    return;
  }
  if (step.kind === 'status') {
    const metadata = { ...current.metadata, resourceVersion };
    await store.updateStatus(widgets, { ...current, metadata, status: { ready: step.ready } });
    return;
  }
  const metadata = {
    ...current.metadata,
    finalizers: undefined,
    ...finalizers(step.isHeld),
    resourceVersion,
  };
  await store.update(widgets, { ...current, metadata, spec: { size: step.size } });
}

async function faultOf(work: Promise<void>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    if (error instanceof PortError) return error.fault;
    throw error;
  }
}

async function listed(store: ObjectStore): Promise<Map<string, Modelled>> {
  const { items } = await store.list(widgets);
  return new Map(
    items.map(({ metadata, spec, status }) => [
      metadata.name,
      {
        version: Number(metadata.resourceVersion),
        size: spec.size,
        ready: status?.ready,
        generation: metadata.generation,
        isHeld: metadata.finalizers !== undefined,
        isDeleted: metadata.deletionTimestamp !== undefined,
      },
    ]),
  );
}

async function watched(store: ObjectStore, count: number): Promise<string[]> {
  const stop = new AbortController();
  const seen: string[] = [];
  const tell = ({ type, object }: WatchEvent<Spec, Status>) =>
    `${type} ${object.metadata.name} ${object.metadata.resourceVersion}`;
  if (count === 0) return seen;
  for await (const event of store.watch(widgets, { resourceVersion: '0', signal: stop.signal })) {
    if (seen.push(tell(event)) === count) stop.abort();
  }
  return seen;
}

it('does what the model does, through two handles, and tells watchers just that', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const folder = await mkdtemp(join(tmpdir(), 'slipway-model-'));
      const path = join(folder, 'objects.db');
      const handles = [
        await openObjectStore({ path, clock: systemClock, pollInterval: 10 }),
        await openObjectStore({ path, clock: systemClock, pollInterval: 10 }),
      ];
      const model: Model = { objects: new Map(), events: [], version: 0 };
      try {
        for (const one of steps) {
          expect(await faultOf(real(handles[one.handle]!, one))).toBe(expected(model, one));
          expect(await listed(handles[1 - one.handle]!)).toEqual(model.objects);
        }
        expect(await watched(handles[0]!, model.events.length)).toEqual(model.events);
      } finally {
        for (const store of handles) store.close();
        await rm(folder, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
});
