import { join } from 'node:path';
import { commonFlags, references, registryHost } from './step.ts';
import type { Job, Step } from './step.ts';

/**
 * podman's and buildah's steps; they share storage, flags and `registries.conf` (which says what is insecure).
 * Intermediate layers are not kept, so that a machine that builds for months does not fill up.
 */
export function containersSteps(
  tool: 'podman' | 'buildah',
  flags: { readonly options: readonly string[]; readonly buildOptions: readonly string[] },
  job: Job,
): readonly Step[] {
  const local = `localhost/slipway-build:${job.record.request.name}`;
  const isIndex = job.record.request.platforms.length > 1;
  const command = [tool, ...flags.options];
  return [
    {
      phase: 'build',
      argv: [
        ...command,
        'build',
        ...flags.buildOptions,
        ...commonFlags(job),
        '--layers=false',
        isIndex ? '--manifest' : '--tag',
        local,
        job.context,
      ],
    },
    ...references(job).map((name, index): Step => {
      const path = join(job.work, `digest-${index}`);
      const push = isIndex ? ['manifest', 'push', '--all'] : ['push'];
      return {
        phase: 'push',
        argv: [...command, ...push, '--digestfile', path, local, `docker://${name}`],
        digest: { from: 'digest-file', path },
      };
    }),
    { phase: 'clean-up', argv: [...command, ...removal(tool, isIndex), local] },
  ];
}

function removal(tool: 'podman' | 'buildah', isIndex: boolean): readonly string[] {
  return isIndex && tool === 'podman' ? ['manifest', 'rm'] : ['rmi'];
}

/**
 * The machine's own `registries.conf`, in which short names mean what they mean in Docker unless it says otherwise, and
 * our registry may speak plain HTTP where the settings say so. Only this one host: base images stay verified.
 */
export function registriesConf(
  own: string,
  location: { readonly reference: string; readonly insecure: boolean },
): string {
  const search = /^\s*unqualified-search-registries\s*=/m.test(own)
    ? ''
    : 'unqualified-search-registries = ["docker.io"]\n';
  const host = JSON.stringify(registryHost(location.reference));
  const insecure = location.insecure ? `\n[[registry]]\nlocation = ${host}\ninsecure = true\n` : '';
  return `${search}${own}\n${insecure}`;
}
