import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { PortError } from '../../../../runtime/ports/errors.ts';
import { effectiveUrl, parseRewrites } from '../../../../runtime/remote/git/transport.ts';
import type { GitFailure, GitRequest } from '../../../support/git-http.ts';
import { Fixture, fetchAll, git } from './fixture.ts';

const HEADS = ['refs/heads/*'];
const SECRET = 's3cret/+&token';

/** A folder for PATH whose `git` notes its arguments, one line per process, and then is git. */
function watchedGit(fixture: Fixture): { path: string; lines: () => string } {
  const log = join(fixture.folder, 'argv');
  const real = git(fixture.folder, ['--exec-path']);
  fixture.write('bin/git', `#!/bin/sh\necho "$@" >> '${log}'\nexec '${real}/git' "$@"\n`, 0o755);
  return {
    path: `${join(fixture.folder, 'bin')}:${process.env.PATH}`,
    lines: () => readFileSync(log, 'utf8'),
  };
}

describe('addresses', () => {
  it('are rewritten as the git configuration of a person says', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('kubeflow/kubeflow');
    const config = `[url "${fixture.server.url}/"]\n\tinsteadOf = https://github.com/\n`;
    const environment = { PATH: process.env.PATH, ...fixture.configured(config) };
    const client = fixture.client({ environment });
    const url = 'https://github.com/kubeflow/kubeflow';
    expect(await fetchAll(client, url)).toBe(head);
    const oid = await client.createCommit(url, {
      parent: head,
      changes: [{ path: 'x', content: Buffer.from('x') }],
      message: 'm',
      author: { name: 'A', email: 'a@example.com' },
      at: 0,
    });
    await client.push(url, url, [{ ref: 'refs/heads/x', to: oid, expected: null }]);
    expect(fixture.tip('kubeflow/kubeflow', 'x')).toBe(oid);
    expect(readdirSync(fixture.mirrors)).toContainEqual(
      expect.stringMatching(/^github\.com-kubeflow-kubeflow-/),
    );
  });

  it('reach files only where that is allowed, however they are written', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    for (const base of [`file://${fixture.root}/`, `${fixture.root}/`]) {
      const environment = {
        PATH: process.env.PATH,
        ...fixture.configured(`[url "${base}"]\n\tinsteadOf = https://example.com/\n`),
      };
      const url = 'https://example.com/repo';
      const strict = fixture.client({ environment });
      await expect(strict.refs(url, HEADS)).rejects.toMatchObject({ fault: 'invalid', subject: url });
      const lenient = fixture.client({ environment, transports: ['https', 'file'] });
      expect((await lenient.refs(url, HEADS)).get('refs/heads/main')).toBe(head);
      await lenient.fetch(url, new Map([['refs/heads/main', head]]));
      const blob = (await lenient.entry(url, head, 'a.txt'))!.oid;
      expect((await lenient.blobs(url, [blob])).get(blob)?.toString()).toBe('one\n');
    }
  });

  it.each([
    'ext::sh -c "touch escaped"',
    'git://127.0.0.1/repo',
    'http://192.0.2.1/repo',
    'http://127.0.0.1.example.com/repo',
    'file:///etc',
    '/etc',
    '../up',
    '-oProxyCommand=x',
    '--upload-pack=x',
    'ssh://-oProxyCommand=x/repo',
    '-x@host:path',
    'https://example.com/\nrepo',
    '',
  ])('are refused before git starts: %j', async (url) => {
    await using fixture = await Fixture.start();
    const client = fixture.client();
    await expect(client.refs(url, HEADS)).rejects.toMatchObject({ fault: 'invalid' });
    expect(fixture.calls.filter((command) => command !== 'config')).toEqual([]);
  });

  it('are refused by git too', async () => {
    await using fixture = await Fixture.start();
    fixture.repository('repo');
    // a rule that appears after it was read: our own check still sees the old address
    const environment = { PATH: process.env.PATH, ...fixture.configured('') };
    const client = fixture.client({ environment });
    const url = fixture.url('repo');
    await client.refs(url, HEADS);
    fixture.configured(`[url "file://${fixture.root}/"]\n\tinsteadOf = ${fixture.server.url}/\n`);
    await expect(client.refs(url, HEADS)).rejects.toMatchObject({
      fault: 'invalid',
      message: expect.stringContaining("transport 'file' not allowed"),
    });
  });

  it('are rewritten as git rewrites them', async () => {
    await using fixture = await Fixture.start();
    const config = [
      '[url "https://one.example/"]\n\tinsteadOf = gh:\n\tinsteadOf = https://github.com/',
      '[url "https://two.example/"]\n\tinsteadOf = https://github.com/kubeflow/',
      '[url "https://three.example/"]\n\tinsteadOf = https://github.com/kubeflow/',
      '[url "ssh://git@push.example/"]\n\tpushInsteadOf = https://github.com/',
    ].join('\n');
    const file = fixture.write('rules', config);
    const listing = git(fixture.folder, [
      'config',
      '-z',
      '-f',
      file,
      '--get-regexp',
      String.raw`^url\..*\.(push)?insteadof$`,
    ]);
    const rules = parseRewrites(listing);
    for (const url of [
      'gh:a/b',
      'https://github.com/a/b',
      'https://github.com/kubeflow/b',
      'https://gitlab.com/a/b',
    ]) {
      const repository = join(fixture.folder, 'bare');
      git(fixture.folder, ['init', '-q', '--bare', repository]);
      git(repository, ['config', 'include.path', file]);
      git(repository, ['config', 'remote.origin.url', url]);
      expect([effectiveUrl(url, rules, 'fetch'), effectiveUrl(url, rules, 'push')]).toEqual([
        git(repository, ['remote', 'get-url', 'origin']),
        git(repository, ['remote', 'get-url', '--push', 'origin']),
      ]);
    }
  });
});

