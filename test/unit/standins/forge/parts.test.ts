import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gitRequest } from '../../../../runtime/standins/forge/git-http.ts';
import { Lock } from '../../../../runtime/standins/forge/lock.ts';
import { RateLimits } from '../../../../runtime/standins/forge/rate-limits.ts';
import { validName } from '../../../../runtime/standins/forge/repositories.ts';

describe('gitRequest', () => {
  it.each([
    ['/o/r.git/info/refs?service=git-upload-pack', { name: 'r', endpoint: 'info/refs', writes: false }],
    ['/o/r/info/refs?service=git-receive-pack', { name: 'r', endpoint: 'info/refs', writes: true }],
    ['/o/r.x.git/git-receive-pack', { name: 'r.x', endpoint: 'git-receive-pack', writes: true }],
    ['/o/r/git-upload-pack', { name: 'r', endpoint: 'git-upload-pack', writes: false }],
  ])('reads %s', (url, expected) => {
    expect(gitRequest(url)).toMatchObject({ owner: 'o', ...expected });
  });

  it.each([
    '/o/r.git/info/refs',
    '/o/r.git/objects/info/packs',
    '/repos/o/r',
    '/o/x/r.git/git-upload-pack',
    '/o/r.git/HEAD',
  ])('leaves %s to others', (url) => {
    expect(gitRequest(url)).toBeUndefined();
  });
});

it('validName lets no name out of its folder', () => {
  const part = fc.string({
    unit: fc.constantFrom('a', 'B', '1', '.', '-', '_', '/', '\\', '%', '\0', ' '),
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(part, part, (owner, name) => {
      const { pathname } = new URL(`file:///root/${owner}/${name}.git`);
      const stays = pathname === `/root/${owner}/${name}.git`;
      expect(stays || !validName(owner, name)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  expect(validName('kubeflow', 'manifests')).toBe(true);
  expect(validName('kubeflow', '..')).toBe(false);
});

describe('Lock', () => {
  it('lets one task of a key run at a time, in order, whatever the others do', async () => {
    const lock = new Lock();
    const seen: string[] = [];
    const task =
      (name: string, fails = false) =>
      async () => {
        seen.push(`${name} begins`);
        await Promise.resolve();
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
      };
    const failing = lock.hold('a', task('one', true));
    const next = lock.hold('a', task('two'));
    await expect(failing).rejects.toThrow('one');
    await next;
    expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  });

  it('holds up no other key', async () => {
    const lock = new Lock();
    const held = Promise.withResolvers<undefined>();
    const first = lock.hold('a', () => held.promise);
    await lock.hold('b', () => Promise.resolve());
    held.resolve(undefined);
    await first;
  });
});

it('RateLimits counts each credential by itself, anew each hour', () => {
  let now = 1_000;
  const limits = new RateLimits(1, () => now);
  limits.count('a');
  expect(limits.state('a')).toEqual({ limit: 1, used: 1, remaining: 0, reset: 3_601 });
  expect(limits.state('b').remaining).toBe(1);
  now += 3_600_000;
  expect(limits.state('a').remaining).toBe(1);
});
