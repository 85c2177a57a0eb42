import { HostGuard } from '../control/hosts.ts';
import type { Clock } from '../ports/index.ts';

/** Limits per host: git moves whole histories, the others answer small questions. */
export interface Guards {
  readonly git: HostGuard;
  readonly http: HostGuard;
}

const minute = 60_000;

export function createGuards(clock: Clock): Guards {
  return {
    git: new HostGuard(clock, { deadline: 10 * minute, budget: 20 * minute }),
    http: new HostGuard(clock, { concurrency: 8 }),
  };
}
