import type { RepositoryUrl } from '../ports/index.ts';

/** A repository and branch that a version names. */
export interface FollowedBranch {
  /** As the config calls it. */
  readonly name: string;
  readonly url: RepositoryUrl;
  readonly branch: string;
}

/** A place in a repository where the image is named. */
export type Target =
  | {
      readonly kind: 'kustomization';
      readonly into: FollowedBranch;
      /** Folder that holds kustomization.yaml, kustomization.yml or Kustomization. */
      readonly directory: string;
      /** `name:` of the images: entry. */
      readonly image: string;
      readonly also: readonly string[];
    }
  | {
      readonly kind: 'environment';
      readonly into: FollowedBranch;
      readonly file: string;
      readonly variable: string;
      readonly object?: { readonly kind?: string; readonly name?: string; readonly container?: string };
      readonly also: readonly string[];
    }
  | {
      readonly kind: 'path';
      readonly into: FollowedBranch;
      readonly file: string;
      readonly path: string;
      readonly value: 'reference' | 'tag' | 'digest' | 'name';
      readonly also: readonly string[];
    };

export interface Parent {
  readonly application: string;
  readonly buildArg?: string;
}

/** One application in one version: what is decided, built and proposed as one. */
export interface Pair {
  readonly application: string;
  readonly version: string;
  /** What its image tags begin with. */
  readonly tag: string;
  readonly image: string;
  /** Undefined when the version does not list the repository: the pair is skipped. */
  readonly source: FollowedBranch | undefined;
  /** Why the pair is skipped. */
  readonly skipped?: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly target?: string;
  readonly platforms: readonly string[];
  /** `${commit}` unexpanded. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Globs from the root of the repository, or the whole context; undefined: what the Dockerfile can reach. */
  readonly inputs?: 'context' | readonly string[];
  /** Applications of the same version whose images it builds on. */
  readonly parents: readonly Parent[];
  readonly targets: readonly Target[];
  /** Parameters of the original format that only a pipeline template reads. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
}

export interface PullRequestOptions {
  readonly strategy: 'rolling' | 'grouped' | 'per-tag';
  readonly title?: string;
  readonly body?: string;
  readonly author?: { readonly name: string; readonly email: string };
  readonly signOff: boolean;
  readonly draft: boolean;
}

/** What is wanted: every pair, parents before children, and how pull requests are made. */
export interface Desired {
  readonly pairs: readonly Pair[];
  readonly pullRequests: PullRequestOptions;
  /** Name of the file or address that it was read from, for messages. */
  readonly origin: string;
}

/** `<version>-<application>`: the name of the pair's object in the store. */
export function pairName(pair: Pick<Pair, 'application' | 'version'>): string {
  return `${pair.version}-${pair.application}`;
}
