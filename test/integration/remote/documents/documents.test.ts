import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../../runtime/control/clock.ts';
import { PortError } from '../../../../runtime/ports/index.ts';
import { DocumentReader } from '../../../../runtime/remote/documents/documents.ts';
import { GitClient } from '../../../../runtime/remote/git/git.ts';
import { git as run, openForge, type ForgeFixture } from '../../../support/forge.ts';

const LIMIT = 1024 * 1024;

let folder: string;
let forge: ForgeFixture;
let git: GitClient;
let server: Server;
let url: string;
let asked: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let documents: DocumentReader;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-documents-'));
  forge = await openForge();
  git = new GitClient({
    directory: path.join(folder, 'mirrors'),
    clock: systemClock,
    environment: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
  });
  server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/delivery.yaml`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await git[Symbol.asyncDispose]();
  await forge.dispose();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked = [];
  documents = new DocumentReader(git);
});

async function failure(location: string, signal?: AbortSignal): Promise<PortError> {
  const error: unknown = await documents.read(location, signal).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PortError) return error;
  throw new Error('it should have failed with a PortError', { cause: error });
}

describe('a path', () => {
  it('is read anew each time, through links too', async () => {
    const file = path.join(folder, 'delivery.yaml');
    await writeFile(file, 'kind: Delivery # é\n');
    await symlink(file, path.join(folder, 'link.yaml'));
    expect(await documents.read(file)).toEqual({ name: file, text: 'kind: Delivery # é\n' });
    await writeFile(file, '');
    expect((await documents.read(path.join(folder, 'link.yaml'))).text).toBe('');
  });

  it('may have as many bytes as fit, and no more', async () => {
    const file = path.join(folder, 'large.yaml');
    await writeFile(file, 'x'.repeat(LIMIT));
    expect((await documents.read(file)).text).toHaveLength(LIMIT);
    await writeFile(file, 'x'.repeat(LIMIT + 1));
    expect(await failure(file)).toMatchObject({
      fault: 'invalid',
      message: expect.stringContaining('bytes'),
    });
  });

  it.each([
    ['', 'invalid', 'is a folder'],
    ['missing.yaml', 'not-found', 'there is no file'],
    ['mirrors/askpass/below', 'not-found', 'there is no file'],
  ])('%j is %s: %s', async (name, fault, message) => {
    await git.refs(forge.url + '/kubeflow/manifests', ['refs/heads/main']);
    expect(await failure(path.join(folder, name))).toMatchObject({
      fault,
      message: expect.stringContaining(message),
    });
  });
});

describe('an address', () => {
  it('is not sent again while it has the same ETag', async () => {
    answer = (request, response) => {
      if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"1"' }).end('one\n');
    };
    expect(await documents.read(url)).toEqual({ name: url, text: 'one\n' });
    expect(await documents.read(url)).toEqual({ name: url, text: 'one\n' });
    expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    answer = (_, response) => response.writeHead(200, { etag: '"2"' }).end('two\n');
    expect((await documents.read(url)).text).toBe('two\n');
  });

  it.each([
    [404, 'not-found'],
    [410, 'not-found'],
    [401, 'denied'],
    [403, 'denied'],
    [429, 'rate-limited'],
    [500, 'transient'],
    [304, 'transient'],
  ])('that answers %i is %s', async (status, fault) => {
    answer = (_, response) => response.writeHead(status).end();
    expect(await failure(url)).toMatchObject({ fault, subject: url });
  });

  it('that sends without end is cut off', async () => {
    answer = (_, response) => {
      const more = () => {
        while (response.write('x'.repeat(64 * 1024)));
        response.once('drain', more);
      };
      more();
    };
    expect(await failure(url)).toMatchObject({ fault: 'invalid', message: expect.stringContaining('bytes') });
  });

  it.each([
    ['cuts the connection', (_: IncomingMessage, response: ServerResponse) => response.destroy()],
    [
      'cuts it on the way',
      (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
    ],
  ])('that %s may answer later', async (_, cut) => {
    answer = cut;
    expect(await failure(url)).toMatchObject({ fault: 'transient', subject: url });
  });

  it('is left when we are told to end', async () => {
    const ending = new AbortController();
    answer = () => ending.abort();
    expect(await failure(url, ending.signal)).toMatchObject({ fault: 'cancelled' });
  });

  it.each([
    'http://192.0.2.1/delivery.yaml',
    'http://127.0.0.1.example.com/x',
    'ftp://127.0.0.1/x',
    'file:///etc/passwd',
  ])('%s is refused before anything is asked', async (location) => {
    expect(await failure(location)).toMatchObject({
      fault: 'invalid',
      remedy: expect.stringContaining('https://'),
    });
  });

  it('that leads away to plain http is refused', async () => {
    // A name of this machine that is not one of its addresses.
    const port = (server.address() as AddressInfo).port;
    answer = (request, response) => {
      if (request.headers.host?.startsWith('127.')) {
        response.writeHead(302, { location: `http://0.0.0.0:${port}/` }).end();
      } else response.writeHead(200).end('from elsewhere');
    };
    expect(await failure(url)).toMatchObject({ fault: 'invalid' });
  });

  it.each(['https://robot:hunter2@example.com/x', 'git+https://hunter2@example.com/o/r//x?ref=main'])(
    '%s is refused, and its password not shown',
    async (location) => {
      const error = await failure(location);
      expect(error).toMatchObject({ fault: 'invalid' });
      expect(`${error.message} ${error.subject}`).not.toContain('hunter2');
    },
  );
});

