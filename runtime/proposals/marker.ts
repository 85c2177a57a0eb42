import { z } from 'zod';

const marker = z.object({
  installation: z.string(),
  version: z.string(),
  applications: z.array(z.string()),
  change: z.string(),
});

/** What a pull request is about, for programs: an invisible comment in its body. */
export type Marker = z.output<typeof marker>;

const OPENING = '<!-- slipway: ';
const CLOSED = '<!-- slipway-closed -->';

export function formatMarker(value: Marker): string {
  // Inside a comment no value may end it.
  const json = JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
  return `${OPENING}${json} -->`;
}

/** The marker of a body; undefined when there is none that parses. */
export function parseMarker(body: string): Marker | undefined {
  const start = body.lastIndexOf(OPENING);
  if (start < 0) return undefined;
  const end = body.indexOf(' -->', start);
  if (end < 0) return undefined;
  try {
    const parsed = marker.safeParse(JSON.parse(body.slice(start + OPENING.length, end)));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The body of a pull request that we close: says why, and lets later passes tell our closing from a person's. */
export function markClosed(body: string, why: string): string {
  return closedByUs(body) ? body : `${body}\n\n**Closed by Slipway:** ${why}\n${CLOSED}`;
}

export function closedByUs(body: string): boolean {
  return body.includes(CLOSED);
}
