import type {
  ApplicationVersionSpec,
  ApplicationVersionStatus,
  RememberedPullRequest,
} from '../api/application-version.ts';
import type {
  Build,
  Digest,
  ForgeRepository,
  Oid,
  RepositoryUrl,
  StoredObject,
  TreeEntry,
} from '../ports/index.ts';
import type { ProposalFacts } from '../proposals/life.ts';
import type { Marker } from '../proposals/marker.ts';
import type { Pair, Target } from './pair.ts';

export type StoredPair = StoredObject<ApplicationVersionSpec, ApplicationVersionStatus>;

/** Something that could not be read or is not there. `retryable`: the next pass may find it. */
export interface Problem {
  readonly reason: string;
  readonly retryable: boolean;
  /** The outside did not let it be read: this says nothing of the content. @default false */
  readonly unreadable?: boolean;
}

/** The inputs of an image at one commit. */
export interface Inputs {
  readonly entries: readonly TreeEntry[];
  /** sha256 of mode, oid and path of every entry. */
  readonly hash: string;
  /** Pathspecs that select the same files. */
  readonly paths: readonly string[];
  /** Why it is the whole context, when it is. */
  readonly note?: string;
}

export interface SourceFacts {
  readonly head: Oid;
  /** Last commit that changed the inputs. */
  readonly commit: Oid;
  /** First line of its message. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly committedAt: number;
  readonly inputs: Inputs;
}

/** How what is deployed stands to what the source holds now. */
export type Relation =
  /** The same content. */
  | 'same'
  /** Deployed from an ancestor of the source commit. */
  | 'behind'
  /** Deployed from a descendant of the source commit: the new one is older. */
  | 'ahead'
  /** Histories that have parted. */
  | 'diverged'
  /** Names a commit that the source does not have. */
  | 'unresolved'
  /** Names no commit. */
  | 'unversioned';

export interface ImageReference {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

export interface TargetFacts {
  readonly target: Target;
  /** The file that is edited, from the root of its repository. */
  readonly file: string;
  readonly current: ImageReference;
  readonly relation: Relation;
  readonly deployedCommit?: Oid;
}

export interface ImageFacts {
  readonly name: string;
  readonly keyTag: string;
  /** What the key tag names; undefined: not built. */
  readonly digest?: Digest;
  readonly releaseTag: string;
  /** The release tag names `digest` already. */
  readonly released: boolean;
}

export interface PairFacts {
  readonly pair: Pair;
  readonly stored?: StoredPair;
  readonly problem?: Problem;
  readonly source?: SourceFacts;
  readonly targets: readonly TargetFacts[];
  /** Undefined while a parent has no image. */
  readonly key?: string;
  readonly parents: readonly {
    readonly application: string;
    readonly buildArg?: string;
    /** NAME@DIGEST: its part of the key. */
    readonly reference?: string;
    /** The same image where the registry really keeps it: what builders read. */
    readonly pull?: string;
  }[];
  readonly image?: ImageFacts;
}

/** A branch and pull request that carry one or several pairs into one repository. */
export interface Unit {
  /** `<repository> <base> <branch>`. */
  readonly id: string;
  readonly repository: RepositoryUrl;
  readonly forge: ForgeRepository;
  readonly base: string;
  readonly baseHead: Oid;
  readonly head: { readonly repository: RepositoryUrl; readonly owner: string; readonly branch: string };
  /** Names of its pairs, in the order of the config. */
  readonly members: readonly string[];
  readonly change: string;
}

export interface UnitFacts {
  readonly unit: Unit;
  readonly facts: ProposalFacts;
  readonly pullRequest?: OwnPullRequest;
  /** The newest one that is not open any more, to be kept in mind. */
  readonly remembered?: RememberedPullRequest;
  readonly problem?: Problem;
}

/** An open pull request of our account, from our head repository, with our marker. */
export interface OwnPullRequest {
  readonly repository: RepositoryUrl;
  readonly forge: ForgeRepository;
  readonly base: string;
  readonly branch: string;
  readonly number: number;
  readonly url: string;
  readonly title: string;
  readonly body: string;
  readonly marker: Marker;
}

/** A branch of ours on a head repository. */
export interface OwnBranch {
  readonly repository: RepositoryUrl;
  readonly branch: string;
  readonly head: Oid;
  /** What its head commit carries; undefined where a person has committed. */
  readonly change?: string;
  /** Which installation made its head commit. */
  readonly installation?: string;
  /** Ours, when a person has made the head commit by merging something into it. */
  readonly merged?: { readonly commit: Oid; readonly other: Oid; readonly change: string };
}

/** How and when a pull request ended (RFC 3339). */
export type Ending = Pick<RememberedPullRequest, 'state' | 'at' | 'head'>;

export interface Observed {
  /** By pair name, in the order of the config: parents before children. */
  readonly pairs: ReadonlyMap<string, PairFacts>;
  readonly units: readonly UnitFacts[];
  /** All that are open, wanted or not. */
  readonly pullRequests: readonly OwnPullRequest[];
  readonly branches: readonly OwnBranch[];
  /** Branches that others have pull requests open from. @default none */
  readonly taken?: ReadonlySet<string>;
  /** What became of remembered pull requests that are no longer open, by `<host/owner/name>#<number>`. */
  readonly ended: ReadonlyMap<string, Ending>;
  /** Names of pairs whose stored object cannot be read, and must not be written over. @default none */
  readonly unreadable?: ReadonlySet<string>;
  /** `NAME@DIGEST` of images that are remembered and that the registry does not hold. @default none */
  readonly lost?: ReadonlySet<string>;
  readonly builds: readonly Build[];
  /** How many builds may start now. */
  readonly capacity: number;
  /** Why there is no builder, when there is none. */
  readonly builderProblem?: string;
  /** What the last try of an action ran into, by the key of the action. */
  readonly failures?: ReadonlyMap<string, string>;
}
