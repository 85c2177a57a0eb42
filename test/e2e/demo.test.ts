import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { claim, ClaimFailed } from '../../examples/demo/narrate.ts';
import { parseSettings } from '../../runtime/config/settings.ts';
import { detectTool } from '../../runtime/local/builder/detect.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const patience = 240_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-demo-test-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const describeWithBuilder = await whereImagesCanBeBuilt();

describeWithBuilder('the demo', () => {
  it(
    'shows what it promises, ends by itself and leaves nothing behind',
    async () => {
      const { exitCode, stdout, stderr } = await start();
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      expect(headings(stdout)).toEqual([
        'The first pass builds images and opens pull requests',
        'A commit to one component rebuilds that one, and its pull request moves on',
        'A commit outside of what the images are made of builds nothing',
        'A commit to the base image rebuilds what stands on it, the base first',
        'A broken Dockerfile fails, is remembered and explained',
        'Merged pull requests lead to a steady state, in which a pass does nothing',
        'A closed pull request stays closed, until there is something new to propose',
      ]);
      expect(stdout.match(/^ {2}started build /gm)).toHaveLength(13);
      expect(stdout.match(/^ {2}opened a pull request /gm)).toHaveLength(7);
      expect(stdout).toMatch(/"\/script": no such file/);
      expect(stdout).toContain('What to try next');
      expect(stdout).not.toContain('\u001b');
      expect(await leftBehind()).toEqual({ files: [], processes: [] });
    },
    patience,
  );

  it(
    'ends builds, servers and its folder when it is interrupted',
    async () => {
      const running = start();
      let sent = false;
      running.stdout.on('data', (chunk: Buffer) => {
        if (sent || !chunk.toString().includes('build ')) return;
        sent = true;
        running.kill('SIGINT');
      });
      const { exitCode } = await running;
      expect(exitCode).toBe(130);
      expect(await leftBehind()).toEqual({ files: [], processes: [] });
    },
    patience,
  );
});

describe('what the demo says', () => {
  it('is checked: a claim that is not true ends it', () => {
    expect(() => claim('1 build', ['base', 'kfam'], ['base'])).toThrow(ClaimFailed);
  });
});

describe('the sample settings', () => {
  it('are valid', async () => {
    const name = fromRoot('examples/slipway.yaml');
    const settings = parseSettings({ name, text: await readFile(name, 'utf8') }, {});
    expect(settings.forges).toEqual({ 'github.com': { token: { env: 'GITHUB_TOKEN' } } });
  });
});

/** The demo as its own process, with a folder for temporary files that nothing else uses. */
function start() {
  return execa(process.execPath, [fromRoot('examples/demo/main.ts')], {
    cwd: fromRoot('.'),
    env: { TMPDIR: folder, FORCE_COLOR: undefined },
    reject: false,
  });
}

function headings(stdout: string): string[] {
  return [...stdout.matchAll(/^\d+\. (.*)$/gm)].map(([, title]) => title!);
}

/** Files in the demo's folder for temporary files, and commands that name it. */
async function leftBehind(): Promise<{ files: string[]; processes: string[] }> {
  const { stdout } = await execa('ps', ['-eo', 'args', '-ww']);
  return {
    files: await readdir(folder),
    processes: stdout.split('\n').filter((line) => line.includes(folder)),
  };
}

async function whereImagesCanBeBuilt() {
  try {
    await detectTool(undefined);
    return describe;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.warn('SKIPPED: no image builder works here; get one with: apt-get install buildah');
    return describe.skip;
  }
}
