import type { DeliveryTarget } from '../../api/delivery.ts';
import type { Document } from '../../config/document.ts';
import type { Path } from '../../config/words.ts';
import type { FollowedBranch, Pair, PullRequestOptions } from '../pair.ts';

/** A version of either format. */
export interface DraftVersion {
  readonly name: string;
  readonly tag: string;
  /** By name; those with a problem are left out. */
  readonly repositories: ReadonlyMap<string, FollowedBranch>;
  /** Names of all that it lists. */
  readonly listed: ReadonlySet<string>;
  readonly path: Path;
}

export interface DraftTarget {
  readonly repository: string;
  readonly target: DeliveryTarget;
  readonly path: Path;
  /** Where the repository is named, if it is. */
  readonly repositoryPath: Path;
}

/** An application of either format, before it is placed in versions. */
export interface DraftApplication extends Pick<
  Pair,
  | 'image'
  | 'context'
  | 'dockerfile'
  | 'target'
  | 'platforms'
  | 'buildArgs'
  | 'inputs'
  | 'parents'
  | 'parameters'
> {
  readonly name: string;
  /** False when a problem left something out: only its names mean anything then. */
  readonly whole: boolean;
  readonly source: string;
  readonly targets: readonly DraftTarget[];
  /** @default each version; those that do not list its source skip it */
  readonly versions?: readonly string[];
  readonly path: Path;
  readonly sourcePath: Path;
  readonly imagePath: Path;
}

/** What either format says, entries with problems left out. */
export interface Draft {
  readonly document: Document;
  readonly versions: readonly DraftVersion[];
  readonly applications: readonly DraftApplication[];
  readonly pullRequests: PullRequestOptions;
  /** Every name in the file, also of entries that were left out: to mention those is no mistake. */
  readonly names: {
    readonly versions: ReadonlySet<string>;
    readonly applications: ReadonlySet<string>;
    readonly repositories: ReadonlySet<string>;
  };
}

/** The repository that holds manifests, unless a target says otherwise. */
export const manifestsRepository = 'manifests';
