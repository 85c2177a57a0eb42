import { z } from 'zod';
import { branch, identity, imageName, name, repositoryPath, tagPrefix } from './names.ts';

/** A repository and the branch of it that a version follows. */
const versionRepository = z.strictObject({
  url: z
    .string()
    .min(1)
    .describe('Clone URL: https://HOST/OWNER/NAME, ssh://…, or git@HOST:OWNER/NAME (read over https)'),
  branch: branch.describe('Branch to follow'),
});

const environmentTarget = z.strictObject({
  file: repositoryPath.describe('YAML file, or a KEY=VALUE file'),
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'is not a name of an environment variable')
    .describe('Variable to set'),
  kind: z.string().optional().describe('Kind of the object, when several in the file have such a variable'),
  resource: z.string().optional().describe('metadata.name of the object'),
  container: z.string().optional().describe('Name of the container'),
});

const pathTarget = z.strictObject({
  file: repositoryPath,
  path: z.string().min(1).describe('Where in the file: spec.template.spec.containers[name=manager].image'),
  value: z
    .enum(['reference', 'tag', 'digest', 'name'])
    .optional()
    .describe('What to write: the whole reference (NAME:TAG@DIGEST, the default), or one part of it'),
});

/** A place in a repository where the image is named. Exactly one of `kustomization`, `environment`, `path`. */
export const deliveryTarget = z
  .strictObject({
    repository: name.optional().describe('Name of a repository of the version. Default: manifests'),
    kustomization: repositoryPath
      .optional()
      .describe('Folder of the kustomization whose images: entry to set'),
    image: imageName.optional().describe('name: of the images: entry. Default: the image of the application'),
    environment: environmentTarget.optional(),
    path: pathTarget.optional(),
    also: z
      .array(repositoryPath)
      .optional()
      .describe('Globs of files in which the exact old reference is replaced too'),
  })
  .refine(
    (target) =>
      [target.kustomization, target.environment, target.path].filter((one) => one !== undefined).length === 1,
    'needs exactly one of kustomization, environment, path',
  );

const parent = z.strictObject({
  application: name.describe('Application whose image this one builds on'),
  buildArg: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a name of a build argument')
    .optional()
    .describe('Build argument that receives NAME@DIGEST of the parent, as builders reach it'),
});

const platform = z
  .string()
  .regex(/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/, 'must be os/arch or os/arch/variant, as linux/amd64');

export const deliveryApplication = z.strictObject({
  source: name.describe('Name of the repository, as the versions list it'),
  context: repositoryPath.describe("Folder that is the build context; '' is the root"),
  dockerfile: repositoryPath.optional().describe('Default: <context>/Dockerfile'),
  image: imageName,
  target: z.string().min(1).optional().describe('Stage to build. Default: the last'),
  platforms: z.array(platform).optional(),
  buildArgs: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a name of a build argument'), z.string())
    .optional()
    .describe('${commit} stands for the source commit'),
  inputs: z
    .union([z.literal('context'), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(
      'What a change is: globs from the root of the repository, or "context". Default: what the Dockerfile can reach',
    ),
  parents: z.array(parent).optional(),
  targets: z.array(deliveryTarget),
  versions: z
    .array(name)
    .optional()
    .describe('Versions it belongs to. Default: each one that lists its source repository'),
});

export const deliveryVersion = z.strictObject({
  tag: tagPrefix.describe('What its image tags begin with'),
  repositories: z.record(name, versionRepository),
});

export const pullRequestPolicy = z.strictObject({
  strategy: z
    .enum(['rolling', 'grouped', 'per-tag'])
    .optional()
    .describe('One that rolls per application and version (default), one per version, or one per image tag'),
  title: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Placeholders: {application} {version} {image} {tag} {commit} {repository}'),
  body: z.string().max(20_000).optional().describe('Put above the facts; the same placeholders'),
  author: identity.optional(),
  signOff: z.boolean().optional(),
  draft: z.boolean().optional(),
});

/** Slipway's own format of what is delivered where. */
export const delivery = z.strictObject({
  apiVersion: z.literal('slipway.dev/v1alpha1'),
  kind: z.literal('Delivery'),
  metadata: z.strictObject({ name: name.optional() }).optional(),
  versions: z.record(name, deliveryVersion),
  applications: z.record(name, deliveryApplication),
  pullRequests: pullRequestPolicy.optional(),
});

export type Delivery = z.output<typeof delivery>;
export type DeliveryApplication = z.output<typeof deliveryApplication>;
export type DeliveryTarget = z.output<typeof deliveryTarget>;
export type PullRequestPolicy = z.output<typeof pullRequestPolicy>;
