/**
 * Parameters of a PipelineRun that builds one image and proposes it, beside the original's own
 * (`path_to_context`, `path_to_docker_file`, `path_to_manifests_dir`, `src_image_url`).
 */
export const pipelineParams = {
  application: 'application',
  version: 'version',
  /** Clone URL of the source. */
  repository: 'git-url',
  /** The commit to build, whole. */
  revision: 'git-revision',
  /** Folder that becomes the build context, '' for the root of the repository. */
  context: 'context',
  /** From the root of the repository. */
  dockerfile: 'dockerfile',
  /** Stage to build, '' for the last one. */
  target: 'target',
  /** Array of `os/arch[/variant]`, empty for the builder's own. */
  platforms: 'platforms',
  /** Array of `NAME=value`. */
  buildArgs: 'build-args',
  /** Where to push, without tag. */
  image: 'image',
  /** Array of tags to push, the key tag first. */
  tags: 'tags',
  /** The last of the tags: what manifests are moved to. */
  imageTag: 'image-tag',
  /** The whole build key. */
  key: 'build-key',
} as const;

/** Resources of the original's v1alpha1 template. */
export const pipelineResources = { source: 'app-repo', manifests: 'manifests', image: 'image' } as const;
