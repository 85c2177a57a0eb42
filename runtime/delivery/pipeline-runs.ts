import { stringify } from 'yaml';
import { z } from 'zod';
import { applicationParams, repositoryParams } from '../api/applications.ts';
import { annotations, labels } from '../api/labels.ts';
import { pipelineParams, pipelineResources } from '../api/pipeline-params.ts';
import { parseDocument, type Source } from '../config/document.ts';
import type { BuildRequest } from '../ports/index.ts';
import { labelValue } from '../source/run-name.ts';
import { canonicalRepository } from '../source/repository.ts';
import type { FollowedBranch, Pair } from './pair.ts';

const param = z.looseObject({ name: z.string(), value: z.unknown() });
const resource = z.looseObject({
  name: z.string(),
  resourceSpec: z.looseObject({ type: z.string(), params: z.array(param).optional() }).optional(),
});
const texts = z.record(z.string(), z.string());

const template = z.looseObject({
  apiVersion: z.string().regex(/^tekton\.dev\/v1(alpha1|beta1)?$/, 'must be a version of tekton.dev'),
  kind: z.literal('PipelineRun'),
  metadata: z.looseObject({ labels: texts.optional(), annotations: texts.optional() }).optional(),
  spec: z.looseObject({ params: z.array(param).optional(), resources: z.array(resource).optional() }),
});

type Param = z.output<typeof param>;
type Resource = z.output<typeof resource>;

/** A PipelineRun that every run is made from. */
export type PipelineRunTemplate = z.output<typeof template>;

/** Throws `ConfigError` with every problem. */
export function parseRunTemplate(source: Source): PipelineRunTemplate {
  return parseDocument(source, template).value;
}

/** What one run is for. */
export interface PipelineRunSubject {
  readonly pair: Pair;
  readonly request: BuildRequest;
  /** Where the image is pushed, without tag. */
  readonly location: string;
}

/**
 * The template made into the run of one pair: name, labels, the build key and parameters by name. One with resources is
 * the original's: it gets these and the original's parameters alone. Everything else stays as the template has it.
 */
export function pipelineRun(from: PipelineRunTemplate, subject: PipelineRunSubject): PipelineRunTemplate {
  const { request } = subject;
  const metadata = { ...from.metadata };
  delete metadata['generateName'];
  const resources = from.spec.resources && withResources(from.spec.resources, subject);
  return {
    ...from,
    metadata: {
      ...metadata,
      name: request.name,
      labels: { ...metadata.labels, ...labelsOf(request) },
      annotations: { ...metadata.annotations, [annotations.key]: request.key },
    },
    spec: {
      ...from.spec,
      params: byName(from.spec.params ?? [], [
        ...originalParams(subject),
        ...(resources ? [] : ownParams(subject)),
      ]),
      ...(resources && { resources }),
    },
  };
}

/** Quotes what YAML 1.1 would take for a number or a boolean: commits and tags may look like either. */
export function formatRun(run: PipelineRunTemplate): string {
  return stringify(run, { schema: 'yaml-1.1', aliasDuplicateObjects: false });
}

function labelsOf({ labels: wanted }: BuildRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, labelValue(value)]));
}

function originalParams({ pair, request: { source, image } }: PipelineRunSubject): Param[] {
  const [kustomization] = pair.targets.flatMap((target) =>
    target.kind === 'kustomization' ? [target.directory] : [],
  );
  const values = {
    [applicationParams.context]: source.context,
    [applicationParams.dockerfile]: source.dockerfile,
    ...(kustomization !== undefined && { [applicationParams.manifests]: kustomization }),
    [applicationParams.image]: image.name,
  };
  return [...pair.parameters, ...asParams(values)];
}

function ownParams({ pair, request, location }: PipelineRunSubject): Param[] {
  const { source, image } = request;
  return asParams({
    [pipelineParams.application]: pair.application,
    [pipelineParams.version]: pair.version,
    [pipelineParams.repository]: source.repository,
    [pipelineParams.revision]: source.commit,
    [pipelineParams.context]: source.context,
    [pipelineParams.dockerfile]: source.dockerfile,
    [pipelineParams.target]: request.target ?? '',
    [pipelineParams.platforms]: request.platforms,
    [pipelineParams.buildArgs]: Object.entries(request.buildArgs).map(([name, value]) => `${name}=${value}`),
    [pipelineParams.image]: location,
    [pipelineParams.tags]: image.tags,
    [pipelineParams.imageTag]: request.labels[labels.imageTag],
    [pipelineParams.key]: request.key,
  });
}

function asParams(values: Readonly<Record<string, unknown>>): Param[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function withResources(resources: readonly Resource[], subject: PipelineRunSubject): Resource[] {
  const { pair, request, location } = subject;
  const source = pair.source && { ...pair.source, branch: request.source.commit };
  const into = pair.targets.find((target) => target.into.name === pipelineResources.manifests)?.into;
  const tag = request.labels[labels.imageTag] ?? '';
  return byName(resources, [
    ...(source ? [gitResource(pipelineResources.source, source, resources)] : []),
    ...(into ? [gitResource(pipelineResources.manifests, into, resources)] : []),
    imageResource(`${location}:${tag}`, resources),
  ]);
}

function imageResource(url: string, from: readonly Resource[]): Resource {
  const name = pipelineResources.image;
  const { resourceSpec } = from.find((one) => one.name === name) ?? {};
  const params = byName(resourceSpec?.params ?? [], [{ name: 'url', value: url }]);
  return { name, resourceSpec: { type: 'image', params } };
}

/** The template's spelling of the same repository stays: it may be the one that its credentials are for. */
function gitResource(name: string, { url, branch }: FollowedBranch, from: readonly Resource[]): Resource {
  const written = from
    .find((one) => one.name === name)
    ?.resourceSpec?.params?.find((one) => one.name === repositoryParams.url)?.value;
  const params = [
    { name: repositoryParams.revision, value: branch },
    { name: repositoryParams.url, value: names(written, url) ? written : url },
  ];
  return { name, resourceSpec: { type: 'git', params } };
}

function names(written: unknown, url: string): boolean {
  try {
    return typeof written === 'string' && canonicalRepository(written) === url;
  } catch {
    return false; // The template may hold a text that other tools fill in.
  }
}

/** The later of two with one name counts, in the place of the first. */
function byName<T extends { readonly name: string }>(first: readonly T[], second: readonly T[]): T[] {
  return [...new Map([...first, ...second].map((one) => [one.name, one])).values()];
}
