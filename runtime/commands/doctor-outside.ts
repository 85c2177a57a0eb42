import type { Settings } from '../api/settings.ts';
import type { Desired, FollowedBranch } from '../delivery/pair.ts';
import { isFault, PortError, type ForgeRepository, type Ports } from '../ports/index.ts';
import { normalizeImageName } from '../source/image.ts';
import { forgeRepository } from '../source/repository.ts';
import { failed, ok, skipped, type Check, type Finding } from './doctor-run.ts';

type OutsidePorts = Pick<Ports, 'builder' | 'forge' | 'git' | 'registry'>;

export interface Outside {
  readonly settings: Settings;
  /** Hosts of forges with a token or an App. */
  readonly forges: readonly string[];
  /** Hosts whose secret could not be read. */
  readonly withoutSecret: ReadonlySet<string>;
  /** Undefined when there is no config. */
  readonly desired: Desired | undefined;
  readonly ports: OutsidePorts;
}

/** Everything that this installation talks with. */
export function outsideChecks(outside: Outside): readonly Check[] {
  return [
    ...outside.forges.map((host) => forgeCheck(host, outside)),
    ...branchesOf(outside.desired).map((one) => repositoryCheck(one, outside)),
    ...targetsOf(outside.desired).flatMap((target) => targetChecks(target, outside)),
    ...imagesByHost(outside.desired).map(([host, images]) => registryCheck(host, images, outside)),
    {
      area: 'builder',
      subject: outside.settings.builder?.command?.[0] ?? outside.settings.builder?.tool ?? 'auto',
      run: async (signal) => ok(await outside.ports.builder.describe(signal)),
    },
  ];
}

const unlessSecretIsMissing =
  (host: string, { withoutSecret }: Outside, run: Check['run']): Check['run'] =>
  (signal) =>
    withoutSecret.has(host) ? Promise.resolve(skipped('not tried without its secret')) : run(signal);

function forgeCheck(host: string, outside: Outside): Check {
  return {
    area: 'forge',
    subject: host,
    run: unlessSecretIsMissing(host, outside, async (signal) => {
      const { login, bot } = await outside.ports.forge.account(host, signal);
      return ok(`acts as ${login}${bot ? ' (a bot)' : ''}`);
    }),
  };
}

interface Branches {
  readonly url: string;
  readonly branches: readonly string[];
}

/** The branches that are followed, by repository. */
function branchesOf(desired: Desired | undefined): readonly Branches[] {
  const byUrl = new Map<string, Set<string>>();
  const follow = ({ url, branch }: FollowedBranch) =>
    byUrl.set(url, (byUrl.get(url) ?? new Set()).add(branch));
  for (const { source, targets } of desired?.pairs ?? []) {
    if (source) follow(source);
    for (const { into } of targets) follow(into);
  }
  return [...byUrl].map(([url, branches]) => ({ url, branches: [...branches] }));
}

function repositoryCheck({ url, branches }: Branches, outside: Outside): Check {
  const host = forgeRepository(url)?.host ?? '';
  return {
    area: 'repository',
    subject: url,
    run: unlessSecretIsMissing(host, outside, async (signal) => {
      const wanted = branches.map((branch) => `refs/heads/${branch}`);
      const refs = await outside.ports.git.refs(url, wanted, signal);
      const missing = branches.filter((branch) => !refs.has(`refs/heads/${branch}`));
      return missing.length === 0
        ? ok(`readable, with ${branches.join(', ')}`)
        : failed(
            `has no branch ${missing.join(', ')}`,
            'correct the branches of this repository in the config',
          );
    }),
  };
}

/** Repositories that pull requests are opened in, each with one of its branches that they go to. */
function targetsOf(desired: Desired | undefined): readonly FollowedBranch[] {
  const targets = (desired?.pairs ?? []).flatMap((pair) => pair.targets.map(({ into }) => into));
  return [...new Map(targets.map((into) => [into.url, into])).values()];
}

