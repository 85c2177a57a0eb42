import { PortError } from '../../ports/index.ts';

/** Ends with the signal even while a call waits for its turn. */
export async function abortable<T>(
  work: Promise<T>,
  { subject, signal }: { readonly subject: string; readonly signal: AbortSignal | undefined },
): Promise<T> {
  if (signal === undefined) return work;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const stop = () => {
    reject(new PortError('cancelled', subject, `${subject}: cancelled`, { cause: signal.reason }));
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
