import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RegistryServerOptions } from '../../../../runtime/standins/registry/server.ts';
import { blobOf, OCI_INDEX, OCI_MANIFEST, pushImage } from '../../../support/oci.ts';
import { openClient, startStandIn, type TestServer } from './servers.ts';

let server: TestServer;
let intercept: RegistryServerOptions['intercept'];
let name: string;
let digest: string;

beforeEach(async () => {
  intercept = undefined;
  server = await startStandIn((request) => intercept?.(request));
  name = `${server.host}/a/b`;
  ({ digest } = await pushImage(server.url, 'a/b', 'v1', 'x'));
});
afterEach(() => server.close());

const status = (code: number, headers: Record<string, string> = {}) =>
  new Response(null, { status: code, headers });
/** Answers so many calls, then lets the registry answer. */
function firstCalls(count: number, answer: () => Response): void {
  let left = count;
  intercept = () => ((left -= 1) >= 0 ? answer() : undefined);
}

describe('a read', () => {
  it('is repeated when the registry fails for a moment', async () => {
    firstCalls(2, () => status(503));
    const { client, seen, waits } = openClient();
    expect(await client.digest(name, 'v1')).toBe(digest);
    expect(seen()).toEqual(['HEAD 503', 'HEAD 503', 'HEAD 200']);
    expect(waits).toHaveLength(2);
  });

  it('is given up after three tries', async () => {
    firstCalls(10, () => status(500));
    const { client, seen } = openClient();
    await expect(client.manifest(name, 'v1')).rejects.toMatchObject({ fault: 'transient' });
    expect(seen()).toEqual(['GET 500', 'GET 500', 'GET 500']);
  });

  it('is left to the caller when the registry asks for patience', async () => {
    firstCalls(1, () => status(503, { 'retry-after': '60' }));
    const { client, waits } = openClient();
    await expect(client.digest(name, 'v1')).rejects.toMatchObject({ fault: 'transient', retryAfter: 60_000 });
    expect(waits).toEqual([]);
  });

  it('is not repeated at once when there were too many', async () => {
    firstCalls(1, () => status(429, { 'retry-after': '7' }));
    const { client, seen } = openClient();
    await expect(client.digest(name, 'v1')).rejects.toMatchObject({
      fault: 'rate-limited',
      retryAfter: 7000,
    });
    expect(seen()).toEqual(['HEAD 429']);
  });

  it('of a registry that cannot be reached is transient', async () => {
    await server.close();
    const { client, seen } = openClient();
    await expect(client.digest(name, 'v1')).rejects.toMatchObject({
      fault: 'transient',
      message: `${server.host} cannot be reached (ECONNREFUSED)`,
    });
    expect(seen()).toEqual(['HEAD none', 'HEAD none', 'HEAD none']);
    server = await startStandIn();
  });

  it('of plain http by https says how to set it', async () => {
    const { client } = openClient({ registries: { [server.host]: { insecure: false } } });
    await expect(client.digest(name, 'v1')).rejects.toMatchObject({
      fault: 'invalid',
      remedy: expect.stringContaining('insecure'),
    });
  });

  it('that hangs is ended by its time-out', async () => {
    intercept = () => new Promise(() => undefined);
    const { client } = openClient({ timeout: 30 });
    await expect(client.digest(name, 'v1')).rejects.toMatchObject({
      fault: 'transient',
      message: expect.stringContaining('in time'),
    });
  });

  it('that stalls in the middle is ended by its time-out', async () => {
    const stalled = () => new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from('{')) });
    intercept = () => new Response(stalled(), { headers: { 'content-type': OCI_INDEX } });
    const { client } = openClient({ timeout: 30 });
    await expect(client.manifest(name, 'v1')).rejects.toMatchObject({ fault: 'transient' });
  });

  it('ends with its signal', async () => {
    const cancel = new AbortController();
    intercept = () => {
      cancel.abort();
      return new Promise(() => undefined);
    };
    const { client, seen } = openClient();
    await expect(client.digest(name, 'v1', cancel.signal)).rejects.toMatchObject({ fault: 'cancelled' });
    await expect(client.digest(name, 'v1', cancel.signal)).rejects.toMatchObject({ fault: 'cancelled' });
    expect(seen()[0]).toBe('HEAD none');
  });

  it('falls back to the bytes when there is no digest header', async () => {
    intercept = (request) => (request.method === 'HEAD' ? status(200) : undefined);
    const { client, seen } = openClient();
    expect(await client.digest(name, 'v1')).toBe(digest);
    expect(seen()).toEqual(['HEAD 200', 'GET 200']);
  });
});

