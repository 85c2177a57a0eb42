import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { delivery, json } from '../support/delivery-cli.ts';
import { World } from '../support/world.ts';

const MAIN = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));

// Each step is a process of its own, and other tests may use the machine meanwhile.
jest.setTimeout(120_000);

describe('a build that a person cancels', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    await writeFile(path.join(world.orders, 'hold-controller'), '');
  });
  afterAll(async () => {
    // Lets go of a build that a failed test has left.
    await rm(path.join(world.orders, 'hold-controller'), { force: true });
    await world[Symbol.asyncDispose]();
  });

  it('goes on when apply is stopped, which says what was started and how to end it', async () => {
    await delivery(world, 'hold', 'base', 'server', 'v1.0');
    const child = spawn(process.execPath, [MAIN, 'delivery', 'apply', '--settings', 'slipway.json'], {
      cwd: world.directory,
      env: world.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    while (!(await world.read('ledger.jsonl')).includes('started')) await pause(50);
    child.kill('SIGINT');
    const [stdout, stderr] = await output;
    expect(child.exitCode).toBe(1);
    expect(stderr).toMatch(/^started build cd-controller-main-[0-9a-f]{8}-1$/mu);
    expect(stdout).toContain('`slipway delivery cancel APPLICATION VERSION` ends one');
  });

  it('ends, has failed, and is not started again', async () => {
    const cancelled = await delivery(world, 'cancel', 'main/controller');
    expect(cancelled).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^main\/controller: cancelled build cd-controller-main-\S+-1\n$/u),
    });
    const again = await delivery(world, 'cancel', 'controller', 'main');
    expect(again.stdout).toBe('main/controller: no build of ours is under way\n');
    const result = await delivery(world, 'apply', '-o', 'json');
    expect(result.status).toBe(3);
    expect(json(result).items.find(({ state }) => state === 'failed')).toMatchObject({
      application: 'controller',
      reason: expect.stringContaining('cancelled'),
    });
    expect(await world.read('ledger.jsonl')).not.toContain('pushed');
  });

  it('is built on retry; words that change nothing say so', async () => {
    const retried = await delivery(world, 'retry', 'main/controller', 'v1.0/server');
    expect(retried.stdout).toContain('main/controller: tried again by the next pass');
    expect((await delivery(world, 'release', 'main/controller', 'main/server')).stdout).toBe(
      'main/server: held no longer\nmain/controller: is not held\n',
    );
    expect((await delivery(world, 'plan', '--diff')).stdout).toContain('No push is due');
  });
});

describe('names', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('of an application in several versions, or mistyped, end with 2', async () => {
    const [build, cancel, logs, near] = await Promise.all([
      delivery(world, 'build', 'controller'),
      delivery(world, 'cancel', 'controler'),
      delivery(world, 'logs', 'controller'),
      delivery(world, 'logs', 'controler'),
    ]);
    const several = 'controller is in main and v1.0; name one\n';
    expect([build, logs]).toEqual([
      { status: 2, stdout: '', stderr: several },
      { status: 2, stdout: '', stderr: several },
    ]);
    expect([cancel, near]).toMatchObject([
      { status: 2, stderr: 'the config has no controler; did you mean `controller`?\n' },
      { status: 2, stderr: expect.stringContaining('did you mean `controller`?') },
    ]);
  });

  it('of options that do not exist point to the help', async () => {
    const result = await delivery(world, 'plan', '--confg', 'x');
    expect(result).toMatchObject({ status: 2, stderr: expect.stringContaining('--help shows') });
  });
});
