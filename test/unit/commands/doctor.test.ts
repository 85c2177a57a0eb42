import { describe, expect, it } from '@jest/globals';
import {
  gitFinding,
  keyFileChecks,
  nodeFinding,
  secretsOf,
} from '../../../runtime/commands/doctor-machine.ts';
import { ok, runChecks, type Check } from '../../../runtime/commands/doctor-run.ts';
import { PortError } from '../../../runtime/ports/index.ts';

const { signal } = new AbortController();
const check = (run: Check['run'], subject = 'it'): Check => ({ area: 'test', subject, run });

describe('a check', () => {
  it('keeps its place, however long it takes', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const first = check(async () => {
      await promise;
      return ok('late');
    }, 'first');
    const second = check(() => {
      resolve(undefined);
      return Promise.resolve(ok('at once'));
    }, 'second');
    expect(await runChecks([first, second], 10_000, signal)).toEqual([
      { area: 'test', subject: 'first', status: 'ok', detail: 'late' },
      { area: 'test', subject: 'second', status: 'ok', detail: 'at once' },
    ]);
  });

  it('that gives no answer fails in time, and stops no other', async () => {
    const hanging = check(() => new Promise(() => undefined));
    const [late, fine] = await runChecks([hanging, check(() => Promise.resolve(ok('fine')))], 10, signal);
    expect(late).toMatchObject({ status: 'failed', detail: 'gave no answer within 0.01 s' });
    expect(fine).toMatchObject({ status: 'ok' });
  });

  it('tells what a port says, without secrets', async () => {
    const refused = check(() =>
      Promise.reject(
        new PortError('denied', 'x', 'https://robot:hunter2@host refuses ghp_0123456789abcdef', {
          remedy: 'renew https://u:p4ss@host',
        }),
      ),
    );
    const [result] = await runChecks([refused], 10_000, signal);
    expect(result).toMatchObject({ status: 'failed', detail: expect.stringContaining('refuses') });
    expect(JSON.stringify(result)).not.toMatch(/hunter2|ghp_|p4ss/);
  });

  it('does not hide a defect, and ends when it is told to', async () => {
    const broken = check(() => Promise.reject(new TypeError('a defect')));
    await expect(runChecks([broken], 10_000, signal)).rejects.toThrow('a defect');
    const ending = new AbortController();
    const hanging = runChecks([check(() => new Promise(() => undefined))], 10_000, ending.signal);
    ending.abort(new Error('SIGINT received'));
    await expect(hanging).rejects.toThrow('SIGINT received');
  });
});

it.each([
  ['24.0.0', 'ok'],
  ['25.1.0', 'ok'],
  ['22.19.0', 'failed'],
])('node %s is %s', (version, status) => {
  expect(nodeFinding(version).status).toBe(status);
});

it.each([
  ['git version 2.36.0', 'ok'],
  ['git version 2.50.1 (Apple Git-155)', 'ok'],
  ['git version 3.0.0', 'ok'],
  ['git version 2.35.9', 'failed'],
  ['git version 1.99.1', 'failed'],
  ['something else', 'failed'],
])('%s is %s', (said, status) => {
  expect(gitFinding(said).status).toBe(status);
});

describe('settings', () => {
  it('name every secret', () => {
    const named = secretsOf(
      {
        forges: {
          'ghe.example.com': { app: { id: 1, privateKey: { file: 'key.pem' } } },
          'forge.example.com': { ssh: { key: 'a', knownHosts: 'b' } },
        },
        registries: { 'gcr.io': { username: 'u', password: { env: 'P' } }, 'docker.io': {} },
      },
      { GITHUB_TOKEN: 'x' },
    );
    expect(named.map(({ name }) => name)).toEqual([
      'forges.ghe.example.com.app.privateKey',
      'forges.github.com.token',
      'registries.gcr.io.password',
    ]);
  });

  it('name key files that must be readable', async () => {
    const here = import.meta.filename;
    const checks = keyFileChecks({
      forges: { h: { ssh: { key: here, knownHosts: `${here}.missing` } } },
      git: { signing: { format: 'ssh', key: here } },
    });
    const results = await runChecks(checks, 10_000, signal);
    expect(results.map(({ subject, status }) => `${subject} ${status}`)).toEqual([
      'forges.h.ssh.key ok',
      'forges.h.ssh.knownHosts failed',
      'git.signing.key ok',
    ]);
  });
});
