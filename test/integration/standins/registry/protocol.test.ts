import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RegistryServer, startRegistry } from '../../../../runtime/standins/registry/server.ts';
import {
  blobOf,
  descriptor,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
  pushBlob,
  pushImage,
  putManifest,
} from '../../../support/oci.ts';

let root: string;
let server: RegistryServer;
const errors: Error[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'registry-'));
  server = await startRegistry({ root, onError: (error) => errors.push(error) });
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
  expect(errors).toEqual([]);
});

const call = (method: string, path: string, init: RequestInit = {}) =>
  fetch(new URL(path, server.url), { method, ...init });
const code = async (answer: Response) =>
  ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code;

async function start(name: string): Promise<string> {
  const answer = await call('POST', `/v2/${name}/blobs/uploads/`);
  expect(answer.status).toBe(202);
  return answer.headers.get('location')!;
}

async function has(name: string, digest: string): Promise<boolean> {
  return (await call('HEAD', `/v2/${name}/blobs/${digest}`)).status === 200;
}

describe('the registry', () => {
  it('says what it is', async () => {
    expect(await (await call('GET', '/')).text()).toContain('for one machine');
    const base = await call('GET', '/v2/');
    expect(base.status).toBe(200);
    expect(base.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  });

  it('listens on loopback alone', () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  it('refuses methods and paths that the API lacks', async () => {
    const method = await call('POST', '/v2/a/tags/list');
    expect([method.status, await code(method)]).toEqual([405, 'UNSUPPORTED']);
    expect((await call('GET', '/v3/')).status).toBe(404);
  });

  it('refuses a port that is taken', async () => {
    await expect(startRegistry({ root, port: server.port })).rejects.toThrow('EADDRINUSE');
  });
});

describe('a blob', () => {
  const blob = blobOf('0123456789');
  const path = `/v2/blobs/one/blobs/${blob.digest}`;
  beforeAll(() => pushBlob(server.url, 'blobs/one', blob));

  it('is read whole and in part', async () => {
    const whole = await call('GET', path);
    expect(whole.headers.get('docker-content-digest')).toBe(blob.digest);
    expect(await whole.text()).toBe('0123456789');
    const part = await call('GET', path, { headers: { range: 'bytes=2-4' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 2-4/10',
      '234',
    ]);
    expect((await call('GET', path, { headers: { range: 'bytes=10-' } })).status).toBe(416);
    const head = await call('HEAD', path);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
  });

  it('may be empty', async () => {
    const empty = blobOf('');
    await pushBlob(server.url, 'blobs/empty', empty);
    const answer = await call('GET', `/v2/blobs/empty/blobs/${empty.digest}`);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it('is unknown in other repositories until it is mounted', async () => {
    const missing = await call('GET', `/v2/blobs/two/blobs/${blob.digest}`);
    expect([missing.status, await code(missing)]).toEqual([404, 'BLOB_UNKNOWN']);
    const mount = await call('POST', `/v2/blobs/two/blobs/uploads/?mount=${blob.digest}&from=blobs/one`);
    expect(mount.status).toBe(201);
    expect(await has('blobs/two', blob.digest)).toBe(true);
    const nowhere = await call(
      'POST',
      `/v2/blobs/two/blobs/uploads/?mount=${blobOf('x').digest}&from=blobs/one`,
    );
    expect(nowhere.status).toBe(202);
  });

  it('is deleted from one repository, not from the others', async () => {
    await pushBlob(server.url, 'blobs/three', blob);
    const gone = `/v2/blobs/three/blobs/${blob.digest}`;
    expect((await call('DELETE', gone)).status).toBe(202);
    expect((await call('DELETE', gone)).status).toBe(404);
    expect(await has('blobs/three', blob.digest)).toBe(false);
    expect(await has('blobs/one', blob.digest)).toBe(true);
  });
});

describe('an upload', () => {
  it('may be one request', async () => {
    const blob = blobOf('monolithic');
    const answer = await call('POST', `/v2/up/blobs/uploads/?digest=${blob.digest}`, { body: blob.bytes });
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `/v2/up/blobs/${blob.digest}`]);
    expect(await has('up', blob.digest)).toBe(true);
  });

  it('takes chunks in order, and says where to go on after a gap', async () => {
    const location = await start('up');
    const patch = (range: string, body: string) =>
      call('PATCH', location, { body, headers: { 'content-range': range } });
    const first = await patch('0-4', 'hello');
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-4']);
    const gap = await patch('7-8', 'xx');
    expect([gap.status, gap.headers.get('range')]).toEqual([416, '0-4']);
    expect((await patch('0-4', 'hello')).status).toBe(416);
    expect((await patch('5-7', 'xx')).status).toBe(416);
    const status = await call('GET', location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-4']);
    const blob = blobOf('hello world');
    const end = await call('PUT', `${location}?digest=${blob.digest}`, {
      body: ' world',
      headers: { 'content-range': '5-10' },
    });
    expect(end.status).toBe(201);
    expect(await (await call('GET', `/v2/up/blobs/${blob.digest}`)).text()).toBe('hello world');
  });

  it('with a wrong digest leaves nothing', async () => {
    const location = await start('up');
    const wrong = blobOf('other').digest;
    const answer = await call('PUT', `${location}?digest=${wrong}`, { body: 'content' });
    expect([answer.status, await code(answer)]).toEqual([400, 'DIGEST_INVALID']);
    expect(await has('up', wrong)).toBe(false);
    expect((await call('GET', location)).status).toBe(404);
  });

  it('needs a digest to end', async () => {
    const answer = await call('PUT', await start('up'), { body: 'content' });
    expect([answer.status, await code(answer)]).toEqual([400, 'DIGEST_INVALID']);
  });

  it('can be cancelled', async () => {
    const location = await start('up');
    expect((await call('DELETE', location)).status).toBe(204);
    const gone = await call('PATCH', location, { body: 'x' });
    expect([gone.status, await code(gone)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
  });

  it('that nobody went on with for a day is dropped', async () => {
    const old = await start('stale');
    const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(join(root, 'repositories/stale/_uploads', old.split('/').at(-1)!), yesterday, yesterday);
    const young = await start('stale');
    await start('stale');
    expect((await call('GET', old)).status).toBe(404);
    expect((await call('GET', young)).status).toBe(204);
  });

  it('belongs to its repository', async () => {
    const location = await start('up');
    expect((await call('GET', location.replace('/up/', '/down/'))).status).toBe(404);
  });

  it('goes on after a broken connection, and refuses a second writer meanwhile', async () => {
    const location = await start('up');
    const socket = request(new URL(location, server.url), { method: 'PATCH' });
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write('first half, ');
    const received = async () => (await call('GET', location)).headers.get('range');
    while ((await received()) !== '0-11') await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await call('PATCH', location, { body: 'interloper' });
    expect([second.status, await code(second)]).toEqual([416, 'BLOB_UPLOAD_INVALID']);
    socket.destroy();
    await closed;
    const blob = blobOf('first half, second half');
    const finish = () =>
      call('PUT', `${location}?digest=${blob.digest}`, {
        body: 'second half',
        headers: { 'content-range': '12-22' },
      });
    let end = await finish();
    // Until the server has seen the connection go, the upload is still being written to.
    while (end.status === 416) end = await finish();
    expect(end.status).toBe(201);
  });
});

describe('a manifest', () => {
  it('is read by tag and by digest, with its media type', async () => {
    const manifest = await pushImage(server.url, 'man/one', 'v1', 'one', DOCKER_MANIFEST);
    for (const reference of ['v1', manifest.digest]) {
      const answer = await call('GET', `/v2/man/one/manifests/${reference}`);
      expect(answer.headers.get('content-type')).toBe(DOCKER_MANIFEST);
      expect(answer.headers.get('docker-content-digest')).toBe(manifest.digest);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(manifest.bytes);
      const head = await call('HEAD', `/v2/man/one/manifests/${reference}`);
      expect(head.headers.get('content-length')).toBe(String(manifest.bytes.length));
    }
    const missing = await call('GET', '/v2/man/one/manifests/v2');
    expect([missing.status, await code(missing)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  });

  it('needs what it refers to', async () => {
    const blob = blobOf('config');
    const image = blobOf(JSON.stringify({ schemaVersion: 2, config: descriptor(blob), layers: [] }));
    const early = await putManifest(server.url, 'man/two', 'v1', image, OCI_MANIFEST);
    expect([early.status, await code(early)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    await pushBlob(server.url, 'man/two', blob);
    expect((await putManifest(server.url, 'man/two', 'v1', image, OCI_MANIFEST)).status).toBe(201);

    const lost = blobOf('not pushed');
    const index = (one: typeof lost) =>
      blobOf(JSON.stringify({ schemaVersion: 2, manifests: [descriptor(one)] }));
    const broken = await putManifest(server.url, 'man/two', 'all', index(lost), OCI_INDEX);
    expect(await code(broken)).toBe('MANIFEST_BLOB_UNKNOWN');
    expect((await putManifest(server.url, 'man/two', 'all', index(image), OCI_INDEX)).status).toBe(201);
  });

  it.each([
    ['not JSON', '{', OCI_MANIFEST, 'MANIFEST_INVALID'],
    ['no manifest', '{}', OCI_MANIFEST, 'MANIFEST_INVALID'],
    ['a foreign media type', '{}', 'text/plain', 'MANIFEST_INVALID'],
    [
      'two media types',
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }),
      OCI_MANIFEST,
      'MANIFEST_INVALID',
    ],
    ['5 MiB', ' '.repeat(5 * 1024 * 1024), OCI_MANIFEST, 'SIZE_INVALID'],
  ])('of %s is refused', async (_, content, mediaType, expected) => {
    const answer = await putManifest(server.url, 'man/bad', 'v1', blobOf(content), mediaType);
    expect(await code(answer)).toBe(expected);
  });

  it('put under a digest must have it', async () => {
    const index = blobOf(JSON.stringify({ schemaVersion: 2, manifests: [] }));
    const answer = await putManifest(server.url, 'man/bad', blobOf('x').digest, index, OCI_INDEX);
    expect([answer.status, await code(answer)]).toEqual([400, 'DIGEST_INVALID']);
    expect((await putManifest(server.url, 'man/good', index.digest, index, OCI_INDEX)).status).toBe(201);
  });

  it('loses a tag alone, or goes with all its tags', async () => {
    const manifest = await pushImage(server.url, 'man/gone', 'a', 'x');
    for (const tag of ['b', 'c']) await putManifest(server.url, 'man/gone', tag, manifest, OCI_MANIFEST);
    await pushImage(server.url, 'man/gone', 'other', 'y');
    const tags = async () =>
      ((await (await call('GET', '/v2/man/gone/tags/list')).json()) as { tags: string[] }).tags;
    expect((await call('DELETE', '/v2/man/gone/manifests/a')).status).toBe(202);
    expect(await tags()).toEqual(['b', 'c', 'other']);
    expect((await call('DELETE', `/v2/man/gone/manifests/${manifest.digest}`)).status).toBe(202);
    expect(await tags()).toEqual(['other']);
    expect((await call('DELETE', `/v2/man/gone/manifests/${manifest.digest}`)).status).toBe(404);
  });

  it('is listed as a referrer of its subject, which need not exist', async () => {
    const subject = blobOf('{}');
    const referrers = `/v2/man/ref/referrers/${subject.digest}`;
    const none = await call('GET', referrers);
    expect([none.status, none.headers.get('content-type')]).toEqual([200, OCI_INDEX]);
    expect(await none.json()).toMatchObject({ manifests: [] });

    const attach = async (artifactType: string) => {
      const content = { schemaVersion: 2, artifactType, manifests: [], subject: descriptor(subject) };
      const manifest = blobOf(JSON.stringify(content));
      const answer = await putManifest(server.url, 'man/ref', manifest.digest, manifest, OCI_INDEX);
      expect(answer.headers.get('oci-subject')).toBe(subject.digest);
      return manifest;
    };
    const signature = await attach('application/signature');
    await attach('application/bill');
    const filtered = await call('GET', `${referrers}?artifactType=application/signature`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    const entry = { digest: signature.digest, size: signature.bytes.length, mediaType: OCI_INDEX };
    expect(await filtered.json()).toMatchObject({
      manifests: [{ ...entry, artifactType: 'application/signature' }],
    });

    await call('DELETE', `/v2/man/ref/manifests/${signature.digest}`);
    expect(await (await call('GET', referrers)).json()).toMatchObject({
      manifests: [{ artifactType: 'application/bill' }],
    });
  });

  it('appears in the lists, page by page', async () => {
    const manifest = await pushImage(server.url, 'pages', 'a', 'x');
    for (const tag of ['b', 'c']) await putManifest(server.url, 'pages', tag, manifest, OCI_MANIFEST);
    const first = await call('GET', '/v2/pages/tags/list?n=2');
    expect(await first.json()).toEqual({ name: 'pages', tags: ['a', 'b'] });
    const next = /<(.*)>; rel="next"/.exec(first.headers.get('link')!)![1]!;
    const second = await call('GET', next);
    expect(await second.json()).toEqual({ name: 'pages', tags: ['c'] });
    expect(second.headers.get('link')).toBeNull();
    const unknown = await call('GET', '/v2/nothing/tags/list');
    expect([unknown.status, await code(unknown)]).toEqual([404, 'NAME_UNKNOWN']);
    const catalog = (await (await call('GET', '/v2/_catalog')).json()) as { repositories: string[] };
    expect(catalog.repositories).toContain('pages');
  });
});

it('the folder holds no file that is half written', async () => {
  expect(await readdir(join(root, 'tmp'))).toEqual([]);
});

describe('an intercepting test', () => {
  it('answers instead of the registry', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'registry-'));
    const busy = await startRegistry({
      root: folder,
      intercept: (asked) => (asked.method === 'HEAD' ? new Response(null, { status: 503 }) : undefined),
    });
    try {
      expect((await fetch(`${busy.url}/v2/`, { method: 'HEAD' })).status).toBe(503);
      expect((await fetch(`${busy.url}/v2/`)).status).toBe(200);
    } finally {
      await busy.close();
      await rm(folder, { recursive: true });
    }
  });
});
