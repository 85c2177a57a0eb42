import { z } from 'zod';
import { PortError } from '../../ports/errors.ts';
import { isGoogleHost } from './google.ts';
import type { HttpAnswer } from './http.ts';
import type { Location } from './names.ts';

const MAX_MESSAGE = 300;

const errorBody = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().optional() })).min(1),
});

/** What went wrong by the status alone, of a call that may be refused for other reasons than access. */
export function refusal(subject: string, problem: string, answer: HttpAnswer, remedy?: string): PortError {
  const message = `${subject} ${problem} (${explain(answer)})`;
  const retryAfter = parseRetryAfter(answer.headers.get('retry-after'));
  return new PortError(faultOf(answer.status), subject, message, {
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** 401 and 403, with what a person can do. */
export function denied(location: Location, answer: HttpAnswer, problems: readonly string[]): PortError {
  const { host, key, repository } = location;
  const google = isGoogleHost(host) ? ' or `gcloud auth application-default login`' : '';
  const found = problems.map((problem) => `; ${problem}`).join('');
  return new PortError(
    'denied',
    `${host}/${repository}`,
    `${host} denies access to ${repository} (${explain(answer)})${found}`,
    {
      remedy: `run \`docker login ${host}\`${google}, or set registries."${key}".username and password in the settings`,
    },
  );
}

function faultOf(status: number): PortError['fault'] {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'not-found';
  if (status === 409 || status === 412) return 'conflict';
  if (status === 429) return 'rate-limited';
  return status === 408 || status >= 500 ? 'transient' : 'invalid';
}

/** Status, and what the registry says, on one line: `403 DENIED: quota exceeded`. */
export function explain({ status, body }: HttpAnswer): string {
  const first = readError(body);
  if (first === undefined) return String(status);
  const text = `${first.code}: ${first.message ?? ''}`.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return `${status} ${text.slice(0, MAX_MESSAGE)}`;
}

function readError(body: Uint8Array): { code: string; message?: string | undefined } | undefined {
  try {
    return errorBody.safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data?.errors[0];
  } catch {
    return undefined; // Not JSON: a proxy's page, of which the status says enough.
  }
}

/** Milliseconds. The header holds seconds or a date. */
export function parseRetryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
