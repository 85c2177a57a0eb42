import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RegistryServer, startRegistry } from '../../../../runtime/standins/registry/server.ts';
import { describeWithTool } from '../../../support/tools.ts';

const run = promisify(execFile);

describeWithTool('buildah', 'apt-get install buildah')('buildah and skopeo', () => {
  describeWithTool('skopeo', 'apt-get install skopeo')('push and pull', () => {
    let folder: string;
    let server: RegistryServer;
    let repository: string;

    /** Its storage lies in the test's folder and is given up with it. */
    const buildah = async (...args: string[]): Promise<string> => {
      const storage = [
        '--storage-driver',
        'vfs',
        '--root',
        join(folder, 's'),
        '--runroot',
        join(folder, 'r'),
      ];
      return (await run('buildah', [...storage, ...args])).stdout.trim();
    };
    const skopeo = async (...args: string[]): Promise<string> => (await run('skopeo', args)).stdout;
    const digestOf = async (tag: string): Promise<string> => {
      const answer = await fetch(`${server.url}/v2/project/hello/manifests/${tag}`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'registry-'));
      server = await startRegistry({ root: join(folder, 'registry') });
      repository = `127.0.0.1:${server.port}/project/hello`;
      await mkdir(join(folder, 'context'));
      await writeFile(join(folder, 'context', 'hello'), 'hello\n'.repeat(100_000));
      await writeFile(join(folder, 'context', 'Dockerfile'), 'FROM scratch\nCOPY hello /hello\n');
      await buildah('build', '--isolation', 'chroot', '-t', 'hello', join(folder, 'context'));
      await buildah('push', '--tls-verify=false', '--format', 'oci', 'hello', `docker://${repository}:v1`);
    });
    afterAll(async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('the same image', async () => {
      const inspected = JSON.parse(
        await skopeo('inspect', '--tls-verify=false', `docker://${repository}:v1`),
      ) as unknown;
      expect(inspected).toMatchObject({ Digest: await digestOf('v1'), RepoTags: ['v1'], Os: 'linux' });
    });

    it('by mounting layers into another repository', async () => {
      const copy = repository.replace('hello', 'copy');
      const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
      await skopeo('copy', ...plain, `docker://${repository}:v1`, `docker://${copy}:v2`);
      const answer = await fetch(`${server.url}/v2/project/copy/manifests/v2`);
      expect(answer.headers.get('docker-content-digest')).toBe(await digestOf('v1'));
    });

    it("Docker's own format and lists of several platforms", async () => {
      await buildah(
        'push',
        '--tls-verify=false',
        '--format',
        'v2s2',
        'hello',
        `docker://${repository}:docker`,
      );
      await buildah('manifest', 'create', 'all', 'hello');
      const target = `docker://${repository}:all`;
      await buildah('manifest', 'push', '--all', '--tls-verify=false', 'all', target);
      const list = JSON.parse(await skopeo('inspect', '--raw', '--tls-verify=false', target)) as {
        manifests: unknown[];
      };
      expect(list.manifests).toHaveLength(1);
    });

    it('and get back what they pushed', async () => {
      const target = join(folder, 'pulled');
      await skopeo('copy', '--src-tls-verify=false', `docker://${repository}:v1`, `dir:${target}`);
      const manifest = await readFile(join(target, 'manifest.json'));
      expect(`sha256:${createHash('sha256').update(manifest).digest('hex')}`).toBe(await digestOf('v1'));
      await buildah('rmi', '--all', '--force');
      await buildah('pull', '--tls-verify=false', `docker://${repository}:v1`);
      const container = await buildah('from', '--pull-never', `${repository}:v1`);
      const mounted = await buildah('mount', container);
      expect(await readFile(join(mounted, 'hello'), 'utf8')).toBe('hello\n'.repeat(100_000));
    });

    it('and delete', async () => {
      await skopeo(
        'copy',
        '--src-tls-verify=false',
        '--dest-tls-verify=false',
        `docker://${repository}:v1`,
        `docker://${repository}:doomed`,
      );
      await skopeo('delete', '--tls-verify=false', `docker://${repository}:doomed`);
      expect((await fetch(`${server.url}/v2/project/hello/manifests/doomed`)).status).toBe(404);
    });
  });
});
