import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ConfigError } from '../../../runtime/config/errors.ts';
import { formatRun, parseRunTemplate, pipelineRun } from '../../../runtime/delivery/pipeline-runs.ts';
import type { BuildRequest } from '../../../runtime/ports/index.ts';
import { pairOf } from './pairs.ts';

const key = 'ab'.repeat(32);
const commit = '1234567890'.repeat(4);
const pair = pairOf('v1-1', 'kfam', { parameters: [{ name: 'container_image', value: 'gcr.io/mine' }] });
const request: BuildRequest = {
  name: 'cd-kfam-v1-1-abababab-1',
  key,
  labels: { app: 'kfam', version: 'v1-1', image_tag: 'v1.1.0-g123456789012', 'slipway.dev/owner': 'prod' },
  source: {
    repository: 'https://github.com/kubeflow/kubeflow',
    commit,
    context: 'components/kfam',
    dockerfile: 'components/kfam/Dockerfile',
  },
  platforms: ['linux/amd64'],
  buildArgs: { VERSION: '1e3' },
  image: { name: 'gcr.io/kubeflow/kfam', tags: ['k-abab', 'v1.1.0-g123456789012'] },
};

function runOf(template: string) {
  const parsed = parseRunTemplate({ name: 'run.yaml', text: template });
  const text = formatRun(pipelineRun(parsed, { pair, request, location: 'eu.gcr.io/mirror/kfam' }));
  const params = (list: { name: string; value: unknown }[]) =>
    Object.fromEntries(list.map(({ name, value }) => [name, value]));
  return { text, run: parse(text) as Run, params };
}

interface Run {
  metadata: Record<string, unknown>;
  spec: {
    params: { name: string; value: unknown }[];
    resources?: { name: string; resourceSpec: { params: { name: string; value: unknown }[] } }[];
    pipelineRef: unknown;
  };
}

describe('a run of a v1 template', () => {
  const { text, run, params } = runOf(`apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: ci-, namespace: builds, labels: {team: a, app: x}, annotations: {note: y}}
spec:
  pipelineRef: {name: ci}
  params: [{name: image, value: theirs}, {name: cache, value: "no"}, {name: container_image, value: theirs}]
`);

  it('has a name, labels and the key for its own, beside those of the template', () => {
    expect(run.metadata).toEqual({
      name: request.name,
      namespace: 'builds',
      labels: { ...request.labels, team: 'a' },
      annotations: { note: 'y', 'slipway.dev/build-key': key },
    });
    expect(run.spec.pipelineRef).toEqual({ name: 'ci' });
  });

  it("overrides the template's parameters by name", () => {
    expect(run.spec.params.map(({ name }) => name).slice(0, 3)).toEqual([
      'image',
      'cache',
      'container_image',
    ]);
    expect(params(run.spec.params)).toEqual({
      image: 'eu.gcr.io/mirror/kfam',
      cache: 'no',
      container_image: 'gcr.io/mine',
      path_to_context: 'components/kfam',
      path_to_docker_file: 'components/kfam/Dockerfile',
      path_to_manifests_dir: 'kfam/base',
      src_image_url: 'gcr.io/kubeflow/kfam',
      application: 'kfam',
      version: 'v1-1',
      'git-url': 'https://github.com/kubeflow/kubeflow',
      'git-revision': commit,
      context: 'components/kfam',
      dockerfile: 'components/kfam/Dockerfile',
      target: '',
      platforms: ['linux/amd64'],
      'build-args': ['VERSION=1e3'],
      tags: ['k-abab', 'v1.1.0-g123456789012'],
      'image-tag': 'v1.1.0-g123456789012',
      'build-key': key,
    });
  });

  it('quotes what YAML 1.1 takes for something else than text', () => {
    expect(text).toContain(`value: "${commit}"`);
    expect(text).toContain('value: "no"');
    expect(parse(text, { version: '1.1' })).toEqual(run);
  });
});

describe("a run of the original's template", () => {
  const { run, params } = runOf(`apiVersion: tekton.dev/v1alpha1
kind: PipelineRun
metadata: {generateName: ci-profile-controller-}
spec:
  pipelineRef: {name: ci-pipeline}
  params: [{name: path_to_context, value: x}]
  resources:
  - {name: app-repo, resourceSpec: {type: git, params: [{name: revision, value: "1795828"}, {name: url, value: "git@github.com:kubeflow/kubeflow.git"}]}}
  - {name: manifests, resourceSpec: {type: git, params: [{name: revision, value: master}, {name: url, value: "git@github.com:else/manifests.git"}]}}
  - {name: ci-tools, resourceSpec: {type: git, params: [{name: revision, value: mine}]}}
  - {name: image, resourceSpec: {type: image, params: [{name: url, value: x}]}}
  serviceAccountName: ci
`);

  it('pins the source to the commit, and says where manifests and image are', () => {
    const resources = run.spec.resources?.map(({ name, resourceSpec }) => [
      name,
      params(resourceSpec.params),
    ]);
    expect(resources).toEqual([
      ['app-repo', { revision: commit, url: 'git@github.com:kubeflow/kubeflow.git' }],
      ['manifests', { revision: 'master', url: 'https://github.com/kubeflow/manifests' }],
      ['ci-tools', { revision: 'mine' }],
      ['image', { url: 'eu.gcr.io/mirror/kfam:v1.1.0-g123456789012' }],
    ]);
  });

  it('has no parameters but those of the original', () => {
    expect(Object.keys(params(run.spec.params))).toEqual([
      'path_to_context',
      'container_image',
      'path_to_docker_file',
      'path_to_manifests_dir',
      'src_image_url',
    ]);
  });
});

describe('parseRunTemplate', () => {
  it('names every problem with its line', () => {
    const text = 'apiVersion: v1\nkind: Pod\nspec: {params: [{value: x}]}\n';
    expect(() => parseRunTemplate({ name: 'run.yaml', text })).toThrow(ConfigError);
    expect(() => parseRunTemplate({ name: 'run.yaml', text })).toThrow(
      /run\.yaml:1[^]*run\.yaml:2[^]*run\.yaml:3/,
    );
  });
});
