import { describe, expect, it } from '@jest/globals';
import type { RememberedPullRequest } from '../../../runtime/api/application-version.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { createGuards } from '../../../runtime/delivery/guards.ts';
import { observePullRequests, outcomeOf } from '../../../runtime/delivery/observe-pull-requests.ts';
import { observeUnits } from '../../../runtime/delivery/observe-units.ts';
import type { OwnBranch, OwnPullRequest, PairFacts } from '../../../runtime/delivery/observed.ts';
import { stepOf } from '../../../runtime/delivery/decide.ts';
import {
  PortError,
  type Commit,
  type Forge,
  type Git,
  type PullRequest,
} from '../../../runtime/ports/index.ts';
import { formatMarker, markClosed } from '../../../runtime/proposals/marker.ts';
import {
  at,
  byName,
  commits,
  desired,
  digests,
  manifests,
  markerOf,
  now,
  options,
  pair,
  pullRequest,
  readyFacts,
  stored,
  target,
  unitsIn,
} from '../../support/delivery-facts.ts';
import { fake } from '../../support/fake.ts';

const guards = createGuards(new ManualClock(now));
const { signal } = new AbortController();
const web = readyFacts();
const [unit] = unitsIn([web]);
if (!unit) throw new Error('a unit');
const us = { login: 'bot', bot: false };
const marker = markerOf(unit);

const onForge = (over: Partial<PullRequest> = {}): PullRequest => ({
  number: 1,
  url: 'https://github.com/o/manifests/pull/1',
  state: 'open',
  title: 'Update',
  body: formatMarker(marker),
  author: us,
  head: { repository: 'o/manifests', branch: unit.head.branch, commit: commits.head },
  base: 'main',
  updatedAt: now,
  ...over,
});
const remembered = (over: Partial<RememberedPullRequest> = {}): RememberedPullRequest => ({
  repository: 'github.com/o/manifests',
  base: 'main',
  number: 1,
  url: 'https://github.com/o/manifests/pull/1',
  change: unit.change,
  state: 'open',
  at: at(-60),
  ...over,
});
const remembering = (one: RememberedPullRequest, retry?: string): PairFacts => ({
  ...web,
  stored: stored(retry ? { retry } : {}, { pullRequests: [one] }),
});

function observeOpen(
  open: readonly PullRequest[],
  pairs: readonly PairFacts[] = [],
  forge: Partial<Forge> = {},
  of = web.pair,
) {
  return observePullRequests(
    desired([of]),
    new Map(pairs.flatMap((one) => (one.stored ? [['v1-web', one.stored] as const] : []))),
    {
      forge: fake<Forge>({
        account: () => Promise.resolve(us),
        openPullRequests: () => Promise.resolve(open),
        ...forge,
      }),
    },
    options,
    guards,
    signal,
  );
}

describe('our open pull requests', () => {
  it.each<[string, Partial<PullRequest>, boolean]>([
    ['of our account, repository and installation', {}, true],
    ['in other spelling', { head: { ...onForge().head, repository: 'O/Manifests' } }, true],
    ['of somebody else', { author: { login: 'ann', bot: false } }, false],
    ['from another repository', { head: { ...onForge().head, repository: 'ann/manifests' } }, false],
    ['from a deleted repository', { head: { ...onForge().head, repository: undefined } }, false],
    ['of another installation', { body: formatMarker({ ...marker, installation: 'dev' }) }, false],
    ['with a rewritten body', { body: 'Update web' }, true],
    [
      'without a marker, from another branch',
      { body: 'Update web', head: { ...onForge().head, branch: 'dev/v1/web' } },
      false,
    ],
  ])('%s', async (_, over, counts) => {
    expect((await observeOpen([onForge(over)])).open).toHaveLength(counts ? 1 : 0);
  });

  it.each<[string, Partial<PullRequest>, string]>([
    ['another account', { author: { login: 'ann', bot: false } }, 'ann'],
    [
      'another installation',
      { body: formatMarker({ ...marker, installation: 'dev' }) },
      'the installation "dev"',
    ],
    [
      'nobody knows whom',
      { body: '', head: { ...onForge().head, branch: 'update_web_v1-g1' } },
      'nobody that its body names',
    ],
  ])('tell apart what is open from our repository and belongs to %s', async (_, over, owner) => {
    const { open, foreign } = await observeOpen([onForge(over)]);
    expect(open).toEqual([]);
    expect(foreign).toEqual([
      expect.objectContaining({ base: 'main', reason: expect.stringContaining(`belongs to ${owner}`) }),
    ]);
  });

  it('whose body a person has rewritten belong to the application that has the branch', async () => {
    const release = { ...manifests, name: 'release', branch: 'release-1' };
    const both = pair({ targets: [target(), target({ into: release })] });
    const head = { ...onForge().head, branch: 'slipway/v1/web-release-1' };
    const found = await observeOpen([onForge({ body: '', head, base: 'release-1' })], [], {}, both);
    expect(found.open.map(({ marker: { applications } }) => applications)).toEqual([['web']]);
  });

  it('that cannot be listed end nothing', async () => {
    const down = () => Promise.reject(new PortError('transient', 'github.com', 'no answer'));
    const found = await observeOpen([], [remembering(remembered())], { openPullRequests: down });
    expect(found.ended.size).toBe(0);
    expect(found.problem(manifests.url)).toEqual({ reason: 'no answer', retryable: true, unreadable: true });
  });

  it('end as the forge says, when the forge says', async () => {
    const found = await observeOpen([], [remembering(remembered())], {
      pullRequest: () =>
        Promise.resolve(onForge({ state: 'merged', updatedAt: now, endedAt: Date.parse(at(-3)) })),
    });
    expect([...found.ended]).toEqual([
      ['github.com/o/manifests#1', { state: 'merged', at: at(-3), head: commits.head }],
    ]);
  });
});

