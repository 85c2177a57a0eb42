import { z } from 'zod';
import type { Digest } from '../../ports/registry.ts';
import { OciError } from './errors.ts';
import { isDigest } from './route.ts';

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

const digest = z.string().refine(isDigest, 'must be a sha256 digest');
const descriptor = z.looseObject({
  mediaType: z.string().optional(),
  digest,
  size: z.number().int().nonnegative(),
  urls: z.array(z.string()).optional(),
});
const common = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  subject: descriptor.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
};
const image = z.object({ ...common, config: descriptor, layers: z.array(descriptor) });
const index = z.object({ ...common, manifests: z.array(descriptor) });

const schemas: Readonly<Record<string, typeof image | typeof index>> = {
  'application/vnd.docker.distribution.manifest.v2+json': image,
  'application/vnd.oci.image.manifest.v1+json': image,
  'application/vnd.docker.distribution.manifest.list.v2+json': index,
  [OCI_INDEX]: index,
};

/** What a manifest says that the registry must know. */
export interface ManifestContent {
  readonly mediaType: string;
  /** Must be in the repository; foreign layers (with `urls`) need not. */
  readonly blobs: readonly Digest[];
  /** Of an index: must be in the repository. */
  readonly manifests: readonly Digest[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/**
 * @param contentType header of the request; without one the manifest's own `mediaType` counts
 * @throws OciError MANIFEST_INVALID
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ManifestContent {
  const json = parseJson(bytes);
  const declared = z.looseObject({ mediaType: z.string().optional() }).safeParse(json).data?.mediaType;
  const mediaType = contentType?.split(';')[0]?.trim() ?? declared;
  const schema = mediaType === undefined ? undefined : schemas[mediaType];
  if (mediaType === undefined || schema === undefined) {
    throw new OciError('MANIFEST_INVALID', `media type ${mediaType ?? 'missing'} is not a manifest or index`);
  }
  if (declared !== undefined && declared !== mediaType) {
    throw new OciError('MANIFEST_INVALID', 'mediaType differs from the Content-Type of the request');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const problem = parsed.error.issues[0];
    throw new OciError('MANIFEST_INVALID', `${problem?.path.join('.') ?? ''}: ${problem?.message ?? ''}`);
  }
  const content = parsed.data;
  const isImage = 'config' in content;
  return {
    mediaType,
    blobs: isImage ? [content.config, ...content.layers.filter(isHere)].map((one) => one.digest) : [],
    manifests: isImage ? [] : content.manifests.filter(isHere).map((one) => one.digest),
    subject: content.subject?.digest,
    artifactType: content.artifactType ?? (isImage ? content.config.mediaType : undefined),
    annotations: content.annotations,
  };
}

function isHere(one: z.output<typeof descriptor>): boolean {
  return one.urls === undefined || one.urls.length === 0;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new OciError('MANIFEST_INVALID', 'the manifest is not JSON');
  }
}
