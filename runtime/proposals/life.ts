/** What the forge and git show of one proposal. */
export interface ProposalFacts {
  /** Head commit of our branch; undefined when there is no branch. */
  readonly branch?: {
    readonly head: string;
    /** From the trailer of the head commit; undefined when a person committed on top. */
    readonly change?: string;
    /** Files that it changes differ on the base branch since: it must be made again. */
    readonly stale: boolean;
    /** The base branch has what a person committed: nothing of theirs is lost by a push. @default false */
    readonly served?: boolean;
  };
  /** The open pull request of our account from our branch. */
  readonly open?: {
    readonly number: number;
    /** Its marker names the wanted change, and its body does not say that we closed it. */
    readonly current: boolean;
  };
  /** The newest one that is not open. */
  readonly last?: {
    readonly number: number;
    readonly change?: string;
    /** `dismissed`: closed by us or by a bot, which is no person's word. `refused`: by bots, again and again. */
    readonly outcome: 'merged' | 'rejected' | 'dismissed' | 'refused';
  };
}

/** What is due for a wanted change. `rejected` and `hand-edited` are left alone. */
export type ProposalStep = 'push' | 'open' | 'describe' | 'none' | 'hand-edited' | 'rejected';

/** Pure: one proposal's next step. Each step is seen to be done by observing, never by remembering. */
export function nextStep(wanted: { readonly change: string }, facts: ProposalFacts): ProposalStep {
  const { branch, open, last } = facts;
  if (!open && last?.change === wanted.change && last.outcome !== 'dismissed') return 'rejected';
  if (branch && branch.change === undefined && (open || !branch.served)) return 'hand-edited';
  if (branch?.change !== wanted.change || branch.stale) return 'push';
  if (!open) return 'open';
  return open.current ? 'none' : 'describe';
}
