import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorCode, gitEnvironment } from './git.ts';
import type { Repository } from './repositories.ts';

/** What a git client asks for. */
export interface GitRequest {
  readonly owner: string;
  readonly name: string;
  readonly endpoint: string;
  readonly query: string;
  /** A push, or the first half of one. */
  readonly writes: boolean;
}

const SMART = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;
const HEADER_LIMIT = 64 * 1024;

/** Settings of the served repositories that clients may count on, as GitHub has them. */
const SERVED = {
  'http.receivepack': 'true',
  'http.getanyfile': 'false',
  'uploadpack.allowFilter': 'true',
  'uploadpack.allowAnySHA1InWant': 'true',
  'receive.hideRefs': 'refs/pull',
  'receive.denyDeleteCurrent': 'refuse',
};

/** Undefined for requests that are none of git's smart protocol. */
export function gitRequest(url: string): GitRequest | undefined {
  const [path = '', query = ''] = url.split('?', 2);
  const [, owner, name, endpoint] = SMART.exec(path) ?? [];
  if (owner === undefined || name === undefined || endpoint === undefined) return undefined;
  const service = new URLSearchParams(query).get('service');
  if (endpoint === 'info/refs' && service === null) return undefined;
  return { owner, name, endpoint, query, writes: (service ?? endpoint) === 'git-receive-pack' };
}

/**
 * Answers by `git http-backend`, both directions streamed. Resolves when git has ended; the caller ends the response,
 * so that what follows from a push is done before the client knows of it.
 */
export async function serveGit(
  request: IncomingMessage,
  response: ServerResponse,
  served: { readonly repository: Repository; readonly asked: GitRequest; readonly login: string | undefined },
): Promise<void> {
  const backend = spawn('git', ['http-backend'], {
    env: cgiEnvironment(request, served),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  response.once('close', () => backend.kill());
  let complaint = '';
  backend.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    backend.once('error', reject).once('close', resolve);
  });
  const upload = pipeline(request, backend.stdin).catch(ignoreClosedPipe);
  const rest = await cgiHeaders(backend.stdout, response);
  if (rest === undefined) {
    await ended;
    if (response.closed) return;
    throw new Error(`git http-backend gave no answer for ${served.repository.fullName}: ${complaint}`);
  }
  response.write(rest);
  await pipeline(backend.stdout, response, { end: false }).catch(ignoreClosedPipe);
  backend.stdout.destroy();
  await Promise.all([upload, ended]);
}

function cgiEnvironment(
  request: IncomingMessage,
  { repository, asked, login }: Parameters<typeof serveGit>[2],
): Record<string, string> {
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : '';
  };
  const environment = {
    ...gitEnvironment(SERVED),
    GATEWAY_INTERFACE: 'CGI/1.1',
    GIT_PROJECT_ROOT: repository.directory,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${asked.endpoint}`,
    QUERY_STRING: asked.query,
    REQUEST_METHOD: request.method ?? 'GET',
    CONTENT_TYPE: header('content-type'),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    REMOTE_ADDR: request.socket.remoteAddress ?? '',
    ...(header('git-protocol') === '' ? {} : { GIT_PROTOCOL: header('git-protocol') }),
    ...(header('content-length') === '' ? {} : { CONTENT_LENGTH: header('content-length') }),
  };
  if (login === undefined) return environment;
  return {
    ...environment,
    REMOTE_USER: login,
    GIT_COMMITTER_NAME: login,
    GIT_COMMITTER_EMAIL: `${login}@users.noreply.localhost`,
  };
}

/** Reads up to the blank line and sets status and headers; returns the first bytes of the body, undefined when the output ended before. */
async function cgiHeaders(output: Readable, response: ServerResponse): Promise<Buffer | undefined> {
  let head = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const chunk = await nextChunk(output);
    if (chunk === undefined || head.length > HEADER_LIMIT) return undefined;
    head = Buffer.concat([head, chunk]);
    end = head.indexOf('\r\n\r\n');
  }
  for (const line of head.subarray(0, end).toString('latin1').split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  return head.subarray(end + 4);
}

async function nextChunk(output: Readable): Promise<Buffer | undefined> {
  for (;;) {
    const chunk: unknown = output.read();
    if (chunk instanceof Buffer) return chunk;
    if (output.readableEnded || output.destroyed) return undefined;
    await new Promise<void>((resolve) => {
      const wake = () => {
        for (const event of ['readable', 'end', 'close']) output.off(event, wake);
        resolve();
      };
      for (const event of ['readable', 'end', 'close']) output.on(event, wake);
    });
  }
}

const CLOSED = new Set<unknown>([
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_UNABLE_TO_PIPE',
  'ECONNRESET',
]);

/** One side went away: the other learns it by the same closing. */
function ignoreClosedPipe(error: unknown): void {
  if (!CLOSED.has(errorCode(error))) throw error;
}
