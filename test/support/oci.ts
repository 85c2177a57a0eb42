import { createHash } from 'node:crypto';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

export interface Blob {
  readonly bytes: Buffer;
  readonly digest: string;
}

export function blobOf(content: string | Buffer): Blob {
  const bytes = Buffer.from(content);
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

export function descriptor(blob: Blob, mediaType = 'application/octet-stream') {
  return { mediaType, digest: blob.digest, size: blob.bytes.length };
}

/** Sends a blob in two requests, as most clients do. */
export async function pushBlob(url: string, name: string, blob: Blob): Promise<void> {
  const started = await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: 'POST' });
  const target = new URL(started.headers.get('location')!, url);
  target.searchParams.set('digest', blob.digest);
  const finished = await fetch(target, {
    method: 'PUT',
    body: blob.bytes,
    headers: { 'content-type': 'application/octet-stream' },
  });
  if (finished.status !== 201) throw new Error(`blob: ${finished.status} ${await finished.text()}`);
}

export async function putManifest(
  url: string,
  name: string,
  reference: string,
  manifest: Blob,
  mediaType: string,
): Promise<Response> {
  const headers = { 'content-type': mediaType };
  return fetch(`${url}/v2/${name}/manifests/${reference}`, { method: 'PUT', body: manifest.bytes, headers });
}

/** Pushes a small image whose one layer is `content`, and gives its manifest. */
export async function pushImage(
  url: string,
  name: string,
  tag: string,
  content: string,
  mediaType = OCI_MANIFEST,
): Promise<Blob> {
  const layer = blobOf(content);
  const config = blobOf(JSON.stringify({ os: 'linux', architecture: 'amd64', content }));
  await pushBlob(url, name, layer);
  await pushBlob(url, name, config);
  const manifest = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [descriptor(layer, 'application/vnd.oci.image.layer.v1.tar')],
    }),
  );
  const answer = await putManifest(url, name, tag, manifest, mediaType);
  if (answer.status !== 201) throw new Error(`manifest: ${answer.status} ${await answer.text()}`);
  return manifest;
}
