import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** One request as the server saw it. */
export interface GitRequest {
  readonly service: 'upload-pack' | 'receive-pack' | 'other';
  /** `info/refs`, or the command of protocol 2, or `pack` for a push. */
  readonly command: 'info/refs' | 'ls-refs' | 'fetch' | 'pack' | 'other';
  /** Path of the repository below the root. */
  readonly repository: string;
  /** Objects asked for by a `fetch`. */
  readonly wants: readonly string[];
  /** Size of the request's body. */
  readonly bytes: number;
}

/** What to do instead of answering: a status, silence, or a connection cut after the answer was made. */
export type GitFailure = { status: number } | 'hang' | 'drop-answer';

export interface GitHttpOptions {
  /** Folder of bare repositories. */
  readonly root: string;
  /** Demands basic authentication. @default everybody may read and write */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Git configuration of the server, e.g. `uploadpack.allowFilter`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Sends every request to the same path of another server. */
  readonly redirect?: string;
  /** Ignores the client's wish for protocol 2, as old servers do. @default false */
  readonly oldProtocol?: boolean;
  /** Asked for every request that may pass; undefined answers it properly. */
  readonly fail?: (request: GitRequest) => GitFailure | undefined;
  /** Runs before a request is handed to git, e.g. to move a ref in between. */
  readonly before?: (request: GitRequest) => void | Promise<void>;
}

export interface GitHttpServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly host: string;
  /** What was served since the start or the last `splice`, refused requests excluded. */
  readonly requests: GitRequest[];
}

/** Serves bare repositories over git's smart HTTP with the real `git http-backend`. */
export async function serveGit(options: GitHttpOptions): Promise<GitHttpServer> {
  const requests: GitRequest[] = [];
  const server = createServer((request, response) => {
    answer(options, requests, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error('failed'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  options: GitHttpOptions,
  requests: GitRequest[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readAll(request);
  if (options.redirect !== undefined) {
    response.writeHead(302, { location: `${options.redirect}${request.url ?? '/'}` }).end();
    return;
  }
  if (!authorized(options, request)) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const seen = describe(request, body);
  requests.push(seen);
  await options.before?.(seen);
  const failure = options.fail?.(seen);
  if (failure === 'hang') return;
  if (typeof failure === 'object') {
    response.writeHead(failure.status).end();
    return;
  }
  const output = await backend(options, request, body);
  if (failure === 'drop-answer') {
    request.socket.destroy();
    return;
  }
  relay(output, response);
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function authorized(options: GitHttpOptions, request: IncomingMessage): boolean {
  if (!options.credentials) return true;
  const { username, password } = options.credentials;
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return request.headers.authorization === expected;
}

function describe(request: IncomingMessage, body: Buffer): GitRequest {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const service = (url.searchParams.get('service') ?? url.pathname).endsWith('git-receive-pack')
    ? 'receive-pack'
    : (url.searchParams.get('service') ?? url.pathname).endsWith('git-upload-pack')
      ? 'upload-pack'
      : 'other';
  const text = service === 'upload-pack' ? plain.toString('latin1') : '';
  const command = url.pathname.endsWith('/info/refs')
    ? 'info/refs'
    : service === 'receive-pack'
      ? 'pack'
      : /command=(ls-refs|fetch)/.exec(text)?.[1];
  return {
    service,
    command: (command ?? 'other') as GitRequest['command'],
    repository: url.pathname.replace(/^\//, '').replace(/\/(info\/refs|git-(upload|receive)-pack)$/, ''),
    wants: [...text.matchAll(/want ([0-9a-f]{40})/g)].map((match) => match[1] ?? ''),
    bytes: body.length,
  };
}

function backend(options: GitHttpOptions, request: IncomingMessage, body: Buffer): Promise<Buffer> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const config = Object.entries({
    'http.receivepack': 'true',
    'uploadpack.allowFilter': 'true',
    ...options.config,
  });
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: options.root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      GIT_PROTOCOL: options.oldProtocol ? undefined : (request.headers['git-protocol'] as string | undefined),
      REMOTE_USER: 'somebody',
      REMOTE_ADDR: '127.0.0.1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_COUNT: String(config.length),
      ...Object.fromEntries(
        config.flatMap(([key, value], index) => [
          [`GIT_CONFIG_KEY_${index}`, key],
          [`GIT_CONFIG_VALUE_${index}`, value],
        ]),
      ),
    },
  });
  child.stdin.on('error', () => undefined); // the backend may refuse before it has read everything
  child.stdin.end(body);
  return readAll(child.stdout);
}

/** CGI output: headers, an empty line, the body. */
function relay(output: Buffer, response: ServerResponse): void {
  const end = output.indexOf('\r\n\r\n');
  const headers = output
    .subarray(0, end)
    .toString('latin1')
    .split('\r\n')
    .map((line) => /^([^:]+):\s*(.*)$/.exec(line))
    .filter((match) => match !== null);
  for (const [, name, value] of headers) {
    if (name?.toLowerCase() === 'status') response.statusCode = Number.parseInt(value ?? '', 10);
    else response.setHeader(name ?? '', value ?? '');
  }
  response.end(output.subarray(end + 4));
}
