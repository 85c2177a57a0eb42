import type { Action, Plan } from '../control/plan.ts';
import type { PairState } from '../api/application-version.ts';
import type { BuildRequest, Digest, ForgeRepository, Oid, RepositoryUrl } from '../ports/index.ts';
import type { ImageReference } from './observed.ts';
import type { Target } from './pair.ts';

export interface BuildAction extends Action {
  readonly kind: 'build';
  /** Names of the pairs that share it; the first one keeps its memory. */
  readonly pairs: readonly string[];
  readonly attempt: number;
  readonly request: BuildRequest;
}

export interface RetagAction extends Action {
  readonly kind: 'retag';
  readonly image: string;
  readonly digest: Digest;
  readonly tag: string;
}

/** Where one image goes. */
export interface Edit {
  readonly target: Target;
  readonly file: string;
  readonly from: ImageReference;
  readonly to: Required<ImageReference>;
}

/** A branch as it is to be: one commit on the base branch. */
export interface PushedBranch {
  readonly branch: string;
  /** What the remote must still hold; `null`: nothing. */
  readonly expected: Oid | null;
  readonly parent: Oid;
  readonly change: string;
  readonly edits: readonly Edit[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** Milliseconds since 1970: that of the newest source commit, so that equal changes are equal commits. */
  readonly at: number;
}

/** One push for all branches of a repository. */
export interface PushAction extends Action {
  readonly kind: 'push';
  /** In whose mirror the commits are made. */
  readonly repository: RepositoryUrl;
  readonly target: RepositoryUrl;
  readonly branches: readonly PushedBranch[];
  /** Branches of ours that have served: what they must still hold. */
  readonly deletions: readonly { readonly branch: string; readonly expected: Oid }[];
}

export interface OpenPullRequestAction extends Action {
  readonly kind: 'open-pull-request';
  readonly repository: ForgeRepository;
  readonly head: { readonly owner: string; readonly branch: string };
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
}

export interface DescribePullRequestAction extends Action {
  readonly kind: 'describe-pull-request';
  readonly repository: ForgeRepository;
  readonly number: number;
  readonly title: string;
  readonly body: string;
}

export interface ClosePullRequestAction extends Action {
  readonly kind: 'close-pull-request';
  readonly repository: ForgeRepository;
  readonly number: number;
  readonly body: string;
}

/** Forgets an ended build. */
export interface PruneBuildAction extends Action {
  readonly kind: 'prune-build';
  readonly name: string;
}

export type DeliveryAction =
  | BuildAction
  | RetagAction
  | PushAction
  | OpenPullRequestAction
  | DescribePullRequestAction
  | ClosePullRequestAction
  | PruneBuildAction;

export interface DeliveryItem {
  readonly application: string;
  readonly version: string;
  readonly state: PairState;
  readonly reason: string;
  /** Something could not be read; the next pass asks again. */
  readonly unreadable?: boolean;
  readonly source?: {
    readonly repository: RepositoryUrl;
    readonly branch: string;
    readonly head?: Oid;
    /** Last commit that changed the inputs. */
    readonly commit?: Oid;
  };
  readonly inputs?: { readonly hash: string; readonly paths: readonly string[]; readonly note?: string };
  readonly key?: string;
  readonly image: { readonly name: string; readonly tag?: string; readonly digest?: Digest };
  readonly targets: readonly {
    readonly repository: RepositoryUrl;
    readonly branch: string;
    readonly file: string;
    readonly current: string;
    readonly relation: string;
    readonly upToDate: boolean;
  }[];
  /** Our build under way. */
  readonly build?: string;
  readonly pullRequests: readonly { readonly number: number; readonly url: string }[];
}

export type DeliveryPlan = Plan<DeliveryItem, DeliveryAction>;