describe('a file of a git repository', () => {
  const at = (file: string, branch = 'main') =>
    `git+${forge.url}/kubeflow/manifests.git//${file}?ref=${branch}`;

  it('is read from the tip of its branch', async () => {
    await forge.push('config', 'delivery.yaml', 'one\n');
    const location = at('delivery.yaml', 'config');
    expect(await documents.read(location)).toEqual({ name: location, text: 'one\n' });
    await forge.push('config', 'delivery.yaml', 'two\n');
    expect((await documents.read(location)).text).toBe('two\n');
  });

  it('may not be larger than others', async () => {
    await forge.push('large', 'delivery.yaml', 'x'.repeat(LIMIT + 1));
    expect(await failure(at('delivery.yaml', 'large'))).toMatchObject({ fault: 'invalid' });
  });

  it('is no folder and no link', async () => {
    await forge.push('odd', 'file', 'x');
    await symlink('/etc/passwd', path.join(forge.work, 'link'));
    await run(forge.work, 'add', '.');
    await run(forge.work, 'commit', '--quiet', '-m', 'Link');
    await run(forge.work, 'push', '--quiet', 'origin', 'odd');
    for (const file of ['link', '.', 'missing'])
      expect((await failure(at(file, 'odd'))).fault).toMatch(/^(not-found|invalid)$/);
  });

  it('needs a branch and a repository that exist', async () => {
    expect(await failure(at('README.md', 'gone'))).toMatchObject({
      fault: 'not-found',
      message: expect.stringContaining('refs/heads/gone'),
    });
    expect((await failure(at('README.md').replace('manifests', 'gone'))).fault).toMatch(/not-found|denied/);
  });

  it.each([
    'git+https://github.com/o/r',
    'git+https://github.com/o/r//file',
    'git+https://github.com/o/r?ref=main',
  ])('%s is none', async (location) => {
    expect(await failure(location)).toMatchObject({
      fault: 'invalid',
      remedy: 'write git+https://HOST/OWNER/NAME//PATH?ref=BRANCH',
    });
  });

  it.each(['git+http://192.0.2.1/o/r//f?ref=main', 'git+file:///srv/r//f?ref=main'])(
    '%s is refused',
    async (location) => {
      expect(await failure(location)).toMatchObject({ fault: 'invalid' });
    },
  );
});
