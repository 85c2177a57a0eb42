/** `sha256:` and 64 hex digits. */
export type Digest = string;

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of an index; a single image has none listed here. */
  readonly platforms: readonly Platform[];
}

/**
 * An OCI registry. Image names are as written in manifests (`gcr.io/project/name`); settings may rewrite where they live.
 * All methods throw `PortError`.
 */
export interface Registry {
  /** One HEAD. Undefined when the tag or digest does not exist. */
  digest(name: string, reference: string, signal?: AbortSignal): Promise<Digest | undefined>;

  /** The manifest or index itself, its digest checked against its bytes. */
  manifest(name: string, reference: string, signal?: AbortSignal): Promise<Manifest | undefined>;

  /** Gives an existing digest one more tag. Refuses (`conflict`) a tag that names another digest, unless `move`. */
  tag(
    name: string,
    digest: Digest,
    tag: string,
    options?: { readonly move?: boolean; readonly signal?: AbortSignal },
  ): Promise<void>;

  /** Where `name` really lives after the settings' rewriting, for builders to push to: `host[:port]/repository`. */
  location(name: string): { readonly reference: string; readonly insecure: boolean };
}