describe('credentials', () => {
  it('reach the server and nobody else', async () => {
    const credentials = { username: 'x-access-token', password: SECRET };
    await using fixture = await Fixture.start({ credentials });
    fixture.repository('repo');
    const helper = fixture.write(
      'helper',
      `#!/bin/sh\necho "$@" >> '${fixture.folder}/helper-used'\n`,
      0o755,
    );
    const watched = watchedGit(fixture);
    const environment = {
      ...fixture.configured(
        `[credential]\n\thelper = ${helper}\n[credential "${fixture.server.url}"]\n\thelper = ${helper}\n`,
      ),
      PATH: watched.path,
    };
    const asked: string[][] = [];
    const client = fixture.client({
      environment,
      credentials: (...of) => {
        asked.push(of);
        return Promise.resolve(credentials);
      },
    });
    await fetchAll(client, fixture.url('repo'));
    const of = [fixture.server.host, fixture.url('repo'), 'fetch'];
    expect(asked).toEqual([of, of]);
    expect(watched.lines()).toContain('ls-remote');
    expect(watched.lines()).not.toContain(SECRET);
    expect(readdirSync(fixture.folder)).not.toContain('helper-used');
    const left = readdirSync(fixture.mirrors, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect(left.join('')).not.toContain(SECRET);
  });

  it('that are wrong or absent say so without being told', async () => {
    await using fixture = await Fixture.start({ credentials: { username: 'u', password: 'right' } });
    fixture.repository('repo');
    const wrong = fixture.client({ credentials: () => Promise.resolve({ username: 'u', password: SECRET }) });
    const error = await wrong.refs(fixture.url('repo'), HEADS).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ fault: 'denied', remedy: expect.stringContaining('credentials') });
    expect(JSON.stringify(error) + (error as PortError).message).not.toContain(SECRET);
    await expect(fixture.client().refs(fixture.url('repo'), HEADS)).rejects.toMatchObject({
      fault: 'denied',
    });
  });

  it('are not given to a server that a redirect leads to', async () => {
    await using thief = await Fixture.start({ credentials: { username: 'u', password: SECRET } });
    thief.repository('repo');
    await using fixture = await Fixture.start({ redirect: thief.server.url });
    const client = fixture.client({
      credentials: () => Promise.resolve({ username: 'u', password: SECRET }),
    });
    await expect(client.refs(fixture.url('repo'), HEADS)).rejects.toMatchObject({ name: 'PortError' });
    expect(thief.requests()).toEqual([]);
  });

  it('of ssh trust only the configured key and hosts', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const log = join(fixture.folder, 'ssh-argv');
    // stands in for ssh: notes how it was called, then runs the command on this machine
    fixture.write(
      'bin/ssh',
      `#!/bin/sh\nfor each; do echo "$each" >> '${log}'; last="$each"; done\nexec sh -c "$last"\n`,
      0o755,
    );
    const client = fixture.client({
      environment: { PATH: `${join(fixture.folder, 'bin')}:${process.env.PATH}`, ...fixture.configured('') },
      credentials: () => Promise.resolve({ sshKey: "/keys/it's mine", knownHosts: '/keys/known hosts' }),
    });
    const url = `ssh://git@example.com${fixture.path('repo')}`;
    expect((await client.refs(url, HEADS)).get('refs/heads/main')).toBe(head);
    expect(readFileSync(log, 'utf8').split('\n')).toEqual(
      expect.arrayContaining([
        "/keys/it's mine",
        'IdentitiesOnly=yes',
        'StrictHostKeyChecking=yes',
        'UserKnownHostsFile="/keys/known hosts"',
        'git@example.com',
      ]),
    );
  });
});

