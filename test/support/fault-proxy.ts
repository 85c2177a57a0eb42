import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What may happen to one HTTP call on its way. */
export type HttpFault =
  /** The connection ends before the server hears anything. */
  | 'drop-before'
  /** The server does it, and its answer is lost. */
  | 'drop-answer'
  /** The server hears it twice. */
  | 'duplicate'
  /** An answer that the same question got before. */
  | 'stale'
  /** 503, and nothing done. */
  | 'unavailable'
  /** The caller dies before the server hears of it, or once the server has done it. */
  | 'kill-before'
  | 'kill-after'
  /** The caller dies, and the server hears of it long after: when `release` is called. */
  | 'hold';

export interface HttpCall {
  readonly method: string;
  /** With query. */
  readonly path: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Plan {
  readonly fault: HttpFault;
  /** The first call for which this is true meets the fault; all others pass. */
  readonly meets: (call: HttpCall, index: number) => boolean;
  /** Ends the caller at once. */
  readonly kill?: () => void;
}

/** Stands between Slipway and its servers, git included, and numbers every call. */
export class FaultProxy implements AsyncDisposable {
  /** In order; those after the fault too. */
  readonly calls: HttpCall[] = [];
  #plan: Plan | undefined;
  #held: (() => Promise<Answer>) | undefined;
  readonly #answers = new Map<string, Answer>();
  readonly #upstreams = { forge: '', registry: '' };
  readonly #servers = { forge: createServer(), registry: createServer() };

  static async open(): Promise<FaultProxy> {
    const proxy = new FaultProxy();
    for (const name of ['forge', 'registry'] as const) {
      const server = proxy.#servers[name];
      server.on('request', (request, response) => {
        proxy.#pass(proxy.#upstreams[name], request, response).catch((error: unknown) => {
          response.destroy(error instanceof Error ? error : undefined);
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return proxy;
  }

  /** Where to reach the servers through this. */
  readonly through = (upstreams: {
    forge: string;
    registry: string;
  }): { forge: string; registry: string } => {
    Object.assign(this.#upstreams, upstreams);
    return { forge: urlOf(this.#servers.forge), registry: urlOf(this.#servers.registry) };
  };

  /** One fault from now on. */
  plan(plan: Plan | undefined): void {
    this.#plan = plan;
    this.calls.length = 0;
  }

  /** True once the fault was met. */
  get isDone(): boolean {
    return this.#plan === undefined;
  }

  /** Lets the held call through; nobody waits for its answer any more. */
  async release(): Promise<void> {
    await this.#held?.();
    this.#held = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of Object.values(this.#servers)) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    }
  }

  async #pass(upstream: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const call = { method: request.method ?? 'GET', path: request.url ?? '/' };
    const index = this.calls.push(call) - 1;
    const id = `${upstream} ${call.method} ${call.path} ${body.toString('base64')}`;
    const forward = () => forwarded(upstream, request, body);
    const plan = this.#plan;
    if (!plan?.meets(call, index)) {
      const answer = await forward();
      if (!this.#answers.has(id)) this.#answers.set(id, answer);
      relay(answer, response);
      return;
    }
    this.#plan = undefined;
    const answer = await this.#faulty(plan, forward, this.#answers.get(id));
    if (answer) relay(answer, response);
    else request.socket.destroy();
  }

  /** What the caller gets instead; undefined: nothing. */
  async #faulty(
    { fault, kill }: Plan,
    forward: () => Promise<Answer>,
    earlier: Answer | undefined,
  ): Promise<Answer | undefined> {
    switch (fault) {
      case 'drop-before':
        return undefined;
      case 'drop-answer':
        await forward();
        return undefined;
      case 'duplicate': {
        const answer = await forward();
        await forward();
        return answer;
      }
      case 'stale':
        return earlier ?? forward();
      case 'unavailable':
        return { status: 503, headers: {}, body: Buffer.from('unavailable') };
      case 'kill-before':
        kill?.();
        return undefined;
      case 'kill-after':
        await forward();
        kill?.();
        return undefined;
      case 'hold':
        this.#held = forward;
        kill?.();
        return undefined;
    }
  }
}

function urlOf(server: ReturnType<typeof createServer>): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function forwarded(upstream: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const url = new URL(request.url ?? '/', upstream);
  const headers = endToEnd(request.headers);
  return new Promise((resolve, reject) => {
    const outgoing = send(
      url,
      {
        method: request.method ?? 'GET',
        headers: { ...headers, host: url.host, 'content-length': String(body.length) },
        agent: false,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 500,
            headers: incoming.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function relay({ status, headers, body }: Answer, response: ServerResponse): void {
  response.writeHead(status, endToEnd(headers));
  response.end(body);
}

/** Without what belongs to one connection. */
function endToEnd(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}
