import { ZodError, z } from 'zod';
import { PortError } from '../../ports/index.ts';
import type { Fault } from '../../ports/index.ts';
import { limitOf } from './limits.ts';

export interface Asked {
  /** `owner/name`, `owner/name#7` or the host. */
  readonly subject: string;
  readonly host: string;
  /** What it was for, as `list the open pull requests`. */
  readonly purpose: string;
  readonly signal?: AbortSignal | undefined;
  /** Never shown, whoever sends it back. */
  readonly secret?: string | undefined;
}

/** An answer other than success, as Octokit throws it. */
const refusal = z.object({
  status: z.number(),
  message: z.string(),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }),
});
type Refusal = z.infer<typeof refusal>;

/** What a request without an answer was sent to, as Octokit keeps it. */
const unanswered = z.object({ request: z.object({ url: z.url() }) });

/** GitHub sends us on: what was asked for has another address by now. */
export class Moved extends Error {}

/** One of a chain of errors. */
const link = z.object({ name: z.string(), message: z.string(), cause: z.unknown().optional() });

const MESSAGE_LIMIT = 500;

/** Says of any failure of a call what it means to us. */
export function toPortError(error: unknown, asked: Asked, now: number): PortError {
  if (error instanceof PortError) return error;
  if (asked.signal?.aborted === true)
    return new PortError('cancelled', asked.subject, `${start(asked)}: cancelled`, { cause: error });
  if (error instanceof Moved)
    return new PortError('invalid', asked.subject, `${start(asked)}: the repository has moved`, {
      remedy: 'write its new owner and name in the configuration',
      cause: error,
    });
  if (error instanceof ZodError) return malformed(asked, z.prettifyError(error).slice(0, MESSAGE_LIMIT));
  const refused = refusal.safeParse(error);
  if (!refused.success)
    return new PortError('transient', asked.subject, `${start(asked)}: ${networkWords(error)}`, {
      remedy: `check that ${addressOf(error) ?? asked.host} is reachable from here`,
      cause: error,
    });
  const { status } = refused.data;
  const words = said(refused.data, asked.secret);
  const { headers } = refused.data.response;
  const retryAfter = limitOf({ status, headers, message: refused.data.message }, now)?.wait;
  const fault = retryAfter === undefined ? faultOf(status) : 'rate-limited';
  const remedy = remedyOf(fault, refused.data, asked.host);
  return new PortError(fault, asked.subject, `${start(asked)}: ${asked.host} answered ${status}: ${words}`, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    cause: error,
  });
}

/** An answer that came, but is not what GitHub documents: a proxy, a captive portal, a cut connection. */
export function malformed(asked: Asked, problem: string): PortError {
  return new PortError(
    'transient',
    asked.subject,
    `${start(asked)}: ${asked.host} gave an answer that is not GitHub's: ${problem}`,
    { remedy: `check the address of the API in forges.${asked.host}.api` },
  );
}

const start = ({ purpose, subject }: Asked) => `cannot ${purpose} of ${subject}`;

function faultOf(status: number): Fault {
  if (status >= 500 || status === 408) return 'transient';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 401 || status === 403 || status === 451) return 'denied';
  return status === 409 || status === 405 ? 'conflict' : 'invalid';
}

function remedyOf(fault: Fault, { status, message }: Refusal, host: string): string | undefined {
  if (/Actions is not permitted to create/i.test(message))
    return 'let GitHub Actions create pull requests: Settings, Actions, General, Workflow permissions of the repository and of its organization';
  if (status === 401) return `the credential is not valid (any more): renew forges.${host}.token or .app`;
  if (fault === 'denied')
    return `grant the credential of forges.${host} contents: write and pull requests: write on this repository`;
  if (fault === 'not-found')
    return `check the name, and that the credential of forges.${host} may see the repository`;
  return undefined;
}

function said(error: Refusal, secret: string | undefined): string {
  const words = error.message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_LIMIT);
  return secret === undefined || secret === '' ? words : words.replaceAll(secret, '[secret]');
}

/** Host and port that were tried: those of the API may be others than the forge's. */
function addressOf(error: unknown): string | undefined {
  const { data } = unanswered.safeParse(error);
  return data && new URL(data.request.url).host;
}

/** The words of the innermost cause: `connect ECONNREFUSED …` says more than `fetch failed`. */
function networkWords(error: unknown): string {
  let words = String(error);
  for (let one = link.safeParse(error).data; one !== undefined; one = link.safeParse(one.cause).data) {
    if (one.name === 'TimeoutError') return 'no answer in time';
    if (one.message !== '') words = one.message;
  }
  return words;
}

/** HTTP status of what Octokit threw. */
export function statusOf(error: unknown): unknown {
  return error instanceof Error && 'status' in error ? error.status : undefined;
}
