import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { MetricsRegistry } from '../control/metrics.ts';
import { PortError } from '../ports/index.ts';

export interface MetricsServerOptions {
  /** On the loopback interface; 0: any free one. */
  readonly port: number;
  readonly metrics: Pick<MetricsRegistry, 'contentType' | 'text'>;
}

export interface MetricsServer extends AsyncDisposable {
  /** `http://127.0.0.1:9090` */
  readonly url: string;
}

/** Serves `/metrics` for Prometheus and `/healthz` for whoever restarts us. Throws `conflict` when the port is taken. */
export async function serveMetrics({ port, metrics }: MetricsServerOptions): Promise<MetricsServer> {
  const app = new Hono();
  app.get('/metrics', async (context) =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );
  // Whoever answers is alive: a pass ends by its deadline, and a process that lost its lead ends itself.
  app.get('/healthz', (context) => context.text('ok\n'));
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((cause: unknown) => {
    throw new PortError('conflict', `port ${port}`, `port ${port} of 127.0.0.1 cannot be served`, {
      cause,
      remedy: 'choose another one, or 0 for any free one',
    });
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
