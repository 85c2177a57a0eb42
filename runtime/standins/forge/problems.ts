/** An answer of GitHub's other than success, thrown from wherever it is found out. */
export class Problem extends Error {
  readonly status: number;
  readonly errors: readonly ValidationError[] | undefined;

  constructor(status: number, message: string, errors?: readonly ValidationError[]) {
    super(message);
    this.name = 'Problem';
    this.status = status;
    this.errors = errors;
  }

  body(): Record<string, unknown> {
    return {
      message: this.message,
      ...(this.errors === undefined ? {} : { errors: this.errors }),
      documentation_url: 'https://docs.github.com/rest',
      status: String(this.status),
    };
  }
}

/** `code`: `missing_field`, `invalid`, or `custom` with a message. */
export interface ValidationError {
  readonly resource: string;
  readonly code: 'missing_field' | 'invalid' | 'custom';
  readonly field?: string;
  readonly message?: string;
}

export const notFound = () => new Problem(404, 'Not Found');
export const badCredentials = () => new Problem(401, 'Bad credentials');
export const authenticationRequired = () => new Problem(401, 'Requires authentication');
export const notAccessible = () => new Problem(403, 'Resource not accessible by integration');

export function validationFailed(...errors: ValidationError[]): Problem {
  return new Problem(422, 'Validation Failed', errors);
}

/** Of a pull request. */
export const invalid = (field: string) =>
  validationFailed({ resource: 'PullRequest', field, code: 'invalid' });
/** Of a pull request, in words. */
export const custom = (message: string, field?: string) => ({
  resource: 'PullRequest',
  code: 'custom' as const,
  ...(field === undefined ? {} : { field }),
  message,
});
