import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { isFault } from '../../runtime/ports/errors.ts';
import type { Fault } from '../../runtime/ports/errors.ts';
import type { ObjectKind, ObjectStore, StoredObject, WatchEvent } from '../../runtime/ports/object-store.ts';

export interface Spec {
  readonly size: number;
  readonly note?: string;
}
export interface Status {
  readonly ready: boolean;
}

const schema = z.object({
  spec: z.object({ size: z.number(), note: z.string().optional() }),
  status: z.object({ ready: z.boolean() }).optional(),
});

/** The kind that the contract stores. A cluster under test needs its CRD, with the status subresource. */
export const widgets: ObjectKind<Spec, Status> = {
  apiVersion: 'contract.slipway.dev/v1alpha1',
  kind: 'Widget',
  plural: 'widgets',
  parse: (value) => schema.parse(value),
};

/** The same objects seen by a program that knows no size above 9. */
const smallWidgets: ObjectKind<Spec, Status> = {
  ...widgets,
  parse: (value) => {
    const parsed = schema.parse(value);
    if (parsed.spec.size > 9) throw new Error('size above 9');
    return parsed;
  },
};

const other: ObjectKind<Spec, Status> = { ...widgets, kind: 'Gadget', plural: 'gadgets' };

export interface OpenStore {
  readonly store: ObjectStore;
  /** A second handle on the same objects, as another process has it. */
  readonly another: ObjectStore;
  close(): Promise<void>;
}

async function faultOf(call: Promise<unknown>): Promise<Fault | 'none'> {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (isFault(error, 'transient', 'not-found', 'denied', 'invalid', 'conflict', 'cancelled')) {
      return error.fault;
    }
    throw error;
  }
}

