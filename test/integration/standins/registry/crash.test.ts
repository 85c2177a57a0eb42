import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { blobOf, pushImage } from '../../../support/oci.ts';

const program = fileURLToPath(new URL('./processes/registry.ts', import.meta.url));

describe('a registry that is killed', () => {
  let root: string;
  let child: ChildProcess | undefined;

  async function start(): Promise<string> {
    child = spawn(process.execPath, [program, root], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
    return url;
  }
  async function kill(): Promise<void> {
    const exited = once(child!, 'exit');
    child!.kill('SIGKILL');
    await exited;
    child = undefined;
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'registry-'));
  });
  afterEach(async () => {
    if (child !== undefined) await kill();
    await rm(root, { recursive: true, force: true });
  });

  it('keeps images, and goes on with an upload where it stopped', async () => {
    const content = randomBytes(3_000_000);
    const blob = blobOf(content);
    const before = await start();
    const manifest = await pushImage(before, 'a/b', 'v1', 'x');
    const begun = await fetch(`${before}/v2/a/b/blobs/uploads/`, { method: 'POST' });
    const location = begun.headers.get('location')!;
    const sending = request(new URL(location, before), { method: 'PATCH' });
    sending.on('error', () => undefined);
    sending.write(content.subarray(0, 1_000_000));
    const received = async (url: string) => {
      const range = (await fetch(new URL(location, url))).headers.get('range');
      return Number(range!.split('-')[1]) + 1;
    };
    while ((await received(before)) < 500_000) await new Promise((resolve) => setTimeout(resolve, 5));
    await kill();

    const after = await start();
    const kept = await fetch(`${after}/v2/a/b/manifests/v1`);
    expect(kept.headers.get('docker-content-digest')).toBe(manifest.digest);
    const offset = await received(after);
    const finished = await fetch(new URL(`${location}?digest=${blob.digest}`, after), {
      method: 'PUT',
      body: content.subarray(offset),
      headers: { 'content-range': `${offset}-${content.length - 1}` },
    });
    expect(finished.status).toBe(201);
    const pulled = await fetch(`${after}/v2/a/b/blobs/${blob.digest}`);
    expect(blobOf(Buffer.from(await pulled.arrayBuffer())).digest).toBe(blob.digest);
  });

  it('never shows a tag that names nothing', async () => {
    for (let round = 0; round < 3; round++) {
      const url = await start();
      const pushes = Array.from({ length: 30 }, (_, n) => pushImage(url, 'a/b', `v${n}`, `${round} ${n}`));
      await Promise.race(pushes);
      await kill();
      const results = await Promise.allSettled(pushes);
      expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);

      const again = await start();
      const listed = (await (await fetch(`${again}/v2/a/b/tags/list`)).json()) as { tags: string[] };
      for (const tag of listed.tags) {
        const answer = await fetch(`${again}/v2/a/b/manifests/${tag}`);
        const bytes = Buffer.from(await answer.arrayBuffer());
        expect(answer.headers.get('docker-content-digest')).toBe(blobOf(bytes).digest);
        const { layers } = JSON.parse(bytes.toString()) as { layers: { digest: string }[] };
        for (const { digest } of layers) {
          const layer = await fetch(`${again}/v2/a/b/blobs/${digest}`);
          expect(blobOf(Buffer.from(await layer.arrayBuffer())).digest).toBe(digest);
        }
      }
      await kill();
    }
  });
});
