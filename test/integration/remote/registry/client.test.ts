import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  blobOf,
  descriptor,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
  pushImage,
  putManifest,
} from '../../../support/oci.ts';
import { describeWithTool } from '../../../support/tools.ts';
import { openClient, startDockerRegistry, startStandIn, type TestServer } from './servers.ts';

function clientSuite(open: () => Promise<TestServer>): void {
  let server: TestServer;
  let name: string;
  beforeAll(async () => {
    server = await open();
    name = `${server.host}/project/hello`;
  });
  afterAll(() => server.close());

  it('reads a digest with one HEAD, by tag and by digest', async () => {
    const manifest = await pushImage(server.url, 'project/hello', 'v1', 'one');
    const { client, seen } = openClient();
    expect(await client.digest(name, 'v1')).toBe(manifest.digest);
    expect(await client.digest(name, manifest.digest)).toBe(manifest.digest);
    expect(seen()).toEqual(['HEAD 200', 'HEAD 200']);
  });

  it('finds nothing where there is nothing', async () => {
    const { client, seen } = openClient();
    expect(await client.digest(name, 'v99')).toBeUndefined();
    expect(await client.digest(name, blobOf('nothing').digest)).toBeUndefined();
    expect(await client.manifest(`${server.host}/no/such`, 'v1')).toBeUndefined();
    expect(seen()).toEqual(['HEAD 404', 'HEAD 404', 'GET 404']);
  });

  it.each([OCI_MANIFEST, DOCKER_MANIFEST])('reads an image of type %s', async (mediaType) => {
    const { digest } = await pushImage(server.url, 'project/hello', 'typed', mediaType, mediaType);
    expect(await openClient().client.manifest(name, 'typed')).toEqual({ digest, mediaType, platforms: [] });
  });

  it('reads the platforms of an index, less attestations', async () => {
    const image = await pushImage(server.url, 'project/hello', 'amd64', 'amd64');
    const entry = (platform: object) => ({ ...descriptor(image, OCI_MANIFEST), platform });
    const index = blobOf(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [
          entry({ os: 'linux', architecture: 'amd64' }),
          entry({ os: 'linux', architecture: 'arm', variant: 'v7' }),
          entry({ os: 'unknown', architecture: 'unknown' }),
          descriptor(image, OCI_MANIFEST),
        ],
      }),
    );
    expect((await putManifest(server.url, 'project/hello', 'all', index, OCI_INDEX)).status).toBe(201);
    const { client } = openClient();
    expect(await client.manifest(name, 'all')).toEqual({
      digest: index.digest,
      mediaType: OCI_INDEX,
      platforms: [
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: 'arm', variant: 'v7' },
      ],
    });
    expect(await client.digest(name, 'all')).toBe(index.digest);
  });

  it('tags once, and moves a tag only when told to', async () => {
    const first = await pushImage(server.url, 'project/hello', 'first', 'first');
    const second = await pushImage(server.url, 'project/hello', 'second', 'second');
    const { client, seen } = openClient();
    await client.tag(name, first.digest, 'release');
    expect(seen()).toEqual(['HEAD 404', 'GET 200', 'PUT 201']);
    await client.tag(name, first.digest, 'release');
    expect(seen()).toEqual(['HEAD 200']);

    await expect(client.tag(name, second.digest, 'release')).rejects.toMatchObject({ fault: 'conflict' });
    expect(seen()).toEqual(['HEAD 200']);
    expect(await client.digest(name, 'release')).toBe(first.digest);
    await client.tag(name, second.digest, 'release', { move: true });
    expect(await client.digest(name, 'release')).toBe(second.digest);
  });

  it('tags nothing that is not there', async () => {
    const { client } = openClient();
    const tagging = client.tag(name, blobOf('nothing').digest, 'release-2');
    await expect(tagging).rejects.toMatchObject({ fault: 'not-found' });
  });

  it('finds images where the settings say they live', async () => {
    const { digest } = await pushImage(server.url, 'mirror/kubeflow/kfam', 'v1', 'kfam');
    const registries = { 'gcr.io': { endpoint: server.url, name: 'mirror/{name}' } };
    const { client } = openClient({ registries });
    expect(await client.digest('gcr.io/kubeflow/kfam', 'v1')).toBe(digest);
    expect(client.location('gcr.io/kubeflow/kfam')).toEqual({
      reference: `${server.host}/mirror/kubeflow/kfam`,
      insecure: true,
    });
  });
}

describe('the client and the local registry', () => clientSuite(() => startStandIn()));

const withDockerRegistry = describeWithTool('docker-registry', 'apt-get install docker-registry');

withDockerRegistry("the client and Docker's registry", () => clientSuite(() => startDockerRegistry()));

withDockerRegistry("Docker's registry with passwords", () => {
  // bcrypt of the password below, as `htpasswd -B` writes it
  const user = 'ann:$2b$04$mCAp58F24iXONA79vq2M3.THhguvF6EFtgHIVwlQfyyGMthNYzBOK';
  const password = 'horse-battery';
  let server: TestServer;
  beforeAll(async () => {
    server = await startDockerRegistry(user);
  });
  afterAll(() => server.close());

  it('lets in who has one, and asks once', async () => {
    const credentials = () => Promise.resolve({ username: 'ann', password });
    const { client, seen } = openClient({ credentials });
    expect(await client.digest(`${server.host}/a/b`, 'v1')).toBeUndefined();
    expect(await client.digest(`${server.host}/a/b`, 'v2')).toBeUndefined();
    expect(seen()).toEqual(['HEAD 401', 'HEAD 404', 'HEAD 404']);
  });

  it.each([
    ['no password', undefined],
    ['a wrong one', { username: 'ann', password: 'wrong-secret' }],
  ])('denies who has %s', async (_, credentials) => {
    const { client } = openClient({ credentials: () => Promise.resolve(credentials) });
    const error: unknown = await client.digest(`${server.host}/a/b`, 'v1').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      fault: 'denied',
      remedy: expect.stringContaining(`docker login ${server.host}`),
    });
    expect(String(error)).not.toContain('wrong-secret');
  });
});
