import { delivery, type DeliveryApplication, type PullRequestPolicy } from '../../api/delivery.ts';
import type { Document } from '../../config/document.ts';
import type { Problem } from '../../config/errors.ts';
import type { Path } from '../../config/words.ts';
import type { PullRequestOptions } from '../pair.ts';
import { manifestsRepository, type Draft, type DraftApplication, type DraftVersion } from './draft.ts';
import { followedBranches } from './repositories.ts';

/** Reads Slipway's own format. */
export function draftOfDelivery(
  document: Document,
  sshHosts: ReadonlySet<string> | undefined,
): { readonly draft: Draft; readonly problems: readonly Problem[] } {
  const { value, problems: found } = document.salvage(delivery, delivery.partial(), 2);
  const problems = [...found];
  const versions = entries(document, ['versions'], value?.versions).map(([name, version]): DraftVersion => {
    const path = ['versions', name];
    const written = entries(document, [...path, 'repositories'], version.repositories).map(
      ([repository, { url, branch }]) => ({
        name: repository,
        url,
        branch,
        urlPath: [...path, 'repositories', repository, 'url'],
      }),
    );
    const followed = followedBranches(written, document, sshHosts);
    problems.push(...followed.problems);
    const listed = new Set(Object.keys(version.repositories));
    return { name, tag: version.tag, repositories: followed.repositories, listed, path };
  });
  return {
    problems,
    draft: {
      document,
      versions,
      applications: entries(document, ['applications'], value?.applications).map(([name, one]) =>
        application(name, one),
      ),
      pullRequests: pullRequestOptions(value?.pullRequests),
      names: namesIn(document),
    },
  };
}

export function pullRequestOptions(policy: PullRequestPolicy = {}): PullRequestOptions {
  return {
    ...policy,
    strategy: policy.strategy ?? 'rolling',
    signOff: policy.signOff ?? false,
    draft: policy.draft ?? false,
  };
}

function application(name: string, written: DeliveryApplication): DraftApplication {
  const path = ['applications', name];
  return {
    name,
    whole: true,
    source: written.source,
    image: written.image,
    context: written.context,
    dockerfile: written.dockerfile ?? dockerfileIn(written.context),
    ...(written.target !== undefined && { target: written.target }),
    platforms: written.platforms ?? [],
    buildArgs: written.buildArgs ?? {},
    ...(written.inputs !== undefined && { inputs: written.inputs }),
    parents: written.parents ?? [],
    parameters: [],
    targets: written.targets.map((target, index) => ({
      repository: target.repository ?? manifestsRepository,
      target,
      path: [...path, 'targets', index],
      repositoryPath: [...path, 'targets', index, ...(target.repository === undefined ? [] : ['repository'])],
    })),
    ...(written.versions !== undefined && { versions: written.versions }),
    path,
    sourcePath: [...path, 'source'],
    imagePath: [...path, 'image'],
  };
}

/** Where a Dockerfile is unless it is said. */
export function dockerfileIn(context: string): string {
  return context === '' ? 'Dockerfile' : `${context}/Dockerfile`;
}

function namesIn(document: Document): Draft['names'] {
  const versions = document.fieldsAt(['versions']);
  const repositories = versions.flatMap((one) => document.fieldsAt(['versions', one, 'repositories']));
  return {
    versions: new Set(versions),
    applications: new Set(document.fieldsAt(['applications'])),
    repositories: new Set(repositories),
  };
}

/** The entries of a mapping in the order of the file. */
function entries<T>(document: Document, path: Path, value: Readonly<Record<string, T>> = {}): [string, T][] {
  return document.fieldsAt(path).flatMap((name): [string, T][] => {
    const entry = Object.hasOwn(value, name) ? value[name] : undefined;
    return entry === undefined ? [] : [[name, entry]];
  });
}
