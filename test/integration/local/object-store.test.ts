import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../runtime/control/clock.ts';
import { openObjectStore } from '../../../runtime/local/object-store.ts';
import type { LocalObjectStore } from '../../../runtime/local/object-store.ts';
import type { PortError } from '../../../runtime/ports/errors.ts';
import { objectStoreContract, widgets } from '../../contract/object-store.ts';

let folder: string;
let path: string;
const opened: LocalObjectStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-store-'));
  path = join(folder, 'state', 'objects.db');
});
afterEach(async () => {
  for (const store of opened.splice(0)) store.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(options: { retention?: number } = {}): Promise<LocalObjectStore> {
  const store = await openObjectStore({ path, clock: systemClock, pollInterval: 20, ...options });
  opened.push(store);
  return store;
}

function program(name: string): string {
  return fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url));
}

const failure = (call: Promise<unknown>): Promise<PortError> =>
  call.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as PortError,
  );

describe('the contract', () => {
  objectStoreContract(async () => ({
    store: await open(),
    another: await open(),
    close: () => Promise.resolve(),
  }));
});

describe('several processes', () => {
  it('lose no increment of one counter', async () => {
    const store = await open();
    await store.create(widgets, { metadata: { name: 'counter' }, spec: { size: 0 } });
    const counters = [1, 2].map(() =>
      spawn(process.execPath, [program('count'), path, '100'], { stdio: 'inherit' }),
    );
    const statuses = await Promise.all(
      counters.map(async (child) => (await once(child, 'exit'))[0] as number),
    );
    expect(statuses).toEqual([0, 0]);
    expect((await store.get(widgets, 'counter'))?.spec.size).toBe(200);
  });

  it('leave whole objects and every acknowledged write behind when killed', async () => {
    for (const acknowledged of [1, 7, 40]) {
      const child = spawn(process.execPath, [program('write-pairs'), path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      let last = 0;
      for await (const line of createInterface(child.stdout)) {
        last = Number(line);
        if (++seen === acknowledged) child.kill('SIGKILL');
      }
      const store = await open();
      const written = (await store.get(widgets, 'written'))!;
      expect(written.spec.size).toBeGreaterThanOrEqual(last);
      expect(written.spec.note).toBe(`${written.spec.size};`.repeat(4000));
      expect((await store.list(widgets)).invalid).toEqual([]);
      store.close();
    }
  });
});

describe('a watch', () => {
  it('that lags behind what is kept has to list again', async () => {
    const store = await open({ retention: 5 });
    const { resourceVersion } = await store.list(widgets);
    let object = await store.create(widgets, { metadata: { name: 'a' }, spec: { size: 0 } });
    for (let size = 1; size < 6; size++) object = await store.update(widgets, { ...object, spec: { size } });
    const signal = AbortSignal.timeout(20_000);
    const first = async (from: string) => {
      for await (const event of store.watch(widgets, { resourceVersion: from, signal })) return event;
      throw new Error('the watch ended');
    };
    expect(await failure(first(resourceVersion))).toMatchObject({ fault: 'not-found' });
    expect(await failure(first('900'))).toMatchObject({ fault: 'not-found' });
    expect(await failure(first('yesterday'))).toMatchObject({ fault: 'invalid' });
    expect((await first('1')).object.spec.size).toBe(1);
  });

  it('of a quiet kind does not lag behind the others', async () => {
    const store = await open({ retention: 5 });
    const stop = new AbortController();
    const { resourceVersion } = await store.list(widgets);
    const watched = (async () => {
      for await (const event of store.watch(widgets, { resourceVersion, signal: stop.signal })) return event;
      throw new Error('the watch ended');
    })();
    const gadgets = { ...widgets, kind: 'Gadget', plural: 'gadgets' };
    for (let index = 0; index < 20; index++) {
      await store.create(gadgets, { metadata: { name: `g${index}` }, spec: { size: 1 } });
      await systemClock.sleep(1);
    }
    await store.create(widgets, { metadata: { name: 'a' }, spec: { size: 1 } });
    expect((await watched).object.metadata.name).toBe('a');
  });

  it('gives more changes than one batch, in order', async () => {
    const store = await open();
    const { resourceVersion } = await store.list(widgets);
    let object = await store.create(widgets, { metadata: { name: 'a' }, spec: { size: 0 } });
    for (let size = 1; size < 200; size++)
      object = await store.update(widgets, { ...object, spec: { size } });
    const sizes: number[] = [];
    const stop = new AbortController();
    for await (const event of store.watch(widgets, { resourceVersion, signal: stop.signal })) {
      sizes.push(event.object.spec.size);
      if (sizes.length === 200) stop.abort();
    }
    expect(sizes).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  it('ends when the store closes', async () => {
    const store = await open();
    const { resourceVersion } = await store.list(widgets);
    const watch = store.watch(widgets, { resourceVersion, signal: new AbortController().signal });
    const next = watch[Symbol.asyncIterator]().next();
    await systemClock.sleep(5);
    store.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('a bad file', () => {
  it('of a newer version is refused and left alone', async () => {
    (await open()).close();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    expect(await failure(open())).toMatchObject({
      fault: 'invalid',
      message: expect.stringContaining('schema version 99'),
      remedy: expect.stringContaining('newer Slipway'),
    });
  });

  it('of another program is refused and left alone', async () => {
    path = join(folder, 'other.db');
    const raw = new DatabaseSync(path);
    raw.exec('CREATE TABLE theirs (a)');
    raw.close();
    const before = await readFile(path);
    expect(await failure(open())).toMatchObject({
      fault: 'invalid',
      message: expect.stringContaining('another program'),
    });
    expect(await readFile(path)).toEqual(before);
  });

  it('that is no database says so with a remedy', async () => {
    path = join(folder, 'text.db');
    await writeFile(path, 'this is not a database, whatever its name says. '.repeat(200));
    expect(await failure(open())).toMatchObject({
      fault: 'invalid',
      remedy: expect.stringContaining('backup'),
    });
  });

  it('damaged in the middle fails the call, with a remedy', async () => {
    const store = await open();
    for (let index = 0; index < 50; index++) {
      await store.create(widgets, {
        metadata: { name: `w${index}` },
        spec: { size: index, note: 'n'.repeat(3000) },
      });
    }
    store.close();
    const bytes = await readFile(path);
    bytes.fill(0xaa, 4096 * 2);
    await writeFile(path, bytes);
    const damaged = await open();
    expect(await failure(damaged.list(widgets))).toMatchObject({
      fault: 'invalid',
      remedy: expect.stringContaining('backup'),
    });
  });

  it('that is a folder says so', async () => {
    path = folder;
    expect(await failure(open())).toMatchObject({ fault: 'denied', remedy: expect.any(String) });
  });

  it('with one document that is no JSON stops no other, and lets it be deleted', async () => {
    const store = await open();
    await store.create(widgets, { metadata: { name: 'a' }, spec: { size: 1 } });
    await store.create(widgets, { metadata: { name: 'broken' }, spec: { size: 1 } });
    const raw = new DatabaseSync(path);
    raw.exec(`UPDATE objects SET document = '{"metadata":' WHERE name = 'broken'`);
    raw.close();
    const list = await store.list(widgets);
    expect(list.items.map((item) => item.metadata.name)).toEqual(['a']);
    expect(list.invalid.map((one) => one.name)).toEqual(['broken']);
    expect(await failure(store.get(widgets, 'broken'))).toMatchObject({ fault: 'invalid' });
    await store.delete(widgets, 'broken');
    expect((await store.list(widgets)).invalid).toEqual([]);
  });
});

it('waits for a lock that another process holds, without blocking the thread', async () => {
  const store = await open();
  const holder = new DatabaseSync(path);
  holder.exec('BEGIN IMMEDIATE');
  let ticks = 0;
  const ticking = setInterval(() => {
    // Released by the same thread: a blocked one would never come here.
    if (++ticks === 5) holder.exec('ROLLBACK');
  }, 5);
  try {
    await store.create(widgets, { metadata: { name: 'a' }, spec: { size: 1 } });
  } finally {
    clearInterval(ticking);
    holder.close();
  }
  expect(ticks).toBeGreaterThanOrEqual(5);
});

it('refuses an object that would not fit a cluster', async () => {
  const store = await open();
  const spec = { size: 1, note: 'n'.repeat(1024 * 1024) };
  expect(await failure(store.create(widgets, { metadata: { name: 'a' }, spec }))).toMatchObject({
    fault: 'invalid',
  });
  expect((await store.list(widgets)).items).toEqual([]);
});

it('keeps its objects and their order over a restart', async () => {
  const store = await open();
  const made = await store.create(widgets, { metadata: { name: 'a' }, spec: { size: 1 } });
  const { resourceVersion } = await store.list(widgets);
  store.close();
  const again = await open();
  expect(await again.get(widgets, 'a')).toEqual(made);
  expect((await again.list(widgets)).resourceVersion).toBe(resourceVersion);
});
