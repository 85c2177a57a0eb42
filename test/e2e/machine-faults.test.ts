import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { tell } from '../../runtime/delivery/people.ts';
import { World } from '../support/world.ts';
import { effectsOf } from '../support/world-effects.ts';
import { APPLICATIONS, VERSIONS } from '../support/world-repositories.ts';

// What fails on the machine itself: its disk and its builder.

const result = z.object({
  items: z.array(z.object({ application: z.string(), state: z.string(), reason: z.string() })),
});

let world: World;

afterEach(() => world[Symbol.asyncDispose]());

/** One that has ended may wait for its parent to hear of it. */
function processState(pid: number): string {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() === '' || stdout.startsWith('Z') ? 'gone' : stdout.trim();
}

function reasons(stdout: string): Record<string, string> {
  return Object.fromEntries(
    result
      .parse(JSON.parse(stdout))
      .items.map(({ application, state, reason }) => [application, `${state}: ${reason}`]),
  );
}

describe('a builder', () => {
  it('that is missing is named, with what can take its place', async () => {
    world = await World.open({ settings: { builder: { tool: 'auto' } } });
    const bin = path.join(world.directory, 'bin');
    await mkdir(bin);
    await symlink(
      execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim(),
      path.join(bin, 'git'),
    );
    const { status, stdout, stderr } = await world.apply({ environment: { PATH: bin } });
    expect(stderr).not.toMatch(/^ +at /m);
    expect(reasons(stdout)['base']).toMatch(
      /^build: .*last tried: no image builder works here \(.*\); install buildah/,
    );
    expect(status).toBe(3);
  });

  it('that hangs is ended in time, with all that it started', async () => {
    const started = path.join(tmpdir(), `slipway-started-${process.pid}`);
    const command = ['sh', '-c', 'sleep 3600 & echo $! >> "$0"; wait', started];
    world = await World.open({ settings: { builder: { command, timeout: 1, concurrency: 4 } } });
    const { plan, settled } = await world.deliver();
    expect(settled).toBe(true);
    const base = plan.items.find(({ application }) => application === 'base');
    expect(base).toMatchObject({ state: 'failed' });
    expect(base?.reason).toMatch(/1 s/);
    const pids = (await readFile(started, 'utf8')).trim().split('\n').map(Number);
    await rm(started);
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) expect([pid, processState(pid)]).toEqual([pid, 'gone']);
  });

  it('that is no program is a mistake in the settings', async () => {
    world = await World.open({ settings: { builder: { command: ['no-such-builder'] } } });
    const { status, stdout } = await world.apply();
    expect(reasons(stdout)['base']).toMatch(/no-such-builder/);
    expect(status).toBe(3);
  });
});

/** A person's word for every pair. */
async function retryAll(of: World): Promise<void> {
  await using controller = await of.controller();
  const at = new Date().toISOString();
  for (const version of Object.keys(VERSIONS))
    for (const application of APPLICATIONS)
      await tell(
        controller.home.objects,
        { application, version },
        { say: 'retry', at },
        new AbortController().signal,
      );
}

/** A file system of its own, full but for a few kilobytes. */
function mountSmallDisk(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
}

function canMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-mount-'));
  try {
    mountSmallDisk(folder);
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mounts = canMount();
if (!mounts) console.warn('SKIPPED: a full disk; run the tests as root, who may mount a small one');

(mounts ? describe : describe.skip)('a disk that is full', () => {
  let state: string;

  afterEach(() => {
    execFileSync('umount', ['--lazy', state]);
  });

  it.each([
    ['before anything is stored', 0],
    ['in the middle', 600],
  ])('%s: ends the command with that word; with room again, all is done once', async (_, kilobytes) => {
    world = await World.open();
    state = path.join(world.directory, 'state');
    await mkdir(state);
    mountSmallDisk(state);
    const filler = path.join(state, 'filler');
    await writeFile(filler, Buffer.alloc((4096 - kilobytes) * 1024)).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    });
    const full = await world.apply();
    expect(full.stderr + full.stdout).toMatch(/full|no space|disk/i);
    expect(full.stderr).not.toMatch(/^ +at |a defect/m);
    expect([1, 3]).toContain(full.status);

    await rm(filler);
    execFileSync('mount', ['-o', 'remount,size=200m', state]);
    // What was under way is found to be lost first, and would wait a while before it is tried again.
    await world.apply();
    await retryAll(world);
    const after = await world.apply();
    expect(after.status).toBe(0);
    expect((await effectsOf(world)).pullRequests).toHaveLength(6);
  });
});
