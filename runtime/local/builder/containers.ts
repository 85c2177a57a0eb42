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
  // buildah 1.28's `manifest push` does not read this from registries.conf, and ends well without having pushed.
  const insecure = job.record.location.insecure ? ['--tls-verify=false'] : [];
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
      const push = isIndex ? ['manifest', 'push', '--all', ...insecure] : ['push', ...insecure];
      return {
        phase: 'push',
        argv: [...command, ...push, '--digestfile', path, local, `docker://${name}`],
        digest: { from: 'digest-file', path },
      };
    }),
    ...cleanUp(command, local, isIndex),
  ];
}

/** The images of an index have no names of their own, and stay when it goes. */
function cleanUp(command: readonly string[], local: string, isIndex: boolean): readonly Step[] {
  if (!isIndex) return [{ phase: 'clean-up', argv: [...command, 'rmi', local] }];
  return [
    { phase: 'clean-up', argv: [...command, 'manifest', 'rm', local] },
    { phase: 'clean-up', argv: [...command, 'rmi'], appendsBuiltImages: true },
  ];
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
