import type { Account, ForgeRepository, Ports, PullRequest, RepositoryUrl } from '../ports/index.ts';
import { parseMarker, type Marker } from '../proposals/marker.ts';
import { forgeRepository } from '../source/repository.ts';
import { headRepository } from './observe-refs.ts';
import type { DeliveryOptions } from './options.ts';

/** Which version and applications a branch carries, by its name. */
export type BranchHolders = ReadonlyMap<string, Pick<Marker, 'version' | 'applications'>>;

/** What is open in one repository, from the repository that holds our branches. */
export interface OpenPullRequests {
  readonly repository: RepositoryUrl;
  readonly forge: ForgeRepository;
  readonly account: Account;
  /** Of our account and anybody else's. */
  readonly fromHead: readonly PullRequest[];
}

/** One list. */
export async function openFromHead(
  repository: RepositoryUrl,
  forge: ForgeRepository,
  ports: Pick<Ports, 'forge'>,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<OpenPullRequests> {
  const [account, open] = await Promise.all([
    ports.forge.account(forge.host, signal),
    ports.forge.openPullRequests(forge, signal),
  ]);
  const from = forgeRepository(headRepository(repository, options)) ?? forge;
  const name = `${from.owner}/${from.name}`.toLowerCase();
  const fromHead = open.filter(({ head }) => head.repository?.toLowerCase() === name);
  return { repository, forge, account, fromHead };
}

/** The marker of its body or, where a person has rewritten that, what the branch says: for no change in particular. */
export function markerOf(
  { body, head: { branch } }: PullRequest,
  { branchPrefix, installation }: DeliveryOptions,
  holder?: Pick<Marker, 'version' | 'applications'>,
): Marker | undefined {
  const marker = parseMarker(body);
  if (marker) return marker;
  if (holder) return { installation, ...holder, change: '' };
  const [prefix, version, application, ...more] = branch.split('/');
  if (prefix !== branchPrefix || !version || !application || more.length > 0) return undefined;
  return { installation, version, applications: application === '_all' ? [] : [application], change: '' };
}

export function isOf(account: Account, { author }: PullRequest): boolean {
  return isSameLogin(author.login, account.login);
}

export function isSameLogin(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Who else made it, in words; undefined when it is ours. */
export function otherOwner(
  one: PullRequest,
  account: Account,
  { installation }: DeliveryOptions,
  marker: Marker | undefined,
): string | undefined {
  if (!isOf(account, one)) return one.author.login;
  if (marker?.installation === installation) return undefined;
  return marker ? `the installation "${marker.installation}"` : 'nobody that its body names';
}

/** A forge opens no second one from the same branch. */
export function takenBranch({ number, head }: Pick<PullRequest, 'number' | 'head'>, owner: string): string {
  return `#${number} is open from our branch ${head.branch} and belongs to ${owner}; close it, or merge it`;
}
