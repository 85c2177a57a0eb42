/** One thing to do. Plain JSON; systems add their own data and preconditions. */
export interface Action {
  /** Idempotency: equal keys mean the same effect, done at most once. */
  readonly key: string;
  readonly kind: string;
  /** One sentence for a person. */
  readonly why: string;
}

/** One thing looked after, and how it stands. */
export interface Item {
  readonly state: string;
  readonly reason: string;
}

/** What the next round does, exactly as `apply` would do it. Plain JSON, equal for equal input. */
export interface Plan<I extends Item = Item, A extends Action = Action> {
  readonly system: string;
  /** RFC 3339. */
  readonly at: string;
  readonly items: readonly I[];
  readonly actions: readonly A[];
  /** What is left to a person, in sentences. @default nothing */
  readonly notes?: readonly string[];
}
