import type { RememberedPullRequest } from '../api/application-version.ts';
import type { Oid, Ports } from '../ports/index.ts';
import type { ProposalFacts } from '../proposals/life.ts';
import { closedByUs, parseMarker } from '../proposals/marker.ts';
import type { Guards } from './guards.ts';
import { endOf, outcomeOf, repositoryName, type PullRequests } from './observe-pull-requests.ts';
import type { Refs } from './observe-refs.ts';
import type { OwnBranch, OwnPullRequest, PairFacts, Unit, UnitFacts } from './observed.ts';
import type { DeliveryOptions } from './options.ts';
import { isOf } from './ownership.ts';
import { mostDismissals, withEnding } from './remembered.ts';
import { hostOf, read } from './read.ts';
import { membersOf } from './units.ts';

interface Seen {
  readonly pairs: ReadonlyMap<string, PairFacts>;
  readonly refs: Refs;
  readonly pullRequests: PullRequests;
}

/** What git and the forge show of each wanted pull request. */
export async function observeUnits(
  units: readonly Unit[],
  seen: Seen,
  ports: Pick<Ports, 'git' | 'forge'>,
  options: DeliveryOptions,
  guards: Guards,
  signal: AbortSignal,
): Promise<UnitFacts[]> {
  return Promise.all(
    units.map(async (unit) => {
      const unreadable =
        seen.pullRequests.problem(unit.repository) ?? seen.refs.problem(unit.head.repository);
      if (unreadable) return { unit, facts: {}, problem: unreadable };
      const foreign = seen.pullRequests.foreign.find((one) => isFrom(unit, one));
      if (foreign) return { unit, facts: {}, problem: { reason: foreign.reason, retryable: false } };
      const made = branchOf(unit, seen.refs)?.installation;
      if (made !== undefined && made !== options.installation) {
        const reason = `branch ${unit.head.branch} was made by the installation "${made}"; give one of the two another branchPrefix, or delete the branch`;
        return { unit, facts: {}, problem: { reason, retryable: false } };
      }
      const branch = await read(
        { guard: guards.git, name: hostOf(unit.head.repository) },
        (inner) => observeBranch(unit, seen, ports, inner),
        signal,
      );
      if (!branch.ok) return { unit, facts: {}, problem: branch.problem };
      const last = await observeLast(unit, seen, ports, options, guards, signal);
      if (!last.ok) return { unit, facts: {}, problem: last.problem };
      return { unit, ...factsOf(unit, seen, branch.value, last.value) };
    }),
  );
}

function factsOf(
  unit: Unit,
  seen: Seen,
  branch: ProposalFacts['branch'],
  last: RememberedPullRequest | undefined,
): Omit<UnitFacts, 'unit' | 'problem'> {
  const pullRequest = openOf(unit, seen.pullRequests);
  const outcome = last && outcomeForLife(last);
  const isMergedHead = last?.state === 'merged' && branch?.head === last.head;
  return {
    facts: {
      ...(branch && { branch: isMergedHead ? { ...branch, served: true } : branch }),
      ...(pullRequest && {
        open: {
          number: pullRequest.number,
          // One that a person opened again after we closed it must not say that we did.
          current: pullRequest.marker.change === unit.change && !closedByUs(pullRequest.body),
        },
      }),
      ...(last && outcome && { last: { number: last.number, change: last.change, outcome } }),
    },
    ...(pullRequest && { pullRequest }),
    ...(last && { remembered: last }),
  };
}

function openOf(unit: Unit, pullRequests: PullRequests) {
  return pullRequests.open.find((one) => isFrom(unit, one));
}

function isFrom(
  { repository, base, head }: Unit,
  one: Pick<OwnPullRequest, 'repository' | 'base' | 'branch'>,
): boolean {
  return one.repository === repository && one.base === base && one.branch === head.branch;
}

function outcomeForLife({ state, dismissals = 0 }: RememberedPullRequest) {
  if (state === 'open') return undefined;
  if (state === 'closed' && dismissals >= mostDismissals) return 'refused';
  return state === 'merged' || state === 'rejected' ? state : 'dismissed';
}

function branchOf({ head }: Unit, { branches }: Refs): OwnBranch | undefined {
  return branches.find(({ repository, branch }) => repository === head.repository && branch === head.branch);
}

async function observeBranch(
  unit: Unit,
  { pairs, refs }: Seen,
  { git }: Pick<Ports, 'git'>,
  signal: AbortSignal,
): Promise<ProposalFacts['branch']> {
  const own = branchOf(unit, refs);
  if (!own) return undefined;
  const { head } = own;
  const carried =
    own.change === undefined
      ? await updatedFromBase(unit, own, git, signal)
      : { commit: head, change: own.change };
  if (!carried) return { head, stale: false, served: await isInBase(unit, head, git, signal) };
  const { parents, message } = await git.commit(own.repository, carried.commit, signal);
  const [parent] = parents;
  // The same change, built anew, is another image.
  const hasImages = membersOf(unit, pairs).every(({ image }) => message.includes(`@${image?.digest ?? ''}`));
  const stale = !parent || !hasImages || (await isStale(unit, carried.commit, parent, git, signal));
  return { head, change: carried.change, stale };
}

