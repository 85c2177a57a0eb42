import { PortError } from '../ports/errors.ts';

const secretName =
  /(authorization|cookie|credentials?|pass(word|wd|phrase)|private_?key|api_?key|secret|token)$/i;
const censored = '[redacted]';

/** Secrets that a text may carry along: user info in a URL, authorization headers, tokens of the forges. */
const secretTexts: readonly [RegExp, string][] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${censored}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${censored}`],
  [/\b(gh[pousr]_|github_pat_|glpat-|ya29\.)[\w.-]{10,}/g, censored],
];

/** Beyond it a value is cut off: a log entry is no dump. */
const deepest = 8;

export function redactText(text: string): string {
  return secretTexts.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

/**
 * A copy fit for a log: fields named like a secret are censored at any depth, and so are secrets inside texts. Errors
 * become plain objects; those of ports without stack and cause, which say nothing more to a person.
 */
export function redact(value: unknown): unknown {
  return redactValue(value, []);
}

function redactValue(value: unknown, above: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '[circular]';
  if (above.length >= deepest) return '[too deep]';
  const path = [...above, value];
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (Buffer.isBuffer(value)) return `[${value.length} bytes]`;
  if (value instanceof Map) return redactEntries(value.entries(), path);
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, (one) => redactValue(one, path));
  if (value instanceof Error) return redactEntries(errorEntries(value), path);
  return redactEntries(Object.entries(value), path);
}

function redactEntries(entries: Iterable<[unknown, unknown]>, path: readonly object[]): object {
  return Object.fromEntries(
    Array.from(entries, ([key, value]) => {
      const name = String(key);
      // A count or a flag is no secret, whatever its name.
      const secret = secretName.test(name) && (typeof value === 'string' || typeof value === 'object');
      return [name, secret && value !== null ? censored : redactValue(value, path)];
    }),
  );
}

/** Own fields of an error (`fault`, `subject`, `code` …) with those that `Object.entries` leaves out. */
function errorEntries(error: Error): [string, unknown][] {
  const hidden: [string, unknown][] = [
    ['type', error.name],
    ['message', error.message],
  ];
  // What a port says is for a person; where in the program it was said helps with mistakes alone.
  if (!(error instanceof PortError)) hidden.push(['stack', error.stack], ['cause', error.cause]);
  const own = Object.entries(error).filter(([key]) => key !== 'name');
  return [...hidden, ...own].filter(([, value]) => value !== undefined);
}