/** What every home's `ObjectStore` must do. `open` gives an empty store. */
export function objectStoreContract(open: () => Promise<OpenStore>): void {
  let opened: OpenStore;
  let store: ObjectStore;
  let another: ObjectStore;

  beforeEach(async () => {
    opened = await open();
    ({ store, another } = opened);
  });
  afterEach(() => opened.close());

  const make = (name: string, more: { labels?: Record<string, string>; finalizers?: string[] } = {}) =>
    store.create(widgets, { metadata: { name, ...more }, spec: { size: 1 } });

  /** Collects events until `count` have come, or `until` resolves. */
  async function collect(
    from: ObjectStore,
    resourceVersion: string,
    count: number,
  ): Promise<WatchEvent<Spec, Status>[]> {
    const stop = new AbortController();
    const events: WatchEvent<Spec, Status>[] = [];
    for await (const event of from.watch(widgets, { resourceVersion, signal: stop.signal })) {
      events.push(event);
      if (events.length >= count) stop.abort();
    }
    return events;
  }

  describe('create and get', () => {
    it('fills in the metadata that the store owns', async () => {
      const made = await store.create(widgets, {
        metadata: { name: 'a', labels: { app: 'x' }, annotations: { 'slipway.dev/why': 'any text: ok' } },
        spec: { size: 3, note: 'ünï' },
      });
      expect(made).toMatchObject({
        apiVersion: widgets.apiVersion,
        kind: 'Widget',
        metadata: {
          name: 'a',
          generation: 1,
          labels: { app: 'x' },
          annotations: { 'slipway.dev/why': 'any text: ok' },
        },
        spec: { size: 3, note: 'ünï' },
      });
      expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(made.metadata.resourceVersion).not.toBe('');
      expect(await another.get(widgets, 'a')).toEqual(made);
    });

    it('keeps a status given at creation', async () => {
      await store.create(widgets, { metadata: { name: 'a' }, spec: { size: 1 }, status: { ready: true } });
      expect((await another.get(widgets, 'a'))?.status).toEqual({ ready: true });
    });

    it('is a conflict when the name exists', async () => {
      await make('a');
      expect(await faultOf(another.create(widgets, { metadata: { name: 'a' }, spec: { size: 2 } }))).toBe(
        'conflict',
      );
      expect((await store.get(widgets, 'a'))?.spec.size).toBe(1);
    });

    it('gives a name used again another uid', async () => {
      const first = await make('a');
      await store.delete(widgets, 'a');
      expect((await make('a')).metadata.uid).not.toBe(first.metadata.uid);
    });

    it('keeps kinds apart', async () => {
      await make('a');
      expect(await store.get(other, 'a')).toBeUndefined();
      expect((await store.list(other)).items).toEqual([]);
    });

    it.each([
      ['a name with capitals', { name: 'Aa' }],
      ['an empty name', { name: '' }],
      ['a path for a name', { name: '../a' }],
      ['a label value with a space', { name: 'a', labels: { app: 'x y' } }],
      ['a label value of 64 characters', { name: 'a', labels: { app: 'x'.repeat(64) } }],
    ])('refuses %s', async (_what, metadata) => {
      expect(await faultOf(store.create(widgets, { metadata, spec: { size: 1 } }))).toBe('invalid');
      expect((await store.list(widgets)).items).toEqual([]);
    });

    it('refuses what the schema refuses', async () => {
      const spec = { size: 'large' } as unknown as Spec;
      expect(await faultOf(store.create(widgets, { metadata: { name: 'a' }, spec }))).toBe('invalid');
    });

    it('knows nothing of an object that does not exist', async () => {
      expect(await store.get(widgets, 'absent')).toBeUndefined();
    });
  });

  describe('list', () => {
    it('selects by every label given', async () => {
      await make('a', { labels: { app: 'x', version: 'v1' } });
      await make('b', { labels: { app: 'x', version: 'v2' } });
      await make('c', { labels: { app: 'y', version: 'v1' } });
      await make('d');
      const names = async (labels?: Record<string, string>) =>
        (await store.list(widgets, labels && { labels })).items.map((item) => item.metadata.name);
      expect(await names()).toEqual(['a', 'b', 'c', 'd']);
      expect(await names({ app: 'x' })).toEqual(['a', 'b']);
      expect(await names({ app: 'x', version: 'v2' })).toEqual(['b']);
      expect(await names({ app: 'z' })).toEqual([]);
    });

    it('names an object that no longer parses, and gives the others', async () => {
      await make('a');
      await store.create(widgets, { metadata: { name: 'big' }, spec: { size: 10 } });
      const list = await store.list(smallWidgets);
      expect(list.items.map((item) => item.metadata.name)).toEqual(['a']);
      expect(list.invalid).toEqual([{ name: 'big', problem: expect.stringContaining('size above 9') }]);
      expect(await faultOf(store.get(smallWidgets, 'big'))).toBe('invalid');
      await store.delete(smallWidgets, 'big');
      expect((await store.list(smallWidgets)).invalid).toEqual([]);
    });
  });

  describe('update', () => {
    it('replaces spec, labels, annotations and finalizers, never status or what the store owns', async () => {
      const made = await store.create(widgets, {
        metadata: { name: 'a', labels: { app: 'x' } },
        spec: { size: 1, note: 'old' },
        status: { ready: true },
      });
      const changed = await store.update(widgets, {
        ...made,
        metadata: { ...made.metadata, labels: { app: 'y' }, generation: 99, uid: made.metadata.uid },
        spec: { size: 2 },
        status: { ready: false },
      });
      expect(changed).toMatchObject({
        metadata: { uid: made.metadata.uid, generation: 2, labels: { app: 'y' } },
        spec: { size: 2 },
        status: { ready: true },
      });
      expect(changed.spec.note).toBeUndefined();
      expect(changed.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
      expect(changed.metadata.creationTimestamp).toBe(made.metadata.creationTimestamp);
    });

    it('counts the generation by changes of spec alone', async () => {
      const made = await make('a');
      const labelled = await store.update(widgets, {
        ...made,
        metadata: { ...made.metadata, labels: { app: 'x' } },
      });
      expect(labelled.metadata.generation).toBe(1);
      expect(
        (await store.updateStatus(widgets, { ...labelled, status: { ready: true } })).metadata.generation,
      ).toBe(1);
    });

    it('is a conflict with an old resourceVersion, and not-found when the object is gone', async () => {
      const made = await make('a');
      await another.update(widgets, { ...made, spec: { size: 2 } });
      expect(await faultOf(store.update(widgets, { ...made, spec: { size: 3 } }))).toBe('conflict');
      expect(await faultOf(store.updateStatus(widgets, { ...made, status: { ready: true } }))).toBe(
        'conflict',
      );
      expect((await store.get(widgets, 'a'))?.spec.size).toBe(2);
      await store.delete(widgets, 'a');
      expect(await faultOf(store.update(widgets, made))).toBe('not-found');
      expect(await faultOf(store.updateStatus(widgets, made))).toBe('not-found');
    });

    it('never takes a write meant for an earlier object of the same name', async () => {
      const first = await make('a');
      await store.delete(widgets, 'a');
      await make('a');
      expect(await faultOf(store.update(widgets, { ...first, spec: { size: 9 } }))).toBe('conflict');
    });

    it('lets one of two writers win', async () => {
      const made = await make('a');
      const faults = await Promise.all([
        faultOf(store.update(widgets, { ...made, spec: { size: 2 } })),
        faultOf(another.update(widgets, { ...made, spec: { size: 3 } })),
      ]);
      expect([...faults].sort()).toEqual(['conflict', 'none']);
    });
  });

  describe('updateStatus', () => {
    it('replaces status alone', async () => {
      const made = await make('a', { labels: { app: 'x' } });
      const changed = await store.updateStatus(widgets, {
        ...made,
        metadata: { ...made.metadata, labels: { app: 'y' } },
        spec: { size: 7 },
        status: { ready: true },
      });
      expect(changed).toMatchObject({
        metadata: { labels: { app: 'x' } },
        spec: { size: 1 },
        status: { ready: true },
      });
      expect(await another.get(widgets, 'a')).toEqual(changed);
    });
  });

  describe('delete', () => {
    it('removes an object without finalizers, once', async () => {
      await make('a');
      await store.delete(widgets, 'a');
      expect(await another.get(widgets, 'a')).toBeUndefined();
      expect(await faultOf(store.delete(widgets, 'a'))).toBe('not-found');
    });

    it('holds to the resourceVersion it is given', async () => {
      const made = await make('a');
      const changed = await store.update(widgets, { ...made, spec: { size: 2 } });
      const { resourceVersion } = made.metadata;
      expect(await faultOf(store.delete(widgets, 'a', { resourceVersion }))).toBe('conflict');
      await store.delete(widgets, 'a', { resourceVersion: changed.metadata.resourceVersion });
      expect(await store.get(widgets, 'a')).toBeUndefined();
    });

    it('marks an object with finalizers, which goes with the last of them', async () => {
      await make('a', { finalizers: ['slipway.dev/one', 'slipway.dev/two'] });
      await store.delete(widgets, 'a');
      const marked = (await store.get(widgets, 'a'))!;
      expect(marked.metadata.deletionTimestamp).toMatch(/^\d{4}-.*Z$/);
      await store.delete(widgets, 'a');
      expect((await store.get(widgets, 'a'))?.metadata.deletionTimestamp).toBe(
        marked.metadata.deletionTimestamp,
      );

      const withFinalizers = (object: StoredObject<Spec, Status>, finalizers: string[]) =>
        store.update(widgets, { ...object, metadata: { ...object.metadata, finalizers } });
      const latest = async () => (await store.get(widgets, 'a'))!;
      const late = ['slipway.dev/one', 'slipway.dev/two', 'slipway.dev/three'];
      expect(await faultOf(withFinalizers(await latest(), late))).toBe('invalid');
      await withFinalizers(await latest(), ['slipway.dev/two']);
      expect(await store.get(widgets, 'a')).toBeDefined();
      await withFinalizers(await latest(), []);
      expect(await store.get(widgets, 'a')).toBeUndefined();
    });

    it('cannot be undone by an update', async () => {
      const made = await make('a', { finalizers: ['slipway.dev/one'] });
      await store.delete(widgets, 'a');
      const marked = (await store.get(widgets, 'a'))!;
      await store.update(widgets, {
        ...marked,
        metadata: { ...made.metadata, resourceVersion: marked.metadata.resourceVersion },
        spec: { size: 2 },
      });
      expect((await store.get(widgets, 'a'))?.metadata.deletionTimestamp).toBeDefined();
    });
  });

  describe('watch', () => {
    it('tells every change after a list, in order, whoever made it', async () => {
      const a = await make('a');
      const { resourceVersion } = await store.list(widgets);
      const events = collect(store, resourceVersion, 5);
      const b = await another.create(widgets, { metadata: { name: 'b' }, spec: { size: 1 } });
      await another.create(other, { metadata: { name: 'elsewhere' }, spec: { size: 1 } });
      await store.update(widgets, { ...a, spec: { size: 2 } });
      await another.updateStatus(widgets, { ...b, status: { ready: true } });
      await store.delete(widgets, 'a');
      await another.delete(widgets, 'b');
      expect((await events).map(({ type, object }) => [type, object.metadata.name])).toEqual([
        ['ADDED', 'b'],
        ['MODIFIED', 'a'],
        ['MODIFIED', 'b'],
        ['DELETED', 'a'],
        ['DELETED', 'b'],
      ]);
    });

    it('tells changes made before it began, and ends with its signal', async () => {
      const { resourceVersion } = await store.list(widgets);
      const made = await make('a');
      const events = await collect(another, resourceVersion, 1);
      expect(events).toEqual([{ type: 'ADDED', object: made }]);
      const ended = AbortSignal.abort();
      for await (const event of store.watch(widgets, { resourceVersion, signal: ended })) {
        throw new Error(`unexpected ${event.type}`);
      }
    });

    it('goes on from the resourceVersion of an event', async () => {
      const { resourceVersion } = await store.list(widgets);
      await make('a');
      await make('b');
      const [first] = await collect(store, resourceVersion, 1);
      const [second] = await collect(store, first!.object.metadata.resourceVersion, 1);
      expect(second!.object.metadata.name).toBe('b');
    });
  });

  it('loses no update of many concurrent ones', async () => {
    await make('counter');
    const increment = async (through: ObjectStore): Promise<void> => {
      for (;;) {
        const current = (await through.get(widgets, 'counter'))!;
        const size = current.spec.size + 1;
        const fault = await faultOf(through.update(widgets, { ...current, spec: { size } }));
        if (fault === 'none') return;
        expect(fault).toBe('conflict');
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, index) => increment(index % 2 ? store : another)));
    expect((await store.get(widgets, 'counter'))?.spec.size).toBe(11);
    expect((await store.get(widgets, 'counter'))?.metadata.generation).toBe(11);
  });

  it('does nothing after its signal has fired', async () => {
    const signal = AbortSignal.abort();
    expect(await faultOf(store.create(widgets, { metadata: { name: 'a' }, spec: { size: 1 } }, signal))).toBe(
      'cancelled',
    );
    expect(await store.get(widgets, 'a')).toBeUndefined();
  });
}
