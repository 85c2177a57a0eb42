import { ConfigError, type Problem } from '../../../runtime/config/errors.ts';

/** The error that reading must end with; whatever else it throws fails the test. */
export function configError(read: () => unknown): ConfigError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('it was read without a problem');
}

/** What a person sees, line by line. */
export function linesOf(read: () => unknown): string[] {
  return configError(read).message.split('\n');
}

export function problemsOf(read: () => unknown): readonly Problem[] {
  return configError(read).problems;
}
