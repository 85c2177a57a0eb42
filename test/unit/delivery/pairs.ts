import type { Desired, FollowedBranch, Pair } from '../../../runtime/delivery/pair.ts';

export function branchOf(name: string, branch = 'master'): FollowedBranch {
  return { name, url: `https://github.com/kubeflow/${name}`, branch };
}

/** A pair of kubeflow with one kustomization. */
export function pairOf(version: string, application: string, fields: Partial<Pair> = {}): Pair {
  return {
    application,
    version,
    tag: `v${version}`,
    image: `gcr.io/kubeflow/${application}`,
    source: branchOf('kubeflow'),
    context: `components/${application}`,
    dockerfile: `components/${application}/Dockerfile`,
    platforms: [],
    buildArgs: {},
    parents: [],
    targets: [
      {
        kind: 'kustomization',
        into: branchOf('manifests'),
        directory: `${application}/base`,
        image: `gcr.io/kubeflow/${application}`,
        also: [],
      },
    ],
    parameters: [],
    ...fields,
  };
}

export function desiredOf(
  pairs: readonly Pair[],
  strategy: Desired['pullRequests']['strategy'] = 'rolling',
): Desired {
  return { pairs, pullRequests: { strategy, signOff: false, draft: false }, origin: 'delivery.yaml' };
}