describe('a wrong digest is never accepted', () => {
  const other = blobOf('other').digest;
  const index = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
  const wrong = { fault: 'invalid', message: expect.stringContaining('wrong digest') };

  it('in the header of a HEAD', async () => {
    intercept = () => status(200, { 'docker-content-digest': other });
    await expect(openClient().client.digest(name, digest)).rejects.toMatchObject(wrong);
  });

  it.each(['sha256:abc', 'sha512:abc', '', '../..'])('nor a malformed one: "%s"', async (header) => {
    intercept = () => status(200, { 'docker-content-digest': header });
    await expect(openClient().client.digest(name, 'v1')).rejects.toMatchObject(wrong);
  });

  it.each([
    ['the header', 'v1', other],
    ['what was asked for', other, blobOf(index).digest],
    ['what was asked for, which the header repeats', other, other],
  ])('of bytes that differ from %s', async (_, reference, header) => {
    intercept = () =>
      new Response(index, { headers: { 'content-type': OCI_INDEX, 'docker-content-digest': header } });
    await expect(openClient().client.manifest(name, reference)).rejects.toMatchObject(wrong);
  });

  it('of a tag just written', async () => {
    intercept = (request) =>
      request.method === 'PUT' ? status(201, { 'docker-content-digest': other }) : undefined;
    await expect(openClient().client.tag(name, digest, 'v2')).rejects.toMatchObject(wrong);
  });
});

describe('an answer', () => {
  it.each([
    ['no JSON', '<html>', 'text/html'],
    ['no manifest', '{"mediaType":"application/json"}', 'application/json'],
    ['an old kind of manifest', '{}', 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    ['an odd index', '{"manifests":{}}', OCI_INDEX],
  ])('of %s is invalid', async (_, body, type) => {
    intercept = () => new Response(body, { headers: { 'content-type': type } });
    await expect(openClient().client.manifest(name, 'v1')).rejects.toMatchObject({ fault: 'invalid' });
  });

  it('of endless size is cut off', async () => {
    const endless = () => new ReadableStream({ pull: (stream) => stream.enqueue(Buffer.alloc(65_536, ' ')) });
    intercept = () => new Response(endless(), { headers: { 'content-type': OCI_MANIFEST } });
    await expect(openClient().client.manifest(name, 'v1')).rejects.toMatchObject({
      fault: 'invalid',
      message: expect.stringContaining('more than'),
    });
  });

  it('to a write is told with what the registry says, and the write is not repeated', async () => {
    intercept = (request) =>
      request.method === 'PUT'
        ? Response.json({ errors: [{ code: 'TAG_INVALID', message: 'tags are immutable' }] }, { status: 409 })
        : undefined;
    const { client, seen } = openClient();
    await expect(client.tag(name, digest, 'v2')).rejects.toMatchObject({
      fault: 'conflict',
      message: expect.stringContaining('409 TAG_INVALID: tags are immutable'),
    });
    expect(seen()).toEqual(['HEAD 404', 'GET 200', 'PUT 409']);
  });
});

describe('a redirect', () => {
  it('is followed; a credential stays with its host', async () => {
    const headers: (string | null)[] = [];
    const elsewhere = await startStandIn((request) => {
      headers.push(request.headers.get('authorization'));
      return undefined;
    });
    await pushImage(elsewhere.url, 'a/b', 'v1', 'x');
    headers.length = 0;
    intercept = (request) => {
      const authorization = request.headers.get('authorization');
      if (authorization === null) return status(401, { 'www-authenticate': 'Basic realm="x"' });
      const { pathname } = new URL(request.url);
      if (!pathname.endsWith('/v1')) return undefined;
      headers.push(authorization);
      return status(307, { location: new URL(pathname, elsewhere.url).href });
    };
    const credentials = () => Promise.resolve({ username: 'ann', password: 'secret' });
    const { client } = openClient({ credentials });
    expect((await client.manifest(name, 'v1'))?.digest).toBe(digest);
    expect(headers).toEqual([expect.stringMatching(/^Basic /), null]);
    await elsewhere.close();
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/', 'http://['])('to %s is refused', async (location) => {
    intercept = () => status(302, { location });
    await expect(openClient().client.digest(name, 'v1')).rejects.toMatchObject({ fault: 'invalid' });
  });

  it('in a circle ends', async () => {
    intercept = (request) => status(302, { location: request.url });
    const { client, seen } = openClient();
    await expect(client.digest(name, 'v1')).rejects.toMatchObject({ fault: 'invalid' });
    expect(seen()).toHaveLength(6);
  });

  it('of a write is not followed', async () => {
    intercept = (request) => (request.method === 'PUT' ? status(307, { location: request.url }) : undefined);
    await expect(openClient().client.tag(name, digest, 'v2')).rejects.toMatchObject({ fault: 'invalid' });
  });
});

it.each([
  ['..', undefined],
  ['v1/../../x', undefined],
  ['v1', 'sha256:abc'],
])('tag %s of %s is refused before any call', async (tag, wrongDigest) => {
  const { client, seen } = openClient();
  await expect(client.tag(name, wrongDigest ?? digest, tag)).rejects.toMatchObject({ fault: 'invalid' });
  if (wrongDigest === undefined) {
    await expect(client.digest(name, tag)).rejects.toMatchObject({ fault: 'invalid' });
  }
  expect(seen()).toEqual([]);
});
