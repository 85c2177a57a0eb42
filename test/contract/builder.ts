import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isFault } from '../../runtime/ports/errors.ts';
import type { Build, Builder, BuildRequest } from '../../runtime/ports/builder.ts';

/** What a build of the contract does: each writes `hello from <name>` to its log first. */
export type Behaviour = 'succeeds' | 'fails' | 'hangs';

export interface OpenBuilder {
  readonly builder: Builder;
  /** The same home, opened anew, as after a restart of Slipway or by another process. */
  reopen(): Promise<Builder>;
  request(name: string, behaviour: Behaviour): BuildRequest;
  /** How many builds of this name really ran. */
  runs(name: string): Promise<number>;
  close(): Promise<void>;
}

/** Waits, by `changed`, until the build is as asked for. */
export async function until(builder: Builder, name: string, isSo: (build: Build) => boolean): Promise<Build> {
  const signal = AbortSignal.timeout(25_000);
  for (;;) {
    const build = (await builder.list()).find((one) => one.name === name);
    if (build !== undefined && isSo(build)) return build;
    signal.throwIfAborted();
    await builder.changed(signal);
  }
}

export const isEnded = ({ phase }: Build): boolean => phase !== 'pending' && phase !== 'running';

async function text(pieces: AsyncIterable<string>): Promise<string> {
  let all = '';
  for await (const piece of pieces) all += piece;
  return all;
}

