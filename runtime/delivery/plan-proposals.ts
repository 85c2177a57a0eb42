import { createHash } from 'node:crypto';
import { formatCommitMessage } from '../proposals/commit-message.ts';
import { commitContent, proposalContent, type ProposedImage } from '../proposals/content.ts';
import { code } from '../proposals/untrusted.ts';
import { forgeRepository } from '../source/repository.ts';
import { joinReference } from '../manifests/image-reference.ts';
import type {
  DeliveryAction,
  DescribePullRequestAction,
  Edit,
  OpenPullRequestAction,
  PushAction,
  PushedBranch,
} from './actions.ts';
import { stepOf } from './decide.ts';
import { planClosings, supersededBy } from './plan-closings.ts';
import { pairName } from './pair.ts';
import type { ProposalWorld } from './proposal-world.ts';
import { isUnread } from './read.ts';
import { servedBranches } from './served-branches.ts';
import { outdatedTargets } from './needs.ts';
import type { PairFacts, TargetFacts, UnitFacts } from './observed.ts';
import { membersOf } from './units.ts';

/** Everything that pull requests need: pushes, openings, descriptions, closings. */
export function planProposals(world: ProposalWorld): {
  actions: DeliveryAction[];
  waiting: Map<string, string>;
  notes: string[];
} {
  const waiting = new Map<string, string>();
  const readable = world.observed.units.filter(
    (one) => !one.problem && !losesUnreadable(one, world, waiting),
  );
  const due = withinLimit(readable, world, waiting);
  const { closings, notes } = planClosings(world);
  return {
    actions: [
      ...pushes(
        due.filter((unit) => stepOf(unit) === 'push'),
        world,
        waiting,
      ),
      ...due.flatMap((unit) => opening(unit, world)),
      ...due.flatMap((unit) => description(unit, world)),
      ...closings,
    ],
    waiting,
    notes,
  };
}

/** A grouped pull request loses no image because its pair cannot be read just now. */
function losesUnreadable(
  { unit, pullRequest }: UnitFacts,
  { observed }: ProposalWorld,
  waiting: Map<string, string>,
): boolean {
  const { applications = [], version = '' } = pullRequest?.marker ?? {};
  const lost = applications.find((application) => {
    const name = pairName({ application, version });
    const problem = observed.pairs.get(name)?.problem;
    const isUnreadable = (problem && isUnread(problem)) || observed.unreadable?.has(name);
    return isUnreadable && !unit.members.includes(name);
  });
  if (lost === undefined) return false;
  for (const name of unit.members)
    waiting.set(name, `waits until ${lost} can be read, which #${pullRequest?.number} carries too`);
  return true;
}

/** Leaves out what would open more pull requests than a repository may have. */
function withinLimit(
  units: readonly UnitFacts[],
  world: ProposalWorld,
  waiting: Map<string, string>,
): UnitFacts[] {
  const limit = world.options.openPullRequests;
  if (limit === undefined) return [...units];
  const open = new Map<string, number>();
  for (const one of world.observed.pullRequests)
    // What is closed once its successor is open makes room for it.
    if (supersededBy(one, world.observed).length === 0)
      open.set(one.repository, (open.get(one.repository) ?? 0) + 1);
  return units.filter((one) => {
    if (one.facts.open || !['push', 'open'].includes(stepOf(one))) return true;
    const count = open.get(one.unit.repository) ?? 0;
    open.set(one.unit.repository, count + 1);
    if (count < limit) return true;
    for (const name of one.unit.members)
      waiting.set(name, `waits until fewer than ${limit} pull requests are open in the repository`);
    return false;
  });
}

/** One push per head repository, once no image that is still coming would soon need another. */
function pushes(
  units: readonly UnitFacts[],
  world: ProposalWorld,
  waiting: Map<string, string>,
): PushAction[] {
  const byTarget = Map.groupBy(units, ({ unit }) => `${unit.repository} ${unit.head.repository}`);
  return [...byTarget.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const due = imagesToWaitFor(first.unit.repository, group, world);
    if (due > 0) {
      for (const { unit } of group)
        for (const name of unit.members)
          waiting.set(
            name,
            `waits for ${due} more ${due === 1 ? 'image' : 'images'}, so that one push carries all`,
          );
      return [];
    }
    return [push(first, group, world)];
  });
}

function imagesToWaitFor(repository: string, group: readonly UnitFacts[], world: ProposalWorld): number {
  const names = group.flatMap(({ unit }) => unit.members);
  const readySince = Math.min(
    ...names.map((name) => {
      const status = world.observed.pairs.get(name)?.stored?.status;
      return status?.state === 'update' ? Date.parse(status.since) : world.now;
    }),
  );
  if (world.now - readySince >= world.options.batchWindow) return 0;
  return [...world.coming].filter((name) =>
    world.observed.pairs.get(name)?.pair.targets.some(({ into }) => into.url === repository),
  ).length;
}

