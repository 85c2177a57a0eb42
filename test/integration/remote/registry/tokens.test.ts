import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pushImage } from '../../../support/oci.ts';
import { openClient, startStandIn, type TestServer } from './servers.ts';

/** What the token service was asked: method, parameters and the Authorization header. */
interface Asked {
  readonly method: string;
  readonly parameters: Record<string, string>;
  readonly authorization: string | undefined;
}

let registry: TestServer;
let service: Server;
let realm: string;
let asked: Asked[];
/** Tokens that the registry takes; it takes everything while this is undefined. */
let accepted: Set<string> | undefined;
let issue: (request: Asked) => { status: number; body: unknown };
let challenge: string;
let name: string;
let digest: string;

beforeEach(async () => {
  asked = [];
  accepted = undefined;
  let issued = 0;
  issue = () => {
    const token = `token-${(issued += 1)}`;
    accepted?.add(token);
    return { status: 200, body: { token, expires_in: 300 } };
  };
  service = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const query =
        request.method === 'GET' ? new URL(request.url ?? '', realm).search : String(Buffer.concat(chunks));
      const entry = {
        method: request.method ?? '',
        parameters: Object.fromEntries(new URLSearchParams(query)),
        authorization: request.headers.authorization,
      };
      asked.push(entry);
      const { status, body } = issue(entry);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  realm = `http://127.0.0.1:${(service.address() as AddressInfo).port}/token`;
  challenge = `Bearer realm="${realm}",service="test"`;
  registry = await startStandIn((request) => {
    const token = request.headers.get('authorization')?.replace(/^Bearer /, '');
    if (accepted === undefined || (token !== undefined && accepted.has(token))) return undefined;
    return Response.json(
      {
        errors: [
          { code: 'UNAUTHORIZED', message: `not with ${request.headers.get('authorization') ?? 'nothing'}` },
        ],
      },
      { status: 401, headers: { 'www-authenticate': challenge } },
    );
  });
  name = `${registry.host}/a/b`;
  ({ digest } = await pushImage(registry.url, 'a/b', 'v1', 'x'));
  accepted = new Set();
});
afterEach(async () => {
  await registry.close();
  service.close();
  service.closeAllConnections();
});

