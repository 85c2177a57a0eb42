/** What the forge and git show of one proposal. */
export interface ProposalFacts {
  /** Head commit of our branch; undefined when there is no branch. */
  readonly branch?: {
    readonly head: string;
    /** From the trailer of the head commit; undefined when a person committed on top. */
    readonly change?: string;
    /** Files that it changes differ on the base branch since: it must be made again. */
    readonly stale: boolean;
  };
  /** The open pull request of our account from our branch. */
  readonly open?: {
    readonly number: number;
    /** Title and body are as they should be for the wanted change. */
    readonly current: boolean;
  };
  /** The newest one that is not open. */
  readonly last?: {
    readonly number: number;
    readonly change?: string;
    /** `dismissed`: closed by us or by a bot, which is no person's word. */
    readonly outcome: 'merged' | 'rejected' | 'dismissed';
  };
}

/** What is due for a wanted change. `rejected` and `hand-edited` are left alone. */
export type ProposalStep = 'push' | 'open' | 'describe' | 'none' | 'hand-edited' | 'rejected';

/** Pure: one proposal's next step. Each step is seen to be done by observing, never by remembering. */
export function nextStep(wanted: { readonly change: string }, facts: ProposalFacts): ProposalStep {
  const { branch, open, last } = facts;
  const served = !open && last?.outcome === 'merged';
  if (branch && branch.change === undefined && !served) return 'hand-edited';
  if (!open && last?.change === wanted.change && last.outcome !== 'dismissed') return 'rejected';
  if (branch?.change !== wanted.change || branch.stale) return 'push';
  if (!open) return 'open';
  return open.current ? 'none' : 'describe';
}
