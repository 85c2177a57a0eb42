export interface ObjectMeta {
  readonly name: string;
  readonly uid: string;
  /** Changes with every write; opaque. */
  readonly resourceVersion: string;
  /** Counts changes of spec. */
  readonly generation: number;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Kubernetes-shaped object. `Spec` and `Status` are the inferred types of schemas in `api/`. */
export interface StoredObject<Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

/** What `create` needs; the store fills in the rest of the metadata. */
export interface NewObject<Spec, Status> {
  readonly metadata: Pick<ObjectMeta, 'name' | 'labels' | 'annotations' | 'finalizers'>;
  readonly spec: Spec;
  readonly status?: Status;
}

/**
 * Names a kind and checks what is read: a stored object that no longer parses is reported in `invalid`, and stops no other.
 * `parse` throws on what the schema refuses.
 */
export interface ObjectKind<Spec, Status> {
  readonly apiVersion: string;
  readonly kind: string;
  /** Lower-case plural, as in the CRD. */
  readonly plural: string;
  parse(value: { spec: unknown; status?: unknown }): { spec: Spec; status?: Status };
}

export interface ObjectList<Spec, Status> {
  readonly items: readonly StoredObject<Spec, Status>[];
  readonly invalid: readonly { readonly name: string; readonly problem: string }[];
  /** Where `watch` goes on. */
  readonly resourceVersion: string;
}

export interface WatchEvent<Spec, Status> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject<Spec, Status>;
}

/**
 * Objects with compare-and-swap on `metadata.resourceVersion`, in one namespace. All methods throw `PortError`:
 * `conflict` when the resourceVersion is old or the name exists, `not-found` when the object is gone.
 */
export interface ObjectStore {
  get<S, T>(
    kind: ObjectKind<S, T>,
    name: string,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T> | undefined>;
  list<S, T>(
    kind: ObjectKind<S, T>,
    options?: { readonly labels?: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
  ): Promise<ObjectList<S, T>>;
  create<S, T>(
    kind: ObjectKind<S, T>,
    object: NewObject<S, T>,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T>>;
  /** Replaces spec, labels, annotations and finalizers; an object being deleted goes once its last finalizer does. */
  update<S, T>(
    kind: ObjectKind<S, T>,
    object: StoredObject<S, T>,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T>>;
  /** Replaces status alone. */
  updateStatus<S, T>(
    kind: ObjectKind<S, T>,
    object: StoredObject<S, T>,
    signal?: AbortSignal,
  ): Promise<StoredObject<S, T>>;
  /** With finalizers: marks it; without: removes it. */
  delete<S, T>(
    kind: ObjectKind<S, T>,
    name: string,
    options?: { readonly resourceVersion?: string; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Every change after `resourceVersion`, in order. Ends with the signal; a version too old throws `not-found`: list again. */
  watch<S, T>(
    kind: ObjectKind<S, T>,
    options: { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<S, T>>;
}