describe('failures', () => {
  it.each<[GitFailure, string, number]>([
    [{ status: 503 }, 'transient', 3],
    ['drop-answer', 'transient', 3],
    [{ status: 429 }, 'rate-limited', 1],
    [{ status: 403 }, 'denied', 1],
    [{ status: 404 }, 'not-found', 1],
  ])('%j is %s', async (failure, fault, tries) => {
    await using fixture = await Fixture.start({ fail: () => failure });
    fixture.repository('repo');
    const client = fixture.client();
    await expect(client.refs(fixture.url('repo'), HEADS)).rejects.toMatchObject({ fault });
    expect(fixture.calls.filter((command) => command === 'ls-remote')).toHaveLength(tries);
  });

  it('that pass are repeated, in the middle of a fetch too', async () => {
    let left = 2;
    await using fixture = await Fixture.start({
      fail: ({ command }: GitRequest) => (command === 'fetch' && left-- > 0 ? { status: 502 } : undefined),
    });
    const head = fixture.repository('repo');
    const client = fixture.client();
    expect(await fetchAll(client, fixture.url('repo'))).toBe(head);
    expect((await client.list(fixture.url('repo'), head, ''))?.length).toBe(2);
  });

  it('of the network and of the machine are told apart', async () => {
    await using fixture = await Fixture.start();
    await expect(fixture.client().refs('http://127.0.0.1:1/repo', HEADS)).rejects.toMatchObject({
      fault: 'transient',
    });
    await expect(
      fixture.client({ environment: { PATH: '/nonexistent' } }).refs(fixture.url('x'), HEADS),
    ).rejects.toMatchObject({
      fault: 'invalid',
      remedy: expect.stringContaining('install git'),
    });
  });

  it('end a hanging call and its helpers at the time limit, or when it is cancelled', async () => {
    await using fixture = await Fixture.start({ fail: () => 'hang' });
    const url = fixture.url('repo');
    const slow = fixture.client({ timeout: 300 });
    await expect(slow.refs(url, HEADS)).rejects.toMatchObject({
      fault: 'transient',
      message: expect.stringContaining('longer than'),
    });

    const controller = new AbortController();
    const client = fixture.client();
    const asked = client.refs(url, HEADS, controller.signal);
    setTimeout(() => controller.abort(), 200);
    await expect(asked).rejects.toMatchObject({ fault: 'cancelled' });
    await expect(client.refs(url, HEADS, controller.signal)).rejects.toMatchObject({ fault: 'cancelled' });

    const closed = fixture.client();
    const pending = closed.refs(url, HEADS);
    setTimeout(() => closed.close(), 200);
    await expect(pending).rejects.toMatchObject({ fault: 'cancelled' });
  });
});
