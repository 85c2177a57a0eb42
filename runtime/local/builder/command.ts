import { references } from './step.ts';
import type { Job, Step } from './step.ts';

/** The exit status by which a custom command says "try again later" (sysexits.h). */
export const EX_TEMPFAIL = 75;

/** A custom command: the request as JSON on stdin, the digest as JSON on the last line of stdout. See docs/custom-builder.md. */
export function commandSteps(argv: readonly string[], job: Job): readonly Step[] {
  const { name, key, source, target, platforms, buildArgs, image } = job.record.request;
  const request = {
    apiVersion: 'slipway.dev/v1alpha1',
    kind: 'BuildRequest',
    name,
    key,
    source: {
      repository: source.repository,
      commit: source.commit,
      context: job.context,
      dockerfile: job.dockerfile,
    },
    target,
    platforms,
    buildArgs,
    image: {
      name: image.name,
      tags: image.tags,
      push: references(job),
      insecure: job.record.location.insecure,
    },
  };
  return [{ phase: 'build', argv, stdin: `${JSON.stringify(request)}\n`, digest: { from: 'json-line' } }];
}