/** Branches are pushed to the repository itself or to a fork of it; pull requests go to the repository. */
function targetChecks({ url, branch }: FollowedBranch, outside: Outside): readonly Check[] {
  const base = forgeRepository(url);
  if (!base)
    return [
      {
        area: 'push',
        subject: url,
        run: () => Promise.resolve(skipped('is on no forge: nothing is proposed there')),
      },
    ];
  const fork = outside.settings.forges?.[base.host]?.head;
  const [owner = base.owner, name = base.name] = fork?.split('/') ?? [];
  const head = { ...base, owner, name };
  const withCredential = (run: Check['run']): Check['run'] =>
    unlessSecretIsMissing(base.host, outside, (signal) =>
      outside.forges.includes(base.host) ? run(signal) : Promise.resolve(noCredential(base.host)),
    );
  return [
    {
      area: 'push',
      subject: pathOf(head),
      run: withCredential((signal) => accessFinding(head, fork !== undefined, outside, signal)),
    },
    {
      area: 'proposal',
      subject: pathOf(base),
      run: withCredential((signal) => proposalFinding(base, branch, outside.ports, signal)),
    },
  ];
}

const pathOf = ({ host, owner, name }: ForgeRepository) => `${host}/${owner}/${name}`;

const noCredential = (host: string) =>
  failed(
    `nothing can be proposed: there is no credential for ${host}`,
    `add forges.${host} with a token or an app to the settings`,
  );

/** A pull request from a branch into itself never comes to be: who may open others is told so, who may not is refused. */
async function proposalFinding(
  base: ForgeRepository,
  branch: string,
  { forge }: OutsidePorts,
  signal: AbortSignal,
): Promise<Finding> {
  const impossible = {
    title: 'May we open pull requests?',
    body: '',
    head: { owner: base.owner, branch },
    base: branch,
  };
  // One that has moved or that we cannot see says so here.
  await forge.access(base, signal);
  try {
    const { pullRequest } = await forge.createPullRequest(base, impossible, signal);
    return failed(`opened ${pullRequest.url} from a branch into itself`, 'close it');
  } catch (error) {
    if (!isFault(error, 'invalid')) throw error;
    return ok('pull requests may be opened, as one that cannot be shows; nothing was written');
  }
}

async function accessFinding(
  head: ForgeRepository,
  isFork: boolean,
  { ports }: Outside,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const { push } = await ports.forge.access(head, signal);
    if (push) return ok('may be pushed to, as the forge says; nothing was written');
  } catch (error) {
    if (!isFork || !isFault(error, 'not-found')) throw error;
    throw new PortError('not-found', error.subject, error.message, {
      remedy: `fork the repository to ${head.owner}, or correct forges.${head.host}.head`,
      cause: error,
    });
  }
  return failed(
    'may not be pushed to with this credential',
    isFork
      ? `grant it write access, or correct forges.${head.host}.head`
      : `grant it write access, or set forges.${head.host}.head to an owner of forks`,
  );
}

function imagesByHost(desired: Desired | undefined): readonly (readonly [string, readonly string[]])[] {
  const hosts = new Map<string, Set<string>>();
  for (const { image } of desired?.pairs ?? []) {
    const host = normalizeImageName(image).split('/', 1)[0] ?? '';
    hosts.set(host, (hosts.get(host) ?? new Set()).add(image));
  }
  return [...hosts].map(([host, images]) => [host, [...images]]);
}

/** A tag that need not exist: whether we may ask is what counts. */
const ASKED_TAG = 'latest';

function registryCheck(host: string, images: readonly string[], outside: Outside): Check {
  return {
    area: 'registry',
    subject: host,
    run: unlessSecretIsMissing(host, outside, async (signal) => {
      await Promise.all(images.map((image) => outside.ports.registry.digest(image, ASKED_TAG, signal)));
      const count = images.length === 1 ? '1 image' : `${images.length} images`;
      return ok(`answers for ${count}; whether they may be pushed only a push can tell`);
    }),
  };
}
