import { PortError } from '../../ports/errors.ts';

const MAX_REDIRECTS = 5;
const DEFAULT_TIMEOUT_MS = 20_000;

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Most bytes that the answer may have. */
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** One HTTP call as it went; `status` is undefined when no answer came. */
export interface HttpCall {
  readonly method: string;
  readonly host: string;
  readonly status: number | undefined;
}

export interface HttpOptions {
  /** Milliseconds for one call with its answer. @default 20000 */
  readonly timeout?: number;
  readonly onCall?: (call: HttpCall) => void;
}

/** One bounded HTTP call. Any status is an answer; throws `PortError` when none comes, or one too large. */
export async function send(request: HttpRequest, options: HttpOptions): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(options.timeout ?? DEFAULT_TIMEOUT_MS);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  try {
    const response = await follow(request, signal, options.onCall);
    const { status, headers } = response;
    const body = await readLimited(response, request);
    return { status, headers, body: status < 400 ? body : scrub(body, request) };
  } catch (error) {
    if (error instanceof PortError) throw error;
    if (request.signal?.aborted === true) throw cancelled(request.url.host, error);
    throw noAnswer(request.url, timeout.aborted, error);
  }
}

export function cancelled(subject: string, cause: unknown): PortError {
  return new PortError('cancelled', subject, `the call to ${subject} was cancelled`, { cause });
}

/** Follows redirects of reads by hand: a credential is for the host it was made for alone. */
async function follow(
  request: HttpRequest,
  signal: AbortSignal,
  onCall: HttpOptions['onCall'],
): Promise<Response> {
  let url = request.url;
  let headers = request.headers;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await observedFetch(url, { ...request, headers }, signal, onCall);
    const target = response.headers.get('location');
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (response.status < 300 || response.status >= 400 || target === null || !reads) return response;
    await response.body?.cancel();
    const next = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
    const downgraded = url.protocol === 'https:' && next?.protocol !== 'https:';
    if (next === undefined || !/^https?:$/.test(next.protocol) || downgraded) {
      throw new PortError('invalid', url.host, `${url.host} redirects to an address that is not https`);
    }
    if (next.origin !== url.origin) headers = without(headers, 'authorization');
    url = next;
  }
  throw new PortError(
    'invalid',
    request.url.host,
    `${request.url.host} redirects more than ${MAX_REDIRECTS} times`,
  );
}

async function observedFetch(
  url: URL,
  { method, headers, body }: HttpRequest,
  signal: AbortSignal,
  onCall: HttpOptions['onCall'],
): Promise<Response> {
  let status: number | undefined;
  try {
    const content = body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) };
    const response = await fetch(url, { method, headers, signal, redirect: 'manual', ...content });
    status = response.status;
    return response;
  } finally {
    onCall?.({ method, host: url.host, status });
  }
}

function without(headers: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== name));
}

async function readLimited(response: Response, { url, limit }: HttpRequest): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return new Uint8Array();
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) {
      throw new PortError('invalid', url.host, `${url.host} answers with more than ${limit} bytes`);
    }
  }
  return Buffer.concat(chunks);
}

/** Errors end in logs, and a server may echo what it was sent. */
function scrub(body: Uint8Array, request: HttpRequest): Uint8Array {
  const value = request.headers['authorization']?.replace(/^\S+ /, '') ?? '';
  const form = typeof request.body === 'string' ? new URLSearchParams(request.body) : undefined;
  const password = Buffer.from(value, 'base64')
    .toString('utf8')
    .replace(/^[^:]*:?/, '');
  const secrets = [value, password, form?.get('refresh_token') ?? ''].filter((secret) => secret !== '');
  const text = Buffer.from(body).toString('utf8');
  return Buffer.from(secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text));
}

function noAnswer(url: URL, timedOut: boolean, error: unknown): PortError {
  const { host } = url;
  if (timedOut) {
    return new PortError('transient', host, `${host} gave no whole answer in time`, { cause: error });
  }
  const code = causeCode(error);
  const options = { cause: error };
  if (/^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) {
    const remedy = 'Add its certificate authority with NODE_EXTRA_CA_CERTS=FILE.';
    return new PortError('denied', host, `the certificate of ${host} is not trusted (${code})`, {
      ...options,
      remedy,
    });
  }
  if (code.startsWith('ERR_SSL_')) {
    const remedy = `If it speaks plain http, say so: registries."${host}".insecure: true.`;
    return new PortError('invalid', host, `${host} does not speak TLS (${code})`, { ...options, remedy });
  }
  return new PortError('transient', host, `${host} cannot be reached (${code})`, options);
}

/** fetch says only "fetch failed"; the reason is its cause. */
function causeCode(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < 4 && typeof current === 'object' && current !== null; depth++) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    current = 'cause' in current ? current.cause : undefined;
  }
  return 'network error';
}
