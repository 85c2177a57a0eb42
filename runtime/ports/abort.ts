import { PortError } from './errors.ts';

/**
 * Settles as `work` does, or rejects with the signal's reason as soon as it fires, however long `work` goes on.
 * Where both have happened, `work` wins.
 * @param toError what to reject with instead of the reason
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  toError: (reason: unknown) => unknown = (reason) => reason,
): Promise<T> {
  if (signal === undefined) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(toError(signal.reason));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** As `untilAborted`, for a call to the outside: rejects with the `PortError` `cancelled`. */
export function untilCancelled<T>(
  work: Promise<T>,
  subject: string,
  signal: AbortSignal | undefined,
): Promise<T> {
  return untilAborted(
    work,
    signal,
    (cause) => new PortError('cancelled', subject, `${subject}: cancelled`, { cause }),
  );
}
