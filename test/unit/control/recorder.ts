import type { Logger, Metadata } from '../../../runtime/control/log.ts';

export interface Entry {
  readonly level: string;
  readonly message: string;
  readonly metadata: Metadata;
}

/** A logger that keeps what it is told. */
export function recorder(): { readonly logger: Logger; readonly entries: readonly Entry[] } {
  const entries: Entry[] = [];
  const logger = (bound: Metadata): Logger => {
    const at =
      (level: string) =>
      (message: string, metadata: Metadata = {}) => {
        entries.push({ level, message, metadata: { ...bound, ...metadata } });
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (metadata) => logger({ ...bound, ...metadata }),
    };
  };
  return { logger: logger({}), entries };
}
