import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { makeFolder } from '../../ports/folder.ts';
import { actorOf, permits } from './accounts.ts';
import { createApi } from './api.ts';
import type { ApiParts } from './routes.ts';
import { Comparisons } from './comparison.ts';
import { gitRequest, serveGit } from './git-http.ts';
import type { GitRequest } from './git-http.ts';
import { createPages } from './pages.ts';
import { Problem, notAccessible, notFound } from './problems.ts';
import { Pulls } from './pulls.ts';
import { RateLimits } from './rate-limits.ts';
import { Repositories } from './repositories.ts';
import type { Repository } from './repositories.ts';
import { ForgeState } from './state.ts';
import { Views } from './views.ts';

export interface ForgeOptions {
  /** Folder of `<owner>/<name>.git`; made when it does not exist. Its `.forge.sqlite` holds the pull requests. */
  readonly root: string;
  /** @default 0: any free one */
  readonly port?: number;
  /** Address to listen on. There is no access control: leave it at loopback. @default 127.0.0.1 */
  readonly host?: string;
  /** Login of each token; `as-<login>` is always that login, every other token is `slipway-bot`. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** Requests per hour and credential. @default 5000 */
  readonly rateLimit?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /**
   * Sees each request first and may answer it instead (an outage, a limit), or hold it back by a promise.
   * Requests of git come without their bodies.
   */
  readonly intercept?: (request: Request) => Response | undefined | Promise<Response | undefined>;
  /** Takes lines about requests that failed by a defect. @default stderr */
  readonly log?: (line: string) => void;
}

export interface RunningForge {
  /** `http://127.0.0.1:3000`: git, REST and pages alike. */
  readonly url: string;
  readonly port: number;
  /** One line for the person who started it. */
  readonly banner: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Starts a forge for one machine: git over smart HTTP, GitHub's REST, and pages for pull requests.
 * @throws Error when the port is taken
 */
export async function startForge(options: ForgeOptions): Promise<RunningForge> {
  await makeFolder(options.root, 'name another as root');
  const root = await realpath(options.root);
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const host = options.host ?? '127.0.0.1';
  const state = new ForgeState(path.join(root, '.forge.sqlite'));
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(options.port ?? 0, host, resolve);
    });
  } catch (error) {
    state.close();
    throw error;
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const now = options.now ?? Date.now;
  const repositories = new Repositories(root);
  const parts: ApiParts = {
    state,
    repositories,
    pulls: new Pulls({ state, repositories, now }),
    comparisons: new Comparisons(),
    views: new Views(url),
    accounts: new Map(Object.entries(options.accounts ?? {})),
    limits: new RateLimits(options.rateLimit ?? 5_000, now),
    now,
    log,
  };
  const underWay = new Set<Promise<void>>();
  const closing = Promise.withResolvers<Response>();
  const answer = listener(parts, interruptible(options.intercept, closing.promise), url);
  server.on('request', (request, response) => {
    const done = answer(request, response).finally(() => underWay.delete(done));
    underWay.add(done);
  });
  return {
    url,
    port,
    banner: `Forge at ${url} serves ${root}. It is for this machine alone: it has no access control.`,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      closing.resolve(new Response(null, { status: 503 }));
      await closed;
      await Promise.all(underWay);
      state.close();
    },
  };
}

/** What is held back ends when the forge does. */
function interruptible(
  intercept: ForgeOptions['intercept'],
  closing: Promise<Response>,
): ForgeOptions['intercept'] {
  if (intercept === undefined) return undefined;
  return (request) => Promise.race([intercept(request), closing]);
}

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function listener(parts: ApiParts, intercept: ForgeOptions['intercept'], url: string): Listener {
  const web = webApp(parts);
  const rest = getRequestListener(
    async (request) => (await intercept?.(request.clone())) ?? web.fetch(request),
    {
      overrideGlobalObjects: false,
      errorHandler: (error) => {
        parts.log(described(error));
        return Response.json(new Problem(500, 'Server Error').body(), { status: 500 });
      },
    },
  );
  return async (request, response) => {
    const asked = gitRequest(request.url ?? '/');
    if (asked === undefined) {
      await rest(request, response);
      return;
    }
    try {
      const instead = await intercept?.(bare(request, url));
      if (instead === undefined) await answerGit(parts, request, response, asked);
      else await getRequestListener(() => instead, { overrideGlobalObjects: false })(request, response);
    } catch (error) {
      refuse(response, error, parts.log);
    }
  };
}

/** REST at the root as api.github.com has it and below /api/v3 as GitHub Enterprise does; pages beside it. */
function webApp(parts: ApiParts): Hono {
  const web = new Hono();
  const api = createApi(parts);
  const pages = createPages(parts);
  web.route('/api/v3', api);
  web.all('*', (call) => (isPage(call.req.path) ? pages.fetch(call.req.raw) : api.fetch(call.req.raw)));
  return web;
}

const API_ROOTS = new Set(['repos', 'user', 'users', 'orgs', 'app', 'api', 'rate_limit', 'installation']);

function isPage(path: string): boolean {
  return !API_ROOTS.has(path.split('/')[1] ?? '');
}

async function answerGit(
  parts: ApiParts,
  request: IncomingMessage,
  response: ServerResponse,
  asked: GitRequest,
): Promise<void> {
  const actor = actorOf(request.headers.authorization, { ...parts, now: parts.now() });
  const repository = await parts.repositories.find(asked.owner, asked.name);
  if (asked.writes && actor.kind !== 'account') throw new Problem(401, 'Authentication required');
  if (repository === undefined) throw notFound();
  const login = actor.kind === 'account' ? actor.login : undefined;
  if (asked.writes && actor.kind === 'account' && !permits(actor, repository.fullName, 'contents'))
    throw notAccessible();
  await serveGit(request, response, { repository, asked, login });
  if (asked.endpoint === 'git-receive-pack') await settlePush(parts, repository, login);
  response.end();
}

/** Pull requests of this repository and those that its branches are heads of learn of a push, and who made it. */
async function settlePush(parts: ApiParts, repository: Repository, login: string | undefined): Promise<void> {
  for (const fullName of new Set([repository.fullName, ...parts.state.basesOf(repository.fullName)])) {
    const [owner = '', name = ''] = fullName.split('/');
    const touched = await parts.repositories.find(owner, name);
    if (touched !== undefined) await parts.pulls.settle(touched, login);
  }
}

function bare(request: IncomingMessage, url: string): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    headers.set(name, Array.isArray(value) ? value.join(', ') : (value ?? ''));
  return new Request(new URL(request.url ?? '/', url), { method: request.method ?? 'GET', headers });
}

function refuse(response: ServerResponse, error: unknown, log: (line: string) => void): void {
  if (!(error instanceof Problem)) log(described(error));
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = error instanceof Problem ? error.status : 500;
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="Slipway forge"');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${error instanceof Problem ? error.message : 'Server Error'}\n`);
}

const described = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
