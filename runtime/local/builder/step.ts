import type { BuildRecord } from './records.ts';

/** One process of a build, and where it tells the digest of what it pushed. */
export interface Step {
  readonly phase: 'build' | 'push' | 'clean-up';
  readonly argv: readonly string[];
  /** @default empty */
  readonly stdin?: string;
  readonly digest?: DigestSource;
  /** The ids that the build step printed, one per line, are added to `argv`. */
  readonly appendsBuiltImages?: boolean;
}

export type DigestSource =
  /** A file that holds the digest alone. */
  | { readonly from: 'digest-file'; readonly path: string }
  /** BuildKit's metadata file. */
  | { readonly from: 'metadata-file'; readonly path: string }
  /** Lines `repository@digest` on stdout. */
  | { readonly from: 'repository-digests'; readonly repository: string }
  /** The last line of stdout is `{"digest": …}`. */
  | { readonly from: 'json-line' };

/** All that a tool's arguments depend on. Paths are absolute, or those of the repository where the tool fetches it. */
export interface Job {
  readonly record: BuildRecord;
  readonly context: string;
  readonly dockerfile: string;
  /** An empty folder for files that tools write. */
  readonly work: string;
}

/** `host/repository:tag`, in the order in which they are to be pushed. */
export function references({ record }: Job): readonly string[] {
  return record.request.image.tags.map((tag) => `${record.location.reference}:${tag}`);
}

/** OCI annotations that say what the image was made of. */
export function imageLabels({ record }: Job): readonly (readonly [string, string])[] {
  const { source } = record.request;
  return [
    ['org.opencontainers.image.source', source.repository],
    ['org.opencontainers.image.revision', source.commit],
  ];
}

/** `flag value` for each pair, as `flag key=value`. */
export function pairs(flag: string, entries: Iterable<readonly [string, string]>): readonly string[] {
  return [...entries].flatMap(([key, value]) => [flag, `${key}=${value}`]);
}

/** The flags that docker, podman and buildah share. */
export function commonFlags(job: Job): readonly string[] {
  const { target, platforms, buildArgs } = job.record.request;
  return [
    '--file',
    job.dockerfile,
    ...(target === undefined ? [] : ['--target', target]),
    ...(platforms.length === 0 ? [] : ['--platform', platforms.join(',')]),
    ...pairs('--build-arg', Object.entries(buildArgs)),
    ...pairs('--label', imageLabels(job)),
  ];
}

/** The registry's `host[:port]`. */
export function registryHost(reference: string): string {
  return reference.split('/', 1)[0] ?? reference;
}