/** Our commit, where a person has only merged the base branch into it, as GitHub's "Update branch" does. */
async function updatedFromBase(
  unit: Unit,
  { repository, head, merged }: OwnBranch,
  git: Ports['git'],
  signal: AbortSignal,
): Promise<{ commit: Oid; change: string } | undefined> {
  if (!merged || !(await isInBase(unit, merged.other, git, signal))) return undefined;
  const { commit, other, change } = merged;
  const [parent] = (await git.commit(repository, commit, signal)).parents;
  if (parent === undefined) return undefined;
  const paths = await Promise.all([
    git.changedPaths(repository, parent, commit, signal),
    git.changedPaths(repository, other, head, signal),
  ]);
  const entries = await Promise.all(
    [...new Set(paths.flat())].map((path) =>
      Promise.all([commit, head].map((one) => git.entry(repository, one, path, signal))),
    ),
  );
  return entries.every(([ours, theirs]) => ours?.oid === theirs?.oid) ? { commit, change } : undefined;
}

/** The base branch has this commit, as far as the mirror knows it. */
async function isInBase(
  { repository, baseHead }: Unit,
  commit: Oid,
  git: Ports['git'],
  signal: AbortSignal,
): Promise<boolean> {
  if ((await git.resolve(repository, commit, signal)) === undefined) return false;
  return git.isAncestor(repository, commit, baseHead, signal);
}

/**
 * True when a file that the commit changes is another one on the base branch by now, or when the base branch has the
 * commit: what was merged and taken back cannot be proposed as it is.
 */
async function isStale(
  unit: Unit,
  head: Oid,
  parent: Oid,
  git: Ports['git'],
  signal: AbortSignal,
): Promise<boolean> {
  if (parent === unit.baseHead) return false;
  if (await isInBase(unit, head, git, signal)) return true;
  const paths = await git.changedPaths(unit.head.repository, parent, head, signal);
  const differs = await Promise.all(
    paths.map(async (path) => {
      const [then, now] = await Promise.all([
        git.entry(unit.head.repository, parent, path, signal),
        git.entry(unit.repository, unit.baseHead, path, signal),
      ]);
      return then?.oid !== now?.oid;
    }),
  );
  return differs.includes(true);
}

/** The newest one that is not open: remembered, or, when nothing is remembered, looked up once. */
async function observeLast(
  unit: Unit,
  seen: Seen,
  ports: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  guards: Guards,
  signal: AbortSignal,
) {
  const members = membersOf(unit, seen.pairs);
  const remembered = newestRemembered(unit, members, seen.pullRequests);
  const open = openOf(unit, seen.pullRequests);
  const found =
    remembered || open
      ? { ok: true as const, value: remembered }
      : await read(
          { guard: guards.http, name: unit.forge.host },
          (inner) => lookUp(unit, ports, options, inner),
          signal,
        );
  if (!found.ok) return found;
  const retry = Math.max(...members.map(({ stored }) => Date.parse(stored?.spec.retry ?? '') || 0));
  // A word from before its end says nothing of its end, and neither does `at` while it is remembered as open.
  const forgiven = found.value && found.value.state !== 'open' && Date.parse(found.value.at) <= retry;
  const last = forgiven ? undefined : found.value;
  // Taken for nothing it would be proposed again, though a person may just have closed it.
  if (last?.state === 'open' && !isListed(last, seen.pullRequests)) {
    const reason = `#${last.number} is no longer listed as ours and open, and what became of it is not known`;
    return { ok: false as const, problem: { reason, retryable: true } };
  }
  return { ok: true as const, value: last };
}

/** On whatever branch: per tag, each change has its own. */
function isListed({ repository, number }: RememberedPullRequest, { open }: PullRequests): boolean {
  return open.some((one) => one.number === number && repositoryName(one.repository) === repository);
}

function newestRemembered(
  unit: Unit,
  members: readonly PairFacts[],
  pullRequests: PullRequests,
): RememberedPullRequest | undefined {
  const repository = repositoryName(unit.repository);
  return members
    .flatMap(({ stored }) => stored?.status?.pullRequests ?? [])
    .filter((one) => one.repository === repository && one.base === unit.base)
    .map((one) => withEnding(one, pullRequests.ended))
    .reduce<RememberedPullRequest | undefined>(
      (newest, one) => (newest && newest.number >= one.number ? newest : one),
      undefined,
    );
}

async function lookUp(
  unit: Unit,
  { forge }: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<RememberedPullRequest | undefined> {
  const [account, candidates] = await Promise.all([
    forge.account(unit.forge.host, signal),
    forge.pullRequestsFrom(unit.forge, unit.head, signal),
  ]);
  const ours = candidates.flatMap((one) => {
    const marker = parseMarker(one.body);
    const isOurs = isOf(account, one) && marker?.installation === options.installation;
    return isOurs && one.base === unit.base ? [{ one, change: marker.change }] : [];
  });
  const [newest] = ours;
  if (!newest) return undefined;
  const { one, change } = newest;
  const states: RememberedPullRequest['state'][] = [];
  for (const { one: earlier } of ours.filter((each) => each.change === change).slice(0, mostDismissals)) {
    states.push(await outcomeOf(unit.forge, earlier, { forge }, options, signal));
    if (states.at(-1) !== 'closed') break;
  }
  const [state = 'open'] = states;
  const dismissals = states.filter((each) => each === 'closed').length;
  return {
    repository: repositoryName(unit.repository),
    base: unit.base,
    number: one.number,
    url: one.url,
    change,
    state,
    at: endOf(one),
    head: one.head.commit,
    ...(dismissals > 0 && { dismissals }),
  };
}
