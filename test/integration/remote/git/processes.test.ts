import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Fixture, fetchAll } from './fixture.ts';

/** Ids of the processes that work on mirrors of this fixture. */
function processes(fixture: Fixture): number[] {
  const lines = existsSync('/proc/self/cmdline')
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((id) => `${id} ${commandLine(id)}`)
    : execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => line.includes(`--git-dir=${fixture.mirrors}`))
    .map((line) => Number.parseInt(line, 10));
}

function commandLine(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

/** Resolves once no process is left; the test's time limit ends the wait. */
async function untilGone(fixture: Fixture): Promise<void> {
  while (processes(fixture).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('the processes that read objects', () => {
  it('are few, serve every question, and end with the client', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    await Promise.all(Array.from({ length: 50 }, () => client.list(url, head, 'dir')));
    expect(fixture.calls.filter((command) => command === 'cat-file')).toHaveLength(1);
    expect(processes(fixture)).toHaveLength(1);
    client.close();
    await untilGone(fixture);
    await expect(client.refs(url, ['refs/heads/*'])).rejects.toMatchObject({ fault: 'cancelled' });
  });

  it('are replaced when they die', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    for (const id of processes(fixture)) process.kill(id, 'SIGKILL');
    await untilGone(fixture);
    expect((await client.commit(url, head)).oid).toBe(head);
  });

  it('are bounded over many repositories', async () => {
    await using fixture = await Fixture.start();
    const client = fixture.client();
    for (let count = 0; count < 70; count++)
      await expect(client.commit(fixture.url(`r${count}`), 'e'.repeat(40))).rejects.toMatchObject({
        fault: 'not-found',
      });
    while (processes(fixture).length > 64) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(processes(fixture)).toHaveLength(64);
  });
});

describe('the folder of mirrors', () => {
  it('may be emptied while the client runs', async () => {
    await using fixture = await Fixture.start();
    const head = fixture.repository('repo');
    const client = fixture.client();
    const url = fixture.url('repo');
    await fetchAll(client, url);
    rmSync(fixture.mirrors, { recursive: true });
    expect(await fetchAll(client, url)).toBe(head);
    expect((await client.list(url, head, ''))?.length).toBe(2);
  });

  it('that cannot be made is an error with a remedy', async () => {
    await using fixture = await Fixture.start();
    writeFileSync(fixture.mirrors, 'a file');
    const client = fixture.client({ directory: join(fixture.mirrors, 'below') });
    await expect(client.refs(fixture.url('repo'), ['refs/heads/*'])).rejects.toMatchObject({
      fault: 'invalid',
      remedy: expect.stringContaining('folder'),
    });
  });
});
