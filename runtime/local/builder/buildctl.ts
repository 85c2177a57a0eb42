import { basename, dirname, join } from 'node:path';
import { imageLabels, references } from './step.ts';
import type { Job, Step } from './step.ts';

/** buildctl's one step: BuildKit builds and pushes every tag, one after the other. */
export function buildctlSteps(job: Job): readonly Step[] {
  const { target, platforms, buildArgs } = job.record.request;
  const path = join(job.work, 'metadata.json');
  const options = [
    `filename=${basename(job.dockerfile)}`,
    ...(target === undefined ? [] : [`target=${target}`]),
    ...(platforms.length === 0 ? [] : [`platform=${platforms.join(',')}`]),
    ...Object.entries(buildArgs).map(([key, value]) => `build-arg:${key}=${value}`),
    ...imageLabels(job).map(([key, value]) => `label:${key}=${value}`),
  ];
  const insecure = job.record.location.insecure ? ',registry.insecure=true' : '';
  return [
    {
      phase: 'build',
      argv: [
        'buildctl',
        'build',
        '--progress',
        'plain',
        '--frontend',
        'dockerfile.v0',
        '--local',
        `context=${job.context}`,
        '--local',
        `dockerfile=${dirname(job.dockerfile)}`,
        ...options.flatMap((option) => ['--opt', option]),
        '--metadata-file',
        path,
        '--output',
        `type=image,"name=${references(job).join(',')}",push=true${insecure}`,
      ],
      digest: { from: 'metadata-file', path },
    },
  ];
}