describe('outcomeOf', () => {
  it.each<[string, Partial<PullRequest>, { login: string; bot: boolean } | undefined, string]>([
    [
      'closed by a bot that the forge takes for a person',
      { state: 'closed' },
      { login: 'K8s-ci-robot', bot: false },
      'closed',
    ],
    ['open', {}, undefined, 'open'],
    ['merged', { state: 'merged' }, undefined, 'merged'],
    ['closed by us', { state: 'closed', body: markClosed('', 'superseded.') }, us, 'superseded'],
    ['closed by a person', { state: 'closed' }, { login: 'ann', bot: false }, 'rejected'],
    ['closed by a bot', { state: 'closed' }, { login: 'stale[bot]', bot: true }, 'closed'],
    ['closed by nobody knows whom', { state: 'closed' }, undefined, 'rejected'],
  ])('%s', async (_, over, closer, expected) => {
    const forge = fake<Forge>({ closedBy: () => Promise.resolve(closer) });
    expect(await outcomeOf(unit.forge, onForge(over), { forge }, { bots: ['k8s-ci-robot'] }, signal)).toBe(
      expected,
    );
  });
});

interface Shown {
  readonly pair?: PairFacts;
  readonly open?: OwnPullRequest;
  readonly branch?: OwnBranch;
  readonly ended?: RememberedPullRequest;
  /** What the forge has from the branch, when it is asked. */
  readonly from?: readonly PullRequest[];
  /** Parent of our commit. @default the head of the base branch */
  readonly parent?: string;
  /** What our commit names. @default the image that is wanted */
  readonly named?: string;
  /** Somebody else's from our branch, or from this one. */
  readonly foreign?: { readonly branch?: string };
  readonly closer?: { readonly login: string; readonly bot: boolean };
  /** The base branch has our commit, or this one alone. */
  readonly isMerged?: boolean | string;
  readonly hasMoved?: boolean;
}

async function step({
  pair = web,
  closer = { login: 'ann', bot: false },
  open,
  branch,
  ended,
  from = [],
  foreign,
  parent = commits.base,
  named = digests.new,
  ...git
}: Shown) {
  const entry = { mode: '100644', path: 'web' };
  const [facts] = await observeUnits(
    [unit as NonNullable<typeof unit>],
    {
      pairs: byName([pair]),
      refs: {
        head: () => ({ ok: true, value: commits.base }),
        branches: branch ? [branch] : [],
        problem: () => undefined,
      },
      pullRequests: {
        open: open ? [open] : [],
        foreign: foreign ? [{ ...ourBranch, ...foreign, base: 'main', reason: '#5 belongs to ann' }] : [],
        ended: new Map(ended ? [['github.com/o/manifests#1', ended]] : []),
        problem: () => undefined,
      },
    },
    {
      forge: fake<Forge>({
        account: () => Promise.resolve(us),
        pullRequestsFrom: () => Promise.resolve(from),
        closedBy: () => Promise.resolve(closer),
      }),
      git: fake<Git>({
        commit: () =>
          Promise.resolve({ parents: [parent], message: `* image web@${named}` } as unknown as Commit),
        resolve: (_, oid) => Promise.resolve(git.isMerged === undefined ? undefined : oid),
        isAncestor: (_, commit) => Promise.resolve(git.isMerged === true || git.isMerged === commit),
        changedPaths: () => Promise.resolve(['web']),
        entry: (_, commit) => Promise.resolve({ ...entry, oid: git.hasMoved ? commit : 'blob' }),
      }),
    },
    options,
    guards,
    signal,
  );
  if (!facts) throw new Error('one unit, one answer');
  if (facts.problem) return facts.problem.retryable ? 'unreadable' : 'blocked';
  return stepOf(facts);
}

const ourBranch = {
  repository: manifests.url,
  branch: unit.head.branch,
  head: commits.head,
  change: unit.change,
};
const branch = ourBranch;
const edited = { ...branch, change: undefined };
const updated = { ...edited, merged: { commit: 'f'.repeat(40), other: commits.base, change: unit.change } };
const merged = (head: string) => remembered({ state: 'merged', change: 'an older one', head });
const robot = { login: 'freeze[bot]', bot: true };
const older = 'e'.repeat(40);

