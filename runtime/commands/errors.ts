/** A command line or an input file that cannot be used as it is: exit status 2, every problem on its own line. */
export class UsageError extends Error {
  readonly problems: string[];

  constructor(problems: string | readonly string[]) {
    const all = typeof problems === 'string' ? [problems] : [...problems];
    super(all.join('\n'));
    this.name = 'UsageError';
    this.problems = all;
  }
}

/** 0 done, 1 failed, 2 bad usage or config, 3 done with some items failed. */
export const exitStatus = { done: 0, failed: 1, usage: 2, partly: 3 } as const;
