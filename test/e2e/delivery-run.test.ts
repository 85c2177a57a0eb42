import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';
import { pulls } from '../support/delivery-cli.ts';
import { World } from '../support/world.ts';
import { git } from '../support/world-repositories.ts';

const MAIN = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));

// Each step is a process of its own, and other tests may use the machine meanwhile.
jest.setTimeout(120_000);

describe('run', () => {
  it('goes on until it is told to end, looks at once when woken, and serves metrics', async () => {
    await using world = await World.open();
    const settings = path.join(world.directory, 'slipway.json');
    const lasting = { ...world.settings(), interval: '1h', log: { level: 'info' } };
    await writeFile(settings, JSON.stringify(lasting));
    const args = ['delivery', 'run', '--settings', settings, '--metrics-port', '0'];
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: world.directory,
      env: world.environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk));
      await until(async () => (await pulls(world)).length === 6);
      const metrics = addressIn(log);
      expect((await fetch(`${metrics}/healthz`)).status).toBe(200);
      expect(await (await fetch(`${metrics}/metrics`)).text()).toContain('slipway_leader{name="delivery"} 1');

      const commit = await world.commit('source', 'v1.0', {
        'controller/main.go': 'package controller // 3\n',
      });
      child.kill('SIGHUP');
      await until(async () => (await proposed(world)).includes(commit.slice(0, 12)));

      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(log).toContain('"message":"ended"');
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** Of the metrics, as the log has it. */
function addressIn(log: string): string {
  const entries = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return String(entries.find(({ message }) => message === 'running')?.['metrics']);
}

/** What our branch has in the kustomization of the controller of v1.0. */
function proposed(world: World): Promise<string> {
  const bare = path.join(world.directory, 'forge', 'acme', 'manifests.git');
  return git(bare, 'show', 'refs/heads/slipway/v1.0/controller:controller/kustomization.yaml');
}

/** Looks until it is so; the test's own time limit ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(100);
}
