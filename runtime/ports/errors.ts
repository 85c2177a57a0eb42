/**
 * How a call to the outside failed, which decides what may happen next:
 * - `transient`: network, time-out, 5xx: repeat later with backoff.
 * - `rate-limited`: repeat not before `retryAfter`.
 * - `not-found`, `denied`, `invalid`: permanent until a person or the content changes.
 * - `conflict`: a precondition (resourceVersion, lease, expected digest) no longer holds: observe again.
 * - `cancelled`: our own signal ended the call.
 */
export type Fault =
  'transient' | 'rate-limited' | 'not-found' | 'denied' | 'invalid' | 'conflict' | 'cancelled';

/** The one error that ports throw. `message` is for a person and holds no secret. */
export class PortError extends Error {
  readonly fault: Fault;
  /** What was asked for: a repository, an image, an object. */
  readonly subject: string;
  /** What a person can do about it, when that is known. */
  readonly remedy: string | undefined;
  /** Milliseconds to wait before the next try, as told by the other side. */
  readonly retryAfter: number | undefined;

  constructor(
    fault: Fault,
    subject: string,
    message: string,
    options: { remedy?: string; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'PortError';
    this.fault = fault;
    this.subject = subject;
    this.remedy = options.remedy;
    this.retryAfter = options.retryAfter;
  }

  /** True when repeating the same call later can succeed without anybody changing anything. */
  get retryable(): boolean {
    return this.fault === 'transient' || this.fault === 'rate-limited' || this.fault === 'conflict';
  }
}

export function isFault(error: unknown, ...faults: Fault[]): error is PortError {
  return error instanceof PortError && faults.includes(error.fault);
}