describe('the step of a pull request, from what git and the forge show', () => {
  it.each<[string, Shown, string]>([
    ['nothing there', {}, 'push'],
    ['our branch', { branch }, 'open'],
    ['our branch, the base elsewhere changed', { branch, parent: older }, 'open'],
    ['our branch, its files changed on the base', { branch, parent: older, hasMoved: true }, 'push'],
    ['our branch, with an image that was built anew since', { branch, named: digests.old }, 'push'],
    ['our branch, merged and taken back', { branch, parent: older, isMerged: true }, 'push'],
    ['our branch, not merged', { branch, parent: older, isMerged: false }, 'open'],
    ['a person committed', { branch: { ...branch, change: undefined } }, 'hand-edited'],
    ['the branch of another installation', { branch: { ...branch, installation: 'dev' } }, 'blocked'],
    ['proposed', { branch, open: pullRequest(unit) }, 'none'],
    ["somebody else's from our branch", { branch, foreign: {} }, 'blocked'],
    ["somebody else's from another branch", { branch, foreign: { branch: 'slipway/v1/other' } }, 'open'],
    [
      'proposed with an older change',
      { branch, open: pullRequest(unit, { marker: { ...marker, change: 'x' } }) },
      'describe',
    ],
    [
      'opened again after we closed it',
      { branch, open: pullRequest(unit, { body: markClosed('', 'x') }) },
      'describe',
    ],
    [
      'closed since we looked',
      { branch, pair: remembering(remembered()), ended: remembered({ state: 'rejected' }) },
      'rejected',
    ],
    ['ended, and the forge does not say how', { branch, pair: remembering(remembered()) }, 'unreadable'],
    [
      'opened, said retry, then ended as the forge does not say',
      { branch, pair: remembering(remembered(), at(-2)) },
      'unreadable',
    ],
    ['merged and taken back', { pair: remembering(remembered({ state: 'merged' })) }, 'rejected'],
    [
      'closed by bots again and again',
      { branch, pair: remembering(remembered({ state: 'closed', dismissals: 2 })) },
      'rejected',
    ],
    [
      'closed by a bot since we looked, not for the first time',
      {
        branch,
        pair: remembering(remembered({ dismissals: 1 })),
        ended: remembered({ state: 'closed' }),
      },
      'rejected',
    ],
    [
      'our memory lost, closed by bots again and again',
      { branch, from: [3, 2].map((number) => onForge({ number, state: 'closed' })), closer: robot },
      'rejected',
    ],
    [
      'our memory lost, closed by a bot once',
      { branch, from: [onForge({ state: 'closed' })], closer: robot },
      'open',
    ],
    [
      'edited, then closed',
      { branch: edited, pair: remembering(remembered({ state: 'rejected' })) },
      'rejected',
    ],
    [
      'edited, then merged as another commit',
      { branch: edited, pair: remembering(merged(commits.head)) },
      'push',
    ],
    [
      'edited after it was merged',
      { branch: edited, pair: remembering(merged('f'.repeat(40))) },
      'hand-edited',
    ],
    ['edited, and the base branch has it', { branch: edited, isMerged: true }, 'push'],
    ['updated from the base branch', { branch: updated, isMerged: commits.base }, 'open'],
    ['merged with something else', { branch: updated, isMerged: false }, 'hand-edited'],
    [
      'updated from the base branch, with changes',
      { branch: updated, isMerged: commits.base, hasMoved: true },
      'hand-edited',
    ],
    ['closed by a bot', { branch, pair: remembering(remembered({ state: 'closed' })) }, 'open'],
    ['our memory lost, closed by a person', { branch, from: [onForge({ state: 'closed' })] }, 'rejected'],
    ['our memory lost, merged', { from: [onForge({ state: 'merged' })] }, 'rejected'],
    [
      'our memory lost, somebody else closed theirs',
      { branch, from: [onForge({ state: 'closed', author: { login: 'ann', bot: false } })] },
      'open',
    ],
    ['another base', { branch, from: [onForge({ state: 'closed', base: 'release' })] }, 'open'],
    [
      'rejected, then said retry',
      { branch, pair: remembering(remembered({ state: 'rejected', at: at(-2) }), at(-1)) },
      'open',
    ],
    [
      'said retry, then rejected',
      { branch, pair: remembering(remembered({ state: 'rejected', at: at(-1) }), at(-2)) },
      'rejected',
    ],
    [
      'opened, said retry, then rejected since we looked',
      {
        branch,
        pair: remembering(remembered(), at(-2)),
        ended: remembered({ state: 'rejected', at: at(-1) }),
      },
      'rejected',
    ],
  ])('%s', async (_, shown, expected) => expect(await step(shown)).toBe(expected));
});