describe('a registry that wants tokens', () => {
  it('gets an anonymous one, which serves until it expires', async () => {
    const { client, seen, advance } = openClient();
    expect(await client.digest(name, 'v1')).toBe(digest);
    expect(await client.digest(name, 'v1')).toBe(digest);
    expect(seen()).toEqual(['HEAD 401', 'GET 200', 'HEAD 200', 'HEAD 200']);
    expect(asked).toEqual([
      {
        method: 'GET',
        parameters: { service: 'test', scope: 'repository:a/b:pull' },
        authorization: undefined,
      },
    ]);
    advance(295_000);
    expect(await client.digest(name, 'v1')).toBe(digest);
    expect(asked).toHaveLength(2);
  });

  it('is asked with the scope that it names', async () => {
    challenge += ',scope="repository:other:pull"';
    await openClient().client.digest(name, 'v1');
    expect(asked[0]?.parameters['scope']).toBe('repository:other:pull');
  });

  it('gets another for a write', async () => {
    const { client } = openClient();
    await client.tag(name, digest, 'v2');
    expect(asked.map(({ parameters }) => parameters['scope'])).toEqual([
      'repository:a/b:pull',
      'repository:a/b:pull,push',
    ]);
  });

  it('is asked once by many callers', async () => {
    const { client } = openClient();
    const digests = await Promise.all(Array.from({ length: 8 }, () => client.digest(name, 'v1')));
    expect(new Set(digests)).toEqual(new Set([digest]));
    expect(asked).toHaveLength(1);
  });

  it('takes a new one when it has revoked the old', async () => {
    const { client, seen } = openClient();
    await client.digest(name, 'v1');
    accepted!.clear();
    seen();
    expect(await client.digest(name, 'v1')).toBe(digest);
    expect(seen()).toEqual(['HEAD 401', 'GET 200', 'HEAD 200']);
  });

  it('gives its service the password, and learns nothing from it', async () => {
    const credentials = () => Promise.resolve({ username: 'ann', password: 'secret' });
    await openClient({ credentials }).client.digest(name, 'v1');
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('ann:secret').toString('base64')}`);
  });

  it('gets the password that the settings have for the host in the name', async () => {
    const keys: string[] = [];
    const credentials = (key: string) => {
      keys.push(key);
      return Promise.resolve({ username: key, password: 'secret' });
    };
    const registries = { 'gcr.io': { endpoint: registry.url }, 'ghcr.io': { endpoint: registry.url } };
    const { client } = openClient({ credentials, registries });
    await client.digest('gcr.io/a/b', 'v1');
    await client.digest('ghcr.io/a/b', 'v1');
    await client.digest('ghcr.io/a/c', 'v1');
    expect(keys).toEqual(['gcr.io', 'ghcr.io']);
    const users = asked.map(({ authorization = '' }) =>
      Buffer.from(authorization.slice(6), 'base64').toString(),
    );
    expect(users).toEqual(['gcr.io:secret', 'ghcr.io:secret', 'ghcr.io:secret']);
  });

  it('exchanges an identity token that docker login stored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
    const auths = { [registry.host]: { identitytoken: 'refresh-me' } };
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths }));
    await openClient({ env: { DOCKER_CONFIG: folder } }).client.digest(name, 'v1');
    await rm(folder, { recursive: true });
    expect(asked[0]).toMatchObject({
      method: 'POST',
      parameters: { grant_type: 'refresh_token', refresh_token: 'refresh-me', service: 'test' },
    });
  });

  it('may name its token as OAuth does', async () => {
    issue = () => {
      accepted!.add('oauth');
      return { status: 200, body: { access_token: 'oauth' } };
    };
    expect(await openClient().client.digest(name, 'v1')).toBe(digest);
  });

  it.each([
    [401, { errors: [{ code: 'UNAUTHORIZED', message: 'c2VjcmV0 secret' }] }, 'denied'],
    [429, {}, 'rate-limited'],
    [404, {}, 'not-found'],
    [200, { token: '' }, 'invalid'],
    [200, 'nonsense', 'invalid'],
  ])('whose service answers %i %j: %s', async (status, body, fault) => {
    issue = () => ({ status, body });
    const credentials = () => Promise.resolve({ username: 'ann', password: 'secret' });
    const error: unknown = await openClient({ credentials })
      .client.digest(name, 'v1')
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ fault });
    expect((error as Error).message).not.toContain('secret');
  });

  it('that refuses even a new token denies, and its echo of the token is not passed on', async () => {
    issue = () => ({ status: 200, body: { token: 'useless-token' } });
    const error: unknown = await openClient()
      .client.manifest(name, 'v1')
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      fault: 'denied',
      message: expect.stringContaining('UNAUTHORIZED: not with Bearer ***'),
    });
  });

  it.each(['http://auth.example/token', 'ftp://127.0.0.1/', 'nonsense'])(
    'at %s gets nothing',
    async (elsewhere) => {
      challenge = `Bearer realm="${elsewhere}"`;
      const { client, seen } = openClient();
      await expect(client.digest(name, 'v1')).rejects.toMatchObject({ fault: 'denied' });
      expect(seen()).toEqual(['HEAD 401']);
    },
  );

  it('with a scheme that nobody knows denies', async () => {
    challenge = 'Negotiate';
    await expect(openClient().client.digest(name, 'v1')).rejects.toMatchObject({ fault: 'denied' });
  });

  it('is told what was wrong with our credentials', async () => {
    issue = () => ({ status: 403, body: {} });
    const credentials = () => Promise.reject(new Error('/run/secret is unreadable'));
    await expect(openClient({ credentials }).client.digest(name, 'v1')).rejects.toMatchObject({
      fault: 'denied',
      message: `the credentials for ${registry.host} cannot be read`,
    });
  });

  it('does not make others fail when one caller is cancelled', async () => {
    const { client } = openClient();
    const cancel = new AbortController();
    issue = () => {
      cancel.abort();
      accepted!.add('shared');
      return { status: 200, body: { token: 'shared' } };
    };
    const results = await Promise.allSettled([
      client.digest(name, 'v1', cancel.signal),
      client.digest(name, 'v1'),
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { fault: 'cancelled' } },
      { status: 'fulfilled', value: digest },
    ]);
  });
});