/** What every home's `Builder` must do. */
export function builderContract(open: () => Promise<OpenBuilder>): void {
  let opened: OpenBuilder;
  let builder: Builder;

  beforeEach(async () => {
    opened = await open();
    builder = opened.builder;
  });
  afterEach(() => opened.close());

  const isRunning = ({ phase }: Build): boolean => phase === 'running';

  it('says what builds', async () => {
    expect(await builder.describe()).not.toBe('');
  });

  it('builds, and tells digest, labels and times', async () => {
    const request = opened.request('good', 'succeeds');
    await builder.start(request);
    const build = await until(builder, 'good', isEnded);
    expect(build).toMatchObject({
      name: 'good',
      key: request.key,
      labels: request.labels,
      owned: true,
      phase: 'succeeded',
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(build.finishedAt).toBeGreaterThanOrEqual(build.startedAt!);
    expect(build.failure).toBeUndefined();
  });

  it('tells a build that its content made fail as permanent, with the last lines', async () => {
    await builder.start(opened.request('bad', 'fails'));
    const build = await until(builder, 'bad', isEnded);
    expect(build).toMatchObject({ phase: 'failed', failure: { kind: 'permanent', reason: 'BuildFailed' } });
    expect(build.failure!.message).toContain('hello from bad');
    expect(Buffer.byteLength(build.failure!.message)).toBeLessThanOrEqual(2048);
    expect(build.digest).toBeUndefined();
  });

  describe('start', () => {
    it('starts one build however often it is called', async () => {
      const request = opened.request('once', 'succeeds');
      const other = await opened.reopen();
      await Promise.all([builder.start(request), builder.start(request), other.start(request)]);
      await until(builder, 'once', isEnded);
      await builder.start(request);
      await other.start(request);
      expect((await other.list()).map(({ phase }) => phase)).toEqual(['succeeded']);
      expect(await opened.runs('once')).toBe(1);
    });

    it('is a conflict for the same name with another key', async () => {
      const request = opened.request('taken', 'succeeds');
      await builder.start(request);
      const outcome = await builder
        .start({ ...request, key: 'f'.repeat(64) })
        .catch((error: unknown) => error);
      expect(isFault(outcome, 'conflict')).toBe(true);
      await until(builder, 'taken', isEnded);
    });

    it('takes from the capacity until the build ends', async () => {
      const before = await builder.capacity();
      await builder.start(opened.request('long', 'hangs'));
      expect(await builder.capacity()).toBe(before - 1);
      expect(await (await opened.reopen()).capacity()).toBe(before - 1);
      await builder.cancel('long');
      expect(await builder.capacity()).toBe(before);
    });
  });

  describe('logs', () => {
    it('give what an ended build said', async () => {
      await builder.start(opened.request('good', 'succeeds'));
      await until(builder, 'good', isEnded);
      expect(await text(builder.logs('good'))).toContain('hello from good');
    });

    it('followed, go on until the build ends', async () => {
      await builder.start(opened.request('long', 'hangs'));
      let seen = '';
      for await (const piece of builder.logs('long', { follow: true })) {
        seen += piece;
        if (seen.includes('hello from long')) await builder.cancel('long');
      }
      expect(seen).toContain('hello from long');
      expect((await until(builder, 'long', isEnded)).phase).toBe('cancelled');
    });

    it('of an unknown build are not found', async () => {
      const outcome = await text(builder.logs('unknown')).catch((error: unknown) => error);
      expect(isFault(outcome, 'not-found')).toBe(true);
    });
  });

  describe('cancel', () => {
    it('ends a running build for good', async () => {
      await builder.start(opened.request('long', 'hangs'));
      await until(builder, 'long', isRunning);
      await builder.cancel('long');
      expect(await until(builder, 'long', isEnded)).toMatchObject({ phase: 'cancelled' });
      await builder.cancel('long');
      await builder.start(opened.request('long', 'hangs'));
      expect(await until(builder, 'long', isEnded)).toMatchObject({ phase: 'cancelled' });
    });

    it('ends a build that has hardly begun', async () => {
      await builder.start(opened.request('early', 'hangs'));
      await builder.cancel('early');
      expect(await until(builder, 'early', isEnded)).toMatchObject({ phase: 'cancelled' });
    });

    it('changes nothing about a build that has ended, and takes an unknown one for ended', async () => {
      await builder.start(opened.request('good', 'succeeds'));
      const before = await until(builder, 'good', isEnded);
      await builder.cancel('good');
      await builder.cancel('unknown');
      expect(await (await opened.reopen()).list()).toEqual([before]);
    });
  });

  describe('remove', () => {
    it('forgets an ended build and its log, and is done when it is gone', async () => {
      await builder.start(opened.request('good', 'succeeds'));
      await until(builder, 'good', isEnded);
      await builder.remove('good');
      await builder.remove('good');
      expect(await builder.list()).toEqual([]);
      const outcome = await text(builder.logs('good')).catch((error: unknown) => error);
      expect(isFault(outcome, 'not-found')).toBe(true);
    });

    it('is a conflict while the build runs', async () => {
      await builder.start(opened.request('long', 'hangs'));
      const outcome = await builder.remove('long').catch((error: unknown) => error);
      expect(isFault(outcome, 'conflict')).toBe(true);
      await builder.cancel('long');
    });
  });

  describe('a restart', () => {
    it('finds running and ended builds again', async () => {
      await builder.start(opened.request('good', 'succeeds'));
      await builder.start(opened.request('long', 'hangs'));
      const good = await until(builder, 'good', isEnded);
      const long = await until(builder, 'long', isRunning);
      const after = await opened.reopen();
      expect(await after.list()).toEqual([good, long]);
      await after.cancel('long');
      expect((await until(builder, 'long', isEnded)).phase).toBe('cancelled');
    });
  });

  describe('changed', () => {
    it('resolves at once for what has changed since the last list', async () => {
      await builder.list();
      const other = await opened.reopen();
      await other.start(opened.request('good', 'succeeds'));
      await until(other, 'good', isEnded);
      await builder.changed(AbortSignal.timeout(20_000));
      expect((await builder.list()).map(({ phase }) => phase)).toEqual(['succeeded']);
    });

    it('resolves with its signal', async () => {
      await builder.list();
      await builder.changed(AbortSignal.abort());
    });
  });
}
