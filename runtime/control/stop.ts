import type { Clock } from '../ports/clock.ts';
import { PortError } from '../ports/errors.ts';
import { after } from './abort.ts';

export type StopCause = 'signal' | 'deadline';

/** Milliseconds that an effect has to come to its end after it was told to break off. */
const abandonAfter = 5_000;

/** How a pass is stopped, in three steps. */
export interface Stop {
  /** Nothing new starts, and reads break off. */
  readonly requested: AbortSignal;
  /** Grace is over: effects under way break off. */
  readonly breakOff: AbortSignal;
  /** Effects that did not obey are left behind. */
  readonly abandon: AbortSignal;
  /** What requested it, once something has. */
  cause(): StopCause | undefined;
  /** Forgets the timers. */
  end(): void;
}

/** @param options.deadline and `grace` in milliseconds */
export function stopping(
  subject: string,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly deadline?: number;
    readonly grace: number;
  },
): Stop {
  const { clock, signal, deadline, grace } = options;
  const ended = new AbortController();
  const late = new AbortController();
  const breakOff = new AbortController();
  const abandon = new AbortController();
  const requested = AbortSignal.any([signal, late.signal]);
  if (deadline !== undefined) {
    after(clock, deadline, ended.signal, () =>
      late.abort(
        new PortError(
          'transient',
          subject,
          `the pass of ${subject} did not end within ${deadline / 1000} s`,
          {
            remedy: 'see in the log what it waited for, or give it a longer deadline',
          },
        ),
      ),
    );
  }
  const onRequested = () =>
    after(clock, grace, ended.signal, () => {
      breakOff.abort(
        new PortError('cancelled', subject, `broken off ${grace / 1000} s after ${subject} was stopped`),
      );
      after(clock, abandonAfter, ended.signal, () =>
        abandon.abort(
          new PortError(
            'cancelled',
            subject,
            `left behind: it went on for ${abandonAfter / 1000} s after it was broken off`,
          ),
        ),
      );
    });
  if (requested.aborted) onRequested();
  else requested.addEventListener('abort', onRequested, { once: true });
  return {
    requested,
    breakOff: breakOff.signal,
    abandon: abandon.signal,
    cause: () => (late.signal.aborted ? 'deadline' : signal.aborted ? 'signal' : undefined),
    end() {
      requested.removeEventListener('abort', onRequested);
      ended.abort();
    },
  };
}
