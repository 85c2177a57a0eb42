import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileLockElector } from '../../../runtime/local/elector.ts';
import type { Clock } from '../../../runtime/ports/clock.ts';
import { type Contender, electorContract } from '../../contract/elector.ts';

const program = fileURLToPath(new URL('./processes/elector.ts', import.meta.url));

/** Real time, a hundred times as fast, for electors that poll each second. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(resolve, ms / 100);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    }),
};

function contend(directory: string, name: string): Contender {
  const child: ChildProcess = spawn(process.execPath, [program, directory, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout!);
  const exited = once(child, 'exit');
  const says = async (word: string): Promise<void> => {
    for await (const [line] of on(lines, 'line', { close: ['close'] })) if (line === word) return;
    throw new Error(`the process ended before it said "${word}"`);
  };
  const contends = says('contends');
  const leads = says('leads');
  leads.catch(() => undefined); // A contender that is killed while waiting never leads.
  return {
    contends,
    leads,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

electorContract('a file lock', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'elector-'));
  return {
    elector: () => new FileLockElector({ directory, clock }),
    contender: (name) => contend(directory, name),
    close: () => rm(directory, { recursive: true, force: true }),
  };
});

describe('a file lock', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'elector-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is lost, and says so, when its file is replaced', async () => {
    const path = join(directory, 'one.lock');
    const elector = new FileLockElector({ directory, clock });
    const told = Promise.withResolvers<string>();
    await elector.lead(
      'one',
      async (lost) => {
        lost.addEventListener('abort', () => told.resolve((lost.reason as Error).message));
        await writeFile(join(directory, 'new'), '');
        await rename(join(directory, 'new'), path);
        await told.promise;
      },
      new AbortController().signal,
    );
    await expect(told.promise).resolves.toContain('replaced');
  });

  it('says what is wrong with a file that is no lock', async () => {
    await writeFile(join(directory, 'one.lock'), 'x'.repeat(4096));
    const elector = new FileLockElector({ directory, clock });
    const leading = elector.lead('one', () => Promise.resolve(), new AbortController().signal);
    await expect(leading).rejects.toMatchObject({
      fault: 'invalid',
      remedy: expect.stringContaining('delete'),
    });
  });
});
