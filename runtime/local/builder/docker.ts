import { join } from 'node:path';
import { commonFlags, references } from './step.ts';
import type { Job, Step } from './step.ts';

/**
 * docker's steps. Which registries are insecure is the engine's own setting (it takes loopback as insecure by itself).
 * One platform needs no buildx; several become one index by buildx, whose later tags are copies of the first.
 */
export function dockerSteps(job: Job): readonly Step[] {
  return job.record.request.platforms.length > 1 ? indexSteps(job) : imageSteps(job);
}

function imageSteps(job: Job): readonly Step[] {
  const names = references(job);
  const { reference: repository } = job.record.location;
  return [
    {
      phase: 'build',
      argv: [
        'docker',
        'build',
        ...commonFlags(job),
        ...names.flatMap((name) => ['--tag', name]),
        job.context,
      ],
    },
    ...names.map((name): Step => ({ phase: 'push', argv: ['docker', 'push', name] })),
    ...names.slice(0, 1).map((name): Step => ({
      phase: 'push',
      argv: ['docker', 'image', 'inspect', '--format', '{{range .RepoDigests}}{{println .}}{{end}}', name],
      digest: { from: 'repository-digests', repository },
    })),
    { phase: 'clean-up', argv: ['docker', 'image', 'rm', ...names] },
  ];
}

function indexSteps(job: Job): readonly Step[] {
  const [first, ...others] = references(job);
  if (first === undefined) return [];
  const path = join(job.work, 'metadata.json');
  const { location } = job.record;
  const insecure = location.insecure ? ',registry.insecure=true' : '';
  return [
    {
      phase: 'build',
      argv: [
        'docker',
        'buildx',
        'build',
        ...commonFlags(job),
        '--metadata-file',
        path,
        '--output',
        `type=image,name=${first},push=true${insecure}`,
        job.context,
      ],
      digest: { from: 'metadata-file', path },
    },
    ...others.map((name): Step => ({
      phase: 'push',
      argv: ['docker', 'buildx', 'imagetools', 'create', '--tag', name, first],
    })),
  ];
}
