import type { Observed } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import type { Desired } from './pair.ts';

/** What the planning of pull requests goes by. */
export interface ProposalWorld {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly options: DeliveryOptions;
  readonly now: number;
  /** Pairs whose image is being built or tagged, or will be in this pass. */
  readonly coming: ReadonlySet<string>;
  /** Pairs whose manifests are as they should be. */
  readonly upToDate: ReadonlySet<string>;
}
