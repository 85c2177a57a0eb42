import type { Digest } from './registry.ts';
import type { Oid, RepositoryUrl } from './git.ts';

export interface BuildRequest {
  /** `cd-<application>-<version>-<first 8 of the key>-<attempt>`, at most 63 characters, unique for ever. */
  readonly name: string;
  /** The whole build key (64 hex digits). */
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly source: {
    readonly repository: RepositoryUrl;
    readonly commit: Oid;
    /** Folder that becomes the build context, '' for the root. */
    readonly context: string;
    /** From the root of the repository. */
    readonly dockerfile: string;
  };
  /** Stage to build. @default the last one */
  readonly target?: string;
  /** `os/arch[/variant]`; empty: the builder's own. */
  readonly platforms: readonly string[];
  /** `${commit}` already expanded. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly image: {
    /** Name as in manifests; the builder pushes to `Registry.location(name)`. */
    readonly name: string;
    /** Tags to push, in this order: the key tag first, since its existence means success. */
    readonly tags: readonly string[];
  };
}

export interface Build {
  readonly name: string;
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  /** False for runs that a person or another installation started: never retried, cancelled or pruned. */
  readonly owned: boolean;
  readonly phase: 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** With `succeeded`. */
  readonly digest?: Digest;
  /**
   * With `failed`: `permanent` when the content is to blame (the Dockerfile fails), `transient` when the
   * infrastructure is (lost process, full disk, registry down).
   */
  readonly failure?: {
    readonly kind: 'permanent' | 'transient';
    /** CamelCase word, equal for equal causes. */
    readonly reason: string;
    /** Last lines of the log or what the tool said, at most 2 KiB. */
    readonly message: string;
  };
  /** Milliseconds since 1970. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
}

/** Builds and pushes images. Survives our own restart: a build goes on, and `list` finds it again. */
export interface Builder {
  /** What builds: `buildah 1.28`, `Tekton`. Throws `not-found` with a remedy when there is none. */
  describe(signal?: AbortSignal): Promise<string>;
  /** How many more builds may be started now. */
  capacity(signal?: AbortSignal): Promise<number>;
  /** Starts once: a build of the same name and key counts as this one; the same name with another key is a `conflict`. */
  start(request: BuildRequest, signal?: AbortSignal): Promise<void>;
  list(signal?: AbortSignal): Promise<readonly Build[]>;
  logs(
    name: string,
    options?: { readonly follow?: boolean; readonly signal?: AbortSignal },
  ): AsyncIterable<string>;
  /** Ends it with everything it started. No error when it has ended. */
  cancel(name: string, signal?: AbortSignal): Promise<void>;
  /** Forgets an ended build and its log. No error when it is gone. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when some build changes phase, or when the signal fires. */
  changed(signal: AbortSignal): Promise<void>;
}
