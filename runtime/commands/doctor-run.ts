import pLimit from 'p-limit';
import { redactText } from '../control/redact.ts';
import { PortError, untilAborted } from '../ports/index.ts';

/** What was found: `skipped` says why it was not tried. */
export interface Finding {
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly detail: string;
  readonly remedy?: string;
}

/** One thing to try. */
export interface Check {
  /** `git`, `forge`: what kind of thing it is. */
  readonly area: string;
  /** Which one. */
  readonly subject: string;
  /** A `PortError` that it throws is its finding. */
  readonly run: (signal: AbortSignal) => Promise<Finding>;
}

export interface CheckResult extends Finding {
  readonly area: string;
  readonly subject: string;
}

export const ok = (detail: string): Finding => ({ status: 'ok', detail });
export const failed = (detail: string, remedy: string): Finding => ({ status: 'failed', detail, remedy });
export const skipped = (detail: string): Finding => ({ status: 'skipped', detail });

const CONCURRENCY = 8;

/**
 * Tries all, several at a time; results are in the order of the checks.
 * @param timeout milliseconds for each
 */
export async function runChecks(
  checks: readonly Check[],
  timeout: number,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const limit = pLimit(CONCURRENCY);
  return Promise.all(
    checks.map(({ area, subject, run }) =>
      limit(async () => {
        const { detail, remedy, status } = await find(run, timeout, signal);
        return {
          area,
          subject,
          status,
          detail: redactText(detail),
          ...(remedy !== undefined && { remedy: redactText(remedy) }),
        };
      }),
    ),
  );
}

async function find(run: Check['run'], timeout: number, signal: AbortSignal): Promise<Finding> {
  const late = AbortSignal.timeout(timeout);
  const either = AbortSignal.any([signal, late]);
  try {
    return await untilAborted(run(either), either);
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted)
      return failed(
        `gave no answer within ${timeout / 1000} s`,
        'see that it can be reached from here, and try again',
      );
    if (!(error instanceof PortError)) throw error;
    return {
      status: 'failed',
      detail: error.message,
      ...(error.remedy !== undefined && { remedy: error.remedy }),
    };
  }
}
