import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** What one application brings into a pull request. */
export interface ChangePart {
  /** Where it is written: plain JSON, in the order of the config. */
  readonly targets: readonly unknown[];
  readonly key: string;
}

/** sha256 of targets and build key: equal for the same wish, whatever the base branch holds meanwhile. */
export function changeId(part: ChangePart): string {
  return sha256({ targets: part.targets, key: part.key });
}

/** Of a grouped pull request: its members' changes, in any order. */
export function groupChangeId(changes: readonly string[]): string {
  return sha256([...changes].sort());
}

function sha256(value: unknown): string {
  return createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex');
}
