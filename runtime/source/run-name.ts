import { createHash } from 'node:crypto';

/** Longest DNS label, and longest value of a Kubernetes label. */
const longest = 63;

/**
 * `cd-<application>-<version>-<first 8 of the key>-<attempt>`, a DNS label of at most 63 characters. What does not fit,
 * or may not stand in a label, gives way to a hash, so that different pairs keep different names.
 * @param run `attempt` counts from 1
 */
export function runName(run: {
  readonly application: string;
  readonly version: string;
  readonly key: string;
  readonly attempt: number;
}): string {
  const end = `-${run.key.slice(0, 8)}-${run.attempt}`;
  const pair = `${run.application}-${run.version}`;
  const label = pair.toLowerCase().replace(/[^a-z0-9-]+/gu, '-');
  const room = longest - 'cd-'.length - end.length;
  const identity = `${run.application}\0${run.version}`;
  return `cd-${label === pair && pair.length <= room ? pair : shorten(label, room, identity)}${end}`;
}

/** The text as a Kubernetes label value: itself where that is valid, else its readable parts around a hash. */
export function labelValue(text: string): string {
  if (/^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/u.test(text)) return text;
  return shorten(text.replace(/[^A-Za-z0-9_.-]+/gu, '-'), longest, text);
}

/** `start-hash-end`, beginning and ending with a letter or digit. */
function shorten(text: string, room: number, identity: string): string {
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  const rest = room - hash.length - 2;
  const fits = text.length <= rest;
  const start = (fits ? text : text.slice(0, Math.ceil(rest / 2))).replace(/^[-_.]+|[-_.]+$/gu, '');
  const end = (fits ? '' : text.slice(text.length - Math.floor(rest / 2))).replace(/^[-_.]+|[-_.]+$/gu, '');
  return [start, hash, end].filter((part) => part !== '').join('-');
}