function push(first: UnitFacts, group: readonly UnitFacts[], world: ProposalWorld): PushAction {
  const branches = group.map((unit) => pushedBranch(unit, world));
  const { repository, head } = first.unit;
  const identity = createHash('sha256').update(
    JSON.stringify(
      branches.map(({ branch, expected, parent, change }) => [branch, expected, parent, change]),
    ),
  );
  return {
    key: `push/${head.repository}/${identity.digest('hex').slice(0, 16)}`,
    kind: 'push',
    why: `${branches.length === 1 ? `branch ${branches[0]?.branch ?? ''}` : `${branches.length} branches`} of ${head.repository} to carry new images`,
    repository,
    target: head.repository,
    branches,
    deletions: servedBranches(head.repository, world),
  };
}

function pushedBranch({ unit, facts }: UnitFacts, world: ProposalWorld): PushedBranch {
  const members = membersOf(unit, world.observed.pairs);
  const { subject, lines } = commitContent(members.map((member) => proposedImage(member, unit)));
  const author = world.desired.pullRequests.author ?? world.options.author;
  return {
    branch: unit.head.branch,
    expected: facts.branch?.head ?? null,
    parent: unit.baseHead,
    change: unit.change,
    edits: members.flatMap((member) => editsOf(member, unit)),
    message: formatCommitMessage({
      subject,
      lines,
      change: unit.change,
      installation: world.options.installation,
      author,
      signOff: world.desired.pullRequests.signOff,
    }),
    author,
    at: Math.max(...members.map(({ source }) => source?.committedAt ?? 0)),
  };
}

function editsOf(facts: PairFacts, unit: UnitFacts['unit']): Edit[] {
  const { image } = facts;
  if (image?.digest === undefined) return [];
  const to = { name: image.name, tag: image.releaseTag, digest: image.digest };
  return targetsIn(facts, unit).map(({ target, file, current }) => ({ target, file, from: current, to }));
}

/** Every place of the pair in the unit's branch, those that are up to date already too: they get the same digest. */
function targetsIn(facts: PairFacts, unit: UnitFacts['unit']): TargetFacts[] {
  return facts.targets.filter(
    ({ target: { into } }) => into.url === unit.repository && into.branch === unit.base,
  );
}

function opening(facts: UnitFacts, world: ProposalWorld): OpenPullRequestAction[] {
  if (stepOf(facts) !== 'open') return [];
  const { unit } = facts;
  const { title, body } = contentOf(facts, world);
  return [
    {
      key: `open/${unit.id}/${unit.change}`,
      kind: 'open-pull-request',
      why: `${unit.head.branch} is pushed and has no pull request`,
      repository: unit.forge,
      head: { owner: unit.head.owner, branch: unit.head.branch },
      base: unit.base,
      title,
      body,
      draft: world.desired.pullRequests.draft,
    },
  ];
}

function description(facts: UnitFacts, world: ProposalWorld): DescribePullRequestAction[] {
  const { unit, pullRequest } = facts;
  if (stepOf(facts) !== 'describe' || !pullRequest) return [];
  const { title, body } = contentOf(facts, world);
  return [
    {
      key: `describe/${unit.id}/${pullRequest.number}/${unit.change}`,
      kind: 'describe-pull-request',
      why: `#${pullRequest.number} carries a newer change than it says`,
      repository: unit.forge,
      number: pullRequest.number,
      title,
      body,
    },
  ];
}

function contentOf({ unit }: UnitFacts, world: ProposalWorld): { title: string; body: string } {
  const members = membersOf(unit, world.observed.pairs);
  return proposalContent(
    members.map((member) => proposedImage(member, unit)),
    {
      installation: world.options.installation,
      version: members[0]?.pair.version ?? '',
      applications: members.map(({ pair }) => pair.application),
      change: unit.change,
    },
    world.desired.pullRequests,
  );
}

function proposedImage(facts: PairFacts, unit: UnitFacts['unit']): ProposedImage {
  const { pair, source, image } = facts;
  const outdated = outdatedTargets(facts);
  const [place] = outdated;
  return {
    application: pair.application,
    version: pair.version,
    image: pair.image,
    tag: image?.releaseTag ?? '',
    digest: image?.digest ?? '',
    repository: pageOf(pair.source?.url ?? ''),
    commit: source?.commit ?? '',
    ...(source && { commitSubject: source.subject }),
    ...(place?.deployedCommit && { deployedCommit: place.deployedCommit }),
    from: [...new Set(targetsIn(facts, unit).map(({ current }) => joinReference(current)))],
    notes: [...new Set(outdated.flatMap(note))],
  };
}

/** Where people look at a repository that is perhaps read over ssh. */
function pageOf(repository: string): string {
  const forge = repository.startsWith('ssh:') ? forgeRepository(repository) : undefined;
  return forge ? `https://${forge.host}/${forge.owner}/${forge.name}` : repository;
}

function note({ relation, current }: TargetFacts): string[] {
  switch (relation) {
    case 'diverged':
      return ['The deployed commit and the new one have parted: neither contains the other.'];
    case 'unresolved':
      return [`The tag ${code(current.tag ?? '')} names a commit that the source does not have.`];
    case 'ahead':
      return ['The deployed commit is newer; a person has accepted to go back.'];
    default:
      return [];
  }
}
