import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import type { Digest } from '../../ports/registry.ts';
import type { Blobs } from './blobs.ts';
import { OciError } from './errors.ts';
import { isDigest, parseDigest, parseName } from './route.ts';

/** One request: the parsed web request, and the socket's own stream for bodies. */
export interface Call {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly incoming: IncomingMessage;
}

interface BlobRoute {
  readonly name: string;
  readonly digest: Digest;
}

interface UploadRoute {
  readonly name: string;
  readonly id: string;
}

export async function readBlob(blobs: Blobs, { name, digest }: BlobRoute, call: Call): Promise<Response> {
  const blob = await blobs.find(name, digest);
  if (blob === undefined) throw new OciError('BLOB_UNKNOWN', `${name} has no blob ${digest}`);
  const range = parseRange(call.request.headers.get('range'), blob.size);
  if (range === 'unsatisfiable') {
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${blob.size}` } });
  }
  const { start, end } = range ?? { start: 0, end: blob.size - 1 };
  const headers = new Headers({
    'accept-ranges': 'bytes',
    'content-length': String(end - start + 1),
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  });
  if (range !== undefined) headers.set('content-range', `bytes ${start}-${end}/${blob.size}`);
  const body =
    call.request.method === 'HEAD' || blob.size === 0
      ? null
      : (Readable.toWeb(createReadStream(blob.path, { start, end })) as ReadableStream);
  return new Response(body, { status: range === undefined ? 200 : 206, headers });
}

/** One range of bytes. Undefined for none, and for forms that a server may ignore. */
export function parseRange(
  header: string | null,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}

export async function deleteBlob(blobs: Blobs, { name, digest }: BlobRoute): Promise<Response> {
  if (await blobs.remove(name, digest)) return new Response(null, { status: 202 });
  throw new OciError('BLOB_UNKNOWN', `${name} has no blob ${digest}`);
}

/** POST: mounts a blob of another repository, takes one whole, or begins an upload in parts. */
export async function startUpload(blobs: Blobs, { name }: { name: string }, call: Call): Promise<Response> {
  const mount = call.query.get('mount');
  const from = call.query.get('from');
  if (mount !== null && from !== null && (await blobs.mount(name, parseDigest(mount), parseName(from)))) {
    return created(name, mount);
  }
  const digest = call.query.get('digest');
  if (digest !== null) parseDigest(digest);
  const id = await blobs.startUpload(name);
  if (digest === null) return progress(202, name, id, 0);
  await blobs.append(name, id, call.incoming);
  await blobs.finish(name, id, digest);
  return created(name, digest);
}

/** PATCH: the next chunk. */
export async function continueUpload(blobs: Blobs, route: UploadRoute, call: Call): Promise<Response> {
  await requireNextChunk(blobs, route, call);
  return progress(202, route.name, route.id, await blobs.append(route.name, route.id, call.incoming));
}

/** PUT: the last chunk, if any, and the digest of the whole. */
export async function finishUpload(blobs: Blobs, route: UploadRoute, call: Call): Promise<Response> {
  await requireNextChunk(blobs, route, call);
  const digest = call.query.get('digest');
  if (digest === null || !isDigest(digest)) {
    throw new OciError('DIGEST_INVALID', 'the last request of an upload names its digest: ?digest=sha256:…');
  }
  await blobs.append(route.name, route.id, call.incoming);
  await blobs.finish(route.name, route.id, digest);
  return created(route.name, digest);
}

export async function uploadStatus(blobs: Blobs, route: UploadRoute): Promise<Response> {
  return progress(204, route.name, route.id, await received(blobs, route));
}

export async function cancelUpload(blobs: Blobs, route: UploadRoute): Promise<Response> {
  await received(blobs, route);
  await blobs.cancelUpload(route.name, route.id);
  return new Response(null, { status: 204 });
}

async function received(blobs: Blobs, { name, id }: UploadRoute): Promise<number> {
  const size = await blobs.received(name, id);
  if (size === undefined) throw new OciError('BLOB_UPLOAD_UNKNOWN', 'no such upload');
  return size;
}

/** A chunk that says where it belongs must begin where the last one ended. */
async function requireNextChunk(blobs: Blobs, route: UploadRoute, call: Call): Promise<void> {
  const size = await received(blobs, route);
  const header = call.request.headers.get('content-range');
  if (header === null) return;
  const [, start, end] = /^(?:bytes )?(\d+)-(\d+)(?:\/.*)?$/.exec(header) ?? [];
  const length = call.request.headers.get('content-length');
  const misplaced = Number(start) !== size;
  const mismeasured = length !== null && Number(end) - Number(start) + 1 !== Number(length);
  if (misplaced || mismeasured) {
    const headers = progressHeaders(route.name, route.id, size);
    throw new OciError('BLOB_UPLOAD_INVALID', `${size} bytes were received; send on from there`, headers);
  }
}

function progress(status: number, name: string, id: string, size: number): Response {
  return new Response(null, { status, headers: progressHeaders(name, id, size) });
}

function progressHeaders(name: string, id: string, size: number): Record<string, string> {
  return {
    location: `/v2/${name}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    'docker-upload-uuid': id,
  };
}

function created(name: string, digest: Digest): Response {
  const headers = { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest };
  return new Response(null, { status: 201, headers });
}
