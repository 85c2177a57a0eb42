import { buildctlSteps } from './buildctl.ts';
import { commandSteps } from './command.ts';
import { containersSteps } from './containers.ts';
import { dockerSteps } from './docker.ts';
import type { Job, Step } from './step.ts';

/** What is run, in order, to build and push. */
export function stepsOf(job: Job): readonly Step[] {
  const { tool } = job.record;
  switch (tool.name) {
    case 'docker':
      return dockerSteps(job);
    case 'podman':
    case 'buildah':
      return containersSteps(tool.name, tool, job);
    case 'buildctl':
      return buildctlSteps(job);
    case 'command':
      return commandSteps(tool.argv, job);
  }
}
