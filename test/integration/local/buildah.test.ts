import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '../../../runtime/control/clock.ts';
import { LocalBuilder } from '../../../runtime/local/builder/builder.ts';
import type { Build, BuildRequest } from '../../../runtime/ports/builder.ts';
import { startRegistry } from '../../../runtime/standins/registry/server.ts';
import type { RegistryServer } from '../../../runtime/standins/registry/server.ts';
import { isEnded, until } from '../../contract/builder.ts';
import { describeWithTool } from '../../support/tools.ts';

describeWithTool('buildah', 'apt-get install buildah')('buildah', () => {
  let root: string;
  let registry: RegistryServer;
  let builder: LocalBuilder;
  /** What each folder of the repository holds. */
  let tree: Record<string, Record<string, string>>;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-buildah-'));
    registry = await startRegistry({ root: join(root, 'registry') });
    tree = {};
    builder = new LocalBuilder({
      git: { materialize },
      registry: {
        location: (name) => ({ reference: `127.0.0.1:${registry.port}/${name}`, insecure: true }),
      },
      clock: systemClock,
      directory: join(root, 'builds'),
      tool: 'buildah',
    });
  });
  afterEach(async () => {
    await builder.close();
    await registry.close();
    await rm(root, { recursive: true, force: true });
  });

  async function materialize(_repository: string, _commit: string, directory: string, destination: string) {
    for (const [path, content] of Object.entries(tree[directory] ?? {})) {
      await mkdir(dirname(join(destination, path)), { recursive: true });
      await writeFile(join(destination, path), content);
    }
  }

  async function build(dockerfile: string, more: Partial<BuildRequest> = {}): Promise<Build> {
    tree['app'] = { Dockerfile: dockerfile, 'hello.txt': 'hello\n' };
    // Several test runs on one machine share buildah's storage.
    const name = `test-${process.pid}-${Date.now()}`;
    await builder.start({
      name,
      key: 'b'.repeat(64),
      labels: {},
      source: {
        repository: 'https://example.com/o/r',
        commit: 'a'.repeat(40),
        context: 'app',
        dockerfile: 'app/Dockerfile',
      },
      platforms: [],
      buildArgs: {},
      image: { name: 'project/app', tags: ['k-1', 'v1-g1'] },
      ...more,
    });
    return until(builder, name, isEnded);
  }

  async function manifest(reference: string): Promise<{ digest: string | null; body: unknown }> {
    const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
    const response = await fetch(`${registry.url}/v2/project/app/manifests/${reference}`, {
      headers: { accept },
    });
    expect(response.status).toBe(200);
    return { digest: response.headers.get('docker-content-digest'), body: await response.json() };
  }

  async function config(
    reference: string,
  ): Promise<{ config: { Labels: Record<string, string>; Env: string[] } }> {
    const { body } = await manifest(reference);
    const { digest } = (body as { config: { digest: string } }).config;
    const response = await fetch(`${registry.url}/v2/project/app/blobs/${digest}`);
    return (await response.json()) as { config: { Labels: Record<string, string>; Env: string[] } };
  }

  it('says its version', async () => {
    expect(await builder.describe()).toMatch(/^buildah \d+\.\d+/);
  });

  it('pushes every tag under the digest that it tells', async () => {
    const ended = await build(
      'FROM scratch AS first\nARG VERSION\nENV version=$VERSION\nCOPY hello.txt /\nFROM first AS second\nENV second=yes\n',
      { target: 'first', buildArgs: { VERSION: 'v 1 "quoted"' } },
    );
    expect(ended.failure).toBeUndefined();
    expect((await manifest('k-1')).digest).toBe(ended.digest);
    expect((await manifest('v1-g1')).digest).toBe(ended.digest);
    const image = await config('k-1');
    expect(image.config.Env).toContainEqual(expect.stringContaining('version=v 1'));
    expect(image.config.Env.join()).not.toContain('second');
    expect(image.config.Labels).toMatchObject({
      'org.opencontainers.image.source': 'https://example.com/o/r',
      'org.opencontainers.image.revision': 'a'.repeat(40),
    });
    const { stdout } = spawnSync('buildah', ['images', '--quiet', `localhost/slipway-build:${ended.name}`]);
    expect(stdout.toString()).toBe('');
  });

  it('pushes an index for several platforms', async () => {
    const ended = await build('FROM scratch\nCOPY hello.txt /\n', {
      platforms: ['linux/amd64', 'linux/arm64'],
    });
    expect(ended.failure).toBeUndefined();
    const { digest, body } = await manifest('v1-g1');
    expect(digest).toBe(ended.digest);
    const { manifests } = body as { manifests: { platform: { architecture: string } }[] };
    expect(manifests.map(({ platform }) => platform.architecture).sort()).toEqual(['amd64', 'arm64']);
    let log = '';
    for await (const piece of builder.logs(ended.name)) log += piece;
    const images = log.match(/^[0-9a-f]{64}$/gm) ?? [];
    const left = spawnSync('buildah', ['images', '--all', '--quiet', '--no-trunc']).stdout.toString();
    expect(images.length).toBeGreaterThanOrEqual(2);
    expect(images.filter((image) => left.includes(image))).toEqual([]);
  });

  it('builds on an image of the same registry, and with a Dockerfile outside the context', async () => {
    await build('FROM scratch\nENV base=yes\nCOPY hello.txt /\n');
    tree['docker'] = {
      Child: `FROM 127.0.0.1:${registry.port}/project/app:k-1\nCOPY hello.txt /again.txt\n`,
    };
    const ended = await build('', {
      source: {
        repository: 'https://example.com/o/r',
        commit: 'a'.repeat(40),
        context: 'app',
        dockerfile: 'docker/Child',
      },
      image: { name: 'project/app', tags: ['child'] },
    });
    expect(ended.failure).toBeUndefined();
    expect((await config('child')).config.Env).toContain('base=yes');
    spawnSync('buildah', ['rmi', `127.0.0.1:${registry.port}/project/app:k-1`]);
  });

  it.each([
    ['copies what is not there', 'FROM scratch\nCOPY missing /\n', 'permanent', 'BuildFailed'],
    ['has an unknown instruction', 'FROM scratch\nBOGUS x\n', 'permanent', 'BuildFailed'],
    ['runs what is not there', 'FROM scratch\nRUN ["/missing"]\n', 'permanent', 'BuildFailed'],
    [
      'wants a base image that its registry lacks',
      'FROM 127.0.0.1:PORT/no/such:1\n',
      'permanent',
      'BaseImageNotFound',
    ],
  ])('blames a Dockerfile that %s', async (_what, dockerfile, kind, reason) => {
    const ended = await build(dockerfile.replace('PORT', String(registry.port)));
    expect(ended).toMatchObject({ phase: 'failed', failure: { kind, reason } });
    expect(ended.failure!.message).toMatch(/error/i);
  });

  it('blames the registry when it is gone', async () => {
    await registry.close();
    const ended = await build('FROM scratch\nCOPY hello.txt /\n');
    expect(ended).toMatchObject({ phase: 'failed', failure: { kind: 'transient', reason: 'PushFailed' } });
  });
});
