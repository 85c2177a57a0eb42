import type { RememberedPullRequest } from '../api/application-version.ts';
import { pullRequestKey } from './observe-pull-requests.ts';
import type { Ending } from './observed.ts';

/** So often a change is proposed to a bot that closes it. */
export const mostDismissals = 2;

/** How it stands when it ended since; each closing by a bot counts. */
export function withEnding(
  one: RememberedPullRequest,
  ended: ReadonlyMap<string, Ending>,
): RememberedPullRequest {
  const ending = ended.get(pullRequestKey(one.repository, one.number));
  if (!ending || ending.state === one.state) return one;
  if (ending.state !== 'closed') return { ...one, ...ending };
  return { ...one, ...ending, dismissals: (one.dismissals ?? 0) + 1 };
}

/** An open one, with what is known of those before it that carried the same change. */
export function withDismissals(
  one: RememberedPullRequest,
  before: readonly RememberedPullRequest[],
): RememberedPullRequest {
  const same = before.find(
    ({ repository, base, change }) =>
      repository === one.repository && base === one.base && change === one.change,
  );
  return same?.dismissals === undefined ? one : { ...one, dismissals: same.dismissals };
}
