import type { Readable } from 'node:stream';
import type { Digest } from '../../ports/registry.ts';
import type { Call } from './blob-handlers.ts';
import { OciError } from './errors.ts';
import { OCI_INDEX } from './manifest-content.ts';
import type { Manifests } from './manifests.ts';

/** As much as the specification asks every registry to take. */
const MANIFEST_LIMIT = 4 * 1024 * 1024;
const PAGE_SIZE = 1000;

interface ManifestRoute {
  readonly name: string;
  readonly reference: string;
}

function unknown({ name, reference }: ManifestRoute): OciError {
  return new OciError('MANIFEST_UNKNOWN', `${name} has no manifest ${reference}`);
}

export async function readManifest(
  manifests: Manifests,
  route: ManifestRoute,
  call: Call,
): Promise<Response> {
  const found = await manifests.get(route.name, route.reference);
  if (found === undefined) throw unknown(route);
  const headers = {
    'content-length': String(found.bytes.length),
    'content-type': found.mediaType,
    'docker-content-digest': found.digest,
    etag: `"${found.digest}"`,
  };
  return new Response(call.request.method === 'HEAD' ? null : Buffer.from(found.bytes), { headers });
}

export async function putManifest(manifests: Manifests, route: ManifestRoute, call: Call): Promise<Response> {
  const bytes = await readLimited(call.incoming, MANIFEST_LIMIT);
  const contentType = call.request.headers.get('content-type') ?? undefined;
  const { digest, subject } = await manifests.put(route.name, route.reference, bytes, contentType);
  const headers = new Headers({
    location: `/v2/${route.name}/manifests/${digest}`,
    'docker-content-digest': digest,
  });
  // Tells the client that the referrers API knows the subject, so that it keeps no fallback tag.
  if (subject !== undefined) headers.set('oci-subject', subject);
  return new Response(null, { status: 201, headers });
}

export async function deleteManifest(manifests: Manifests, route: ManifestRoute): Promise<Response> {
  if (await manifests.remove(route.name, route.reference)) return new Response(null, { status: 202 });
  throw unknown(route);
}

export async function listTags(
  manifests: Manifests,
  { name }: { readonly name: string },
  call: Call,
): Promise<Response> {
  const tags = await manifests.tags(name);
  if (tags === undefined) throw new OciError('NAME_UNKNOWN', `there is no repository ${name}`);
  const { page, headers } = paginate(tags, `/v2/${name}/tags/list`, call.query);
  return Response.json({ name, tags: page }, { headers });
}

export async function listRepositories(manifests: Manifests, call: Call): Promise<Response> {
  const { page, headers } = paginate(await manifests.catalog(), '/v2/_catalog', call.query);
  return Response.json({ repositories: page }, { headers });
}

export async function listReferrers(
  manifests: Manifests,
  { name, digest }: { readonly name: string; readonly digest: Digest },
  call: Call,
): Promise<Response> {
  const wanted = call.query.get('artifactType');
  const all = await manifests.referrers(name, digest);
  const headers = new Headers({ 'content-type': OCI_INDEX });
  if (wanted !== null) headers.set('oci-filters-applied', 'artifactType');
  const body = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: wanted === null ? all : all.filter((one) => one.artifactType === wanted),
  };
  return new Response(JSON.stringify(body), { headers });
}

/** `n` entries after `last`, and a Link to the next page where there is one. */
export function paginate(
  sorted: readonly string[],
  path: string,
  query: URLSearchParams,
): { readonly page: readonly string[]; readonly headers: Record<string, string> } {
  const text = query.get('n') ?? String(PAGE_SIZE);
  if (!/^\d{1,9}$/.test(text)) throw new OciError('PAGINATION_NUMBER_INVALID', 'n must be a number');
  const size = Math.min(Number(text), PAGE_SIZE);
  const last = query.get('last');
  const rest = last === null ? sorted : sorted.filter((one) => one > last);
  const page = rest.slice(0, size);
  const end = page.at(-1);
  if (end === undefined || page.length === rest.length) return { page, headers: {} };
  return { page, headers: { link: `<${path}?n=${size}&last=${encodeURIComponent(end)}>; rel="next"` } };
}

async function readLimited(body: Readable, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and dropped: a client that is still sending would miss our answer.
    if (size <= limit) chunks.push(chunk);
    if (size > 4 * limit) break;
  }
  if (size > limit) throw new OciError('SIZE_INVALID', `a manifest has at most ${limit} bytes`);
  return Buffer.concat(chunks);
}
