import { duration } from '../api/names.ts';

/**
 * The end of a hold as people write it: a moment in RFC 3339 (`2026-05-01T12:00Z`, or a day), or a time from now (`90m`,
 * `7d`). Undefined when it is neither, or is past.
 * @param now milliseconds since 1970
 * @returns RFC 3339
 */
export function parseUntil(text: string, now: number): string | undefined {
  const span = duration.safeParse(text);
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/u.test(text);
  const at = span.success ? now + span.data : isDate ? Date.parse(text) : NaN;
  return at > now ? toSecond(at) : undefined;
}

/** RFC 3339 to the second, as people read it. @param at milliseconds since 1970 */
export function toSecond(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/u, 'Z');
}
