import { PortError } from '../../ports/errors.ts';
import type { NewObject, ObjectKind, StoredObject } from '../../ports/object-store.ts';
import { metadataProblems, readDocument } from './document.ts';
import type { Document } from './document.ts';

/** What etcd takes, so that objects made on one machine also fit a cluster. */
const LARGEST_OBJECT_BYTES = 1024 * 1024;

/** Kept apart from the version, so that a kind's next version still finds its objects. */
export function resourceOf(kind: ObjectKind<unknown, unknown>): string {
  const slash = kind.apiVersion.indexOf('/');
  return slash < 0 ? kind.plural : `${kind.plural}.${kind.apiVersion.slice(0, slash)}`;
}

export function subjectOf(kind: ObjectKind<unknown, unknown>, name: string): string {
  return `${kind.kind} ${name}`;
}

export function refuseOldVersion(
  kind: ObjectKind<unknown, unknown>,
  document: Document,
  resourceVersion: string,
): void {
  if (document.metadata.resourceVersion === resourceVersion) return;
  const subject = subjectOf(kind, document.metadata.name);
  throw new PortError(
    'conflict',
    subject,
    `${subject} has changed: resourceVersion ${resourceVersion} was expected and ${document.metadata.resourceVersion} is stored.`,
  );
}

export function refuseMetadata(
  kind: ObjectKind<unknown, unknown>,
  metadata: NewObject<unknown, unknown>['metadata'],
): void {
  const problems = metadataProblems(metadata);
  if (problems.length === 0) return;
  const subject = subjectOf(kind, metadata.name);
  throw new PortError('invalid', subject, `${subject} cannot be stored: ${problems.join('; ')}.`);
}

export function refuseSize(kind: ObjectKind<unknown, unknown>, name: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= LARGEST_OBJECT_BYTES) return;
  const subject = subjectOf(kind, name);
  throw new PortError(
    'invalid',
    subject,
    `${subject} has ${bytes} bytes; an object may have ${LARGEST_OBJECT_BYTES}.`,
  );
}

export function toObject<S, T>(kind: ObjectKind<S, T>, document: Document): StoredObject<S, T> {
  const { spec, status } = kind.parse({ spec: document.spec, status: document.status });
  return { apiVersion: kind.apiVersion, kind: kind.kind, metadata: document.metadata, spec, status };
}

export function parseStored<S, T>(kind: ObjectKind<S, T>, name: string, text: string): StoredObject<S, T> {
  return unreadable(kind, name, () => toObject(kind, readDocument(text)));
}

export function unreadable<R>(kind: ObjectKind<unknown, unknown>, name: string, parse: () => R): R {
  try {
    return parse();
  } catch (error) {
    const subject = subjectOf(kind, name);
    throw new PortError('invalid', subject, `The stored ${subject} does not parse: ${messageOf(error)}`, {
      remedy: 'Delete it, or run the version of Slipway that wrote it.',
      cause: error,
    });
  }
}

export function parseGiven<S, T>(
  kind: ObjectKind<S, T>,
  name: string,
  object: { readonly spec: unknown; readonly status?: unknown },
): { spec: S; status?: T } {
  try {
    return kind.parse({ spec: object.spec, status: object.status });
  } catch (error) {
    const subject = subjectOf(kind, name);
    throw new PortError('invalid', subject, `${subject} cannot be stored: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Undefined when it does not parse; `list` is what reports that. */
export function tryParse<S, T>(kind: ObjectKind<S, T>, text: string): StoredObject<S, T> | undefined {
  try {
    return toObject(kind, readDocument(text));
  } catch {
    return undefined;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
