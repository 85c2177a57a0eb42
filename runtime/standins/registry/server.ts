import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import * as blobHandlers from './blob-handlers.ts';
import type { Call } from './blob-handlers.ts';
import { Blobs } from './blobs.ts';
import { errorResponse, OciError } from './errors.ts';
import { Files } from './files.ts';
import * as manifestHandlers from './manifest-handlers.ts';
import { Manifests } from './manifests.ts';
import { parseRoute, type Route } from './route.ts';

export interface RegistryServerOptions {
  /** Folder for everything the registry keeps; made when missing. */
  readonly root: string;
  /** 0: any free one. @default 0 */
  readonly port?: number;
  /** Address to listen on. There is no authentication: anyone who reaches it may push. @default '127.0.0.1' */
  readonly host?: string;
  /** Sees every request first, and may answer it: for tests that inject faults. */
  readonly intercept?: (request: Request) => Response | undefined | Promise<Response | undefined>;
  /** Told of errors that are the registry's own fault. @default prints to stderr */
  readonly onError?: (error: Error) => void;
}

export interface RegistryServer {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

const ABOUT =
  'Slipway local registry: an OCI registry for one machine. No authentication, no TLS; not for production.\n';

/**
 * Serves the OCI distribution API (1.1) from a folder. For one machine: to try things on and to test with.
 * Ready when the promise resolves; rejects when the port is taken.
 */
export async function startRegistry(options: RegistryServerOptions): Promise<RegistryServer> {
  const files = new Files(options.root);
  await files.open();
  const host = options.host ?? '127.0.0.1';
  const server = createAdaptorServer({
    fetch: registryApp(files, options).fetch,
    hostname: host,
    // Other users of Request and Response in this process keep the platform's own.
    overrideGlobalObjects: false,
  });
  // A layer on a slow disk may take longer than Node's default of five minutes.
  if ('requestTimeout' in server) server.requestTimeout = 0;
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}

type Environment = { Bindings: HttpBindings };

function registryApp(files: Files, options: RegistryServerOptions): Hono<Environment> {
  const blobs = new Blobs(files);
  const manifests = new Manifests(files, blobs);
  const app = new Hono<Environment>();
  app.use(async (c, next) => {
    const answer = await options.intercept?.(c.req.raw);
    if (answer !== undefined) return answer;
    await next();
    c.header('docker-distribution-api-version', 'registry/2.0');
    return undefined;
  });
  app.get('/', () => new Response(ABOUT));
  app.all('*', async (c) => {
    const { pathname, searchParams } = new URL(c.req.url);
    const route = parseRoute(pathname);
    if (route === undefined) return c.notFound();
    const call: Call = { request: c.req.raw, query: searchParams, incoming: c.env.incoming };
    const answer = await dispatch(route, call, blobs, manifests);
    if (answer === undefined) throw new OciError('UNSUPPORTED', `${c.req.method} is not supported here`);
    return answer;
  });
  app.notFound(() =>
    Response.json({ errors: [{ code: 'UNSUPPORTED', message: 'no such path' }] }, { status: 404 }),
  );
  app.onError((error) => {
    if (error instanceof OciError) return errorResponse(error);
    if (isDisconnect(error)) return errorResponse(new OciError('UNKNOWN', 'the client went away'));
    (options.onError ?? ((problem) => console.error(problem)))(error);
    return errorResponse(new OciError('UNKNOWN', 'the registry failed; its own log says why'));
  });
  return app;
}

/** Undefined when the method does not fit the path. */
function dispatch(
  route: Route,
  call: Call,
  blobs: Blobs,
  manifests: Manifests,
): Promise<Response> | Response | undefined {
  const { method } = call.request;
  const reads = method === 'GET' || method === 'HEAD';
  switch (route.kind) {
    case 'base':
      return reads ? Response.json({}) : undefined;
    case 'catalog':
      return reads ? manifestHandlers.listRepositories(manifests, call) : undefined;
    case 'tags':
      return reads ? manifestHandlers.listTags(manifests, route, call) : undefined;
    case 'referrers':
      return reads ? manifestHandlers.listReferrers(manifests, route, call) : undefined;
    case 'uploads':
      return method === 'POST' ? blobHandlers.startUpload(blobs, route, call) : undefined;
    case 'blob':
      if (method === 'DELETE') return blobHandlers.deleteBlob(blobs, route);
      return reads ? blobHandlers.readBlob(blobs, route, call) : undefined;
    case 'manifest':
      if (method === 'DELETE') return manifestHandlers.deleteManifest(manifests, route);
      if (method === 'PUT') return manifestHandlers.putManifest(manifests, route, call);
      return reads ? manifestHandlers.readManifest(manifests, route, call) : undefined;
    case 'upload':
      if (method === 'PATCH') return blobHandlers.continueUpload(blobs, route, call);
      if (method === 'PUT') return blobHandlers.finishUpload(blobs, route, call);
      if (method === 'DELETE') return blobHandlers.cancelUpload(blobs, route);
      return method === 'GET' ? blobHandlers.uploadStatus(blobs, route) : undefined;
  }
}

function isDisconnect(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE');
}
