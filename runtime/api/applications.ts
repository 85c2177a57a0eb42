import { z } from 'zod';
import { name, tagPrefix } from './names.ts';

const param = z.strictObject({ name: z.string().min(1), value: z.string() });

/** Tekton's old git resource, as the original's versions spell it. */
const gitResource = z.strictObject({ type: z.literal('git'), params: z.array(param) });

export const application = z.strictObject({
  name,
  params: z.array(param),
  sourceRepo: name.describe('Name of the repository, as the versions list it'),
});

export const applicationsVersion = z.strictObject({
  name,
  tag: tagPrefix,
  repos: z.array(z.strictObject({ name, resourceSpec: gitResource })),
});

/** The original `applications.yaml` of kubeflow/testing apps-cd, unchanged. */
export const applications = z.strictObject({
  applications: z.array(application),
  versions: z.array(applicationsVersion),
});

/** The parameters of an application that Slipway reads; others belong to the pipeline's template and are kept. */
export const applicationParams = {
  context: 'path_to_context',
  dockerfile: 'path_to_docker_file',
  manifests: 'path_to_manifests_dir',
  image: 'src_image_url',
} as const;

/** The parameters of a version's repository. */
export const repositoryParams = { revision: 'revision', url: 'url' } as const;
