import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { TreeEntry } from '../ports/index.ts';

/** Everything that decides what a build makes, as far as anybody can know it before the build. */
export interface BuildInputs {
  /** From the root of the repository. */
  readonly dockerfile: string;
  /** Stage to build. @default the last one, `null` in the hashed JSON */
  readonly target?: string;
  /** `os/arch[/variant]`; order and repetition do not count. */
  readonly platforms: readonly string[];
  /** With `${commit}` unexpanded: else every commit would be a new build. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The input closure, in any order. */
  readonly entries: readonly TreeEntry[];
  /** Images of our own that it is built on, `name@digest`, in any order. */
  readonly parents: readonly string[];
}

/** The build key: 64 hex digits, sha256 of the canonical JSON (RFC 8785) of the inputs. */
export function buildKey(inputs: BuildInputs): string {
  const canonical = canonicalize({
    v: 1,
    dockerfile: inputs.dockerfile,
    target: inputs.target ?? null,
    platforms: unique(inputs.platforms),
    buildArgs: inputs.buildArgs,
    entries: inputs.entries
      .toSorted((a, b) => compare(a.path, b.path))
      .map(({ mode, oid, path }) => [mode, oid, path]),
    parents: unique(inputs.parents),
  });
  if (canonical === undefined) throw new Error('the inputs of a build have no canonical JSON');
  return createHash('sha256').update(canonical).digest('hex');
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort(compare);
}

/** By code unit, on every machine alike. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
