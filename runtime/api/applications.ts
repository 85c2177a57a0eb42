import { z } from 'zod';
import { branch, name, tagPrefix } from './names.ts';

const param = z.strictObject({ name: z.string().min(1), value: z.string() });

/** Tekton's old git resource, as the original's versions spell it. */
const gitResource = z.strictObject({ type: z.literal('git'), params: z.array(param) });

/** The original `applications.yaml` of kubeflow/testing apps-cd, unchanged. */
export const applications = z.strictObject({
  applications: z.array(
    z.strictObject({
      name,
      params: z.array(param),
      sourceRepo: name,
    }),
  ),
  versions: z.array(
    z.strictObject({
      name,
      tag: tagPrefix,
      repos: z.array(z.strictObject({ name, resourceSpec: gitResource })),
    }),
  ),
});

export type Applications = z.output<typeof applications>;

/** The parameters of an application that Slipway reads; others belong to the pipeline's template and are kept. */
export const applicationParams = {
  context: 'path_to_context',
  dockerfile: 'path_to_docker_file',
  manifests: 'path_to_manifests_dir',
  image: 'src_image_url',
} as const;

export const revision = branch;
