import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { NewObject, ObjectMeta, StoredObject } from '../../ports/object-store.ts';

const strings = z.record(z.string(), z.string());

/** An object as the file keeps it: the kind's versions and schema are the reader's. */
export interface Document {
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

const documentSchema: z.ZodType<Document> = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.number(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().optional(),
    finalizers: z.array(z.string()).optional(),
    labels: strings.optional(),
    annotations: strings.optional(),
  }),
  spec: z.unknown(),
  status: z.unknown().optional(),
});

/** Throws `SyntaxError` or `ZodError` for text that no store wrote. */
export function readDocument(text: string): Document {
  return documentSchema.parse(JSON.parse(text));
}

export function isDocument(text: string): boolean {
  try {
    readDocument(text);
    return true;
  } catch {
    return false;
  }
}

/** What a change makes of a document, before it gets its resourceVersion. Undefined: nothing is left of it. */
export type Change =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly document: Document }
  | { readonly type: 'UNCHANGED' };

export function created(
  object: NewObject<unknown, unknown>,
  identity: { readonly uid: string; readonly at: number },
): Document {
  const { name, labels, annotations, finalizers } = object.metadata;
  return plainJson({
    metadata: {
      name,
      uid: identity.uid,
      resourceVersion: '',
      generation: 1,
      creationTimestamp: timestamp(identity.at),
      finalizers,
      labels,
      annotations,
    },
    spec: object.spec,
    status: object.status,
  });
}

/** Spec, labels, annotations and finalizers of `object`; everything else of what is stored. */
export function updated(stored: Document, object: StoredObject): Change {
  const { labels, annotations, finalizers } = object.metadata;
  const spec = plainJson({ spec: object.spec }).spec;
  const sameSpec = isDeepStrictEqual(spec, stored.spec);
  const next = plainJson({
    ...stored,
    metadata: {
      ...stored.metadata,
      generation: stored.metadata.generation + (sameSpec ? 0 : 1),
      labels,
      annotations,
      finalizers,
    },
    spec,
  });
  if (isDeletable(next)) return { type: 'DELETED', document: next };
  return isDeepStrictEqual(next, plainJson(stored))
    ? { type: 'UNCHANGED' }
    : { type: 'MODIFIED', document: next };
}

export function withStatus(stored: Document, status: unknown): Change {
  const next = plainJson({ ...stored, status });
  return isDeepStrictEqual(next, plainJson(stored))
    ? { type: 'UNCHANGED' }
    : { type: 'MODIFIED', document: next };
}

/** Removes it, or marks it while finalizers hold it. A second call changes nothing. */
export function deleted(stored: Document, at: number): Change {
  const { finalizers = [], deletionTimestamp } = stored.metadata;
  if (finalizers.length === 0) return { type: 'DELETED', document: stored };
  if (deletionTimestamp !== undefined) return { type: 'UNCHANGED' };
  const metadata = { ...stored.metadata, deletionTimestamp: timestamp(at) };
  return { type: 'MODIFIED', document: { ...stored, metadata } };
}

/** Finalizers that an update would put on an object that is already being deleted, which Kubernetes forbids. */
export function lateFinalizers(stored: Document, object: StoredObject): readonly string[] {
  if (stored.metadata.deletionTimestamp === undefined) return [];
  const held = new Set(stored.metadata.finalizers);
  return (object.metadata.finalizers ?? []).filter((finalizer) => !held.has(finalizer));
}

export function hasLabels(document: Document, wanted: Readonly<Record<string, string>>): boolean {
  const { labels = {} } = document.metadata;
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** What Kubernetes would refuse in this metadata, so that objects made on one machine also fit a cluster. */
export function metadataProblems(metadata: NewObject<unknown, unknown>['metadata']): readonly string[] {
  const problems: string[] = [];
  if (metadata.name.length > 253 || !DNS_SUBDOMAIN.test(metadata.name)) {
    problems.push(`name "${metadata.name}" is no DNS subdomain (lower-case letters, digits, "-" and ".")`);
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!isQualifiedName(key)) problems.push(`label key "${key}" is no qualified name`);
    if (value !== '' && !LABEL_PART.test(value)) {
      problems.push(`label ${key}="${value}" has more than 63 characters or others than A-Z a-z 0-9 - _ .`);
    }
  }
  for (const key of Object.keys(metadata.annotations ?? {})) {
    if (!isQualifiedName(key)) problems.push(`annotation key "${key}" is no qualified name`);
  }
  for (const finalizer of metadata.finalizers ?? []) {
    if (!isQualifiedName(finalizer)) problems.push(`finalizer "${finalizer}" is no qualified name`);
  }
  return problems;
}

function isQualifiedName(text: string): boolean {
  const slash = text.indexOf('/');
  const prefix = slash < 0 ? undefined : text.slice(0, slash);
  return (
    LABEL_PART.test(text.slice(slash + 1)) &&
    (prefix === undefined || (prefix.length <= 253 && DNS_SUBDOMAIN.test(prefix)))
  );
}

function isDeletable(document: Document): boolean {
  const { deletionTimestamp, finalizers = [] } = document.metadata;
  return deletionTimestamp !== undefined && finalizers.length === 0;
}

/** As it reads back from JSON: without undefined members, so that equal documents compare equal. */
function plainJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** RFC 3339 in whole seconds, as Kubernetes writes it. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
