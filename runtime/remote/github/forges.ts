import { PortError } from '../../ports/index.ts';
import type { Forge } from '../../ports/index.ts';

/**
 * One forge of several, chosen by the host of the repository.
 * @throws PortError `invalid` when no forge is configured for the host
 */
export function forgesByHost(forges: ReadonlyMap<string, Forge>): Forge {
  const at = (host: string): Forge => {
    const forge = forges.get(host);
    if (forge !== undefined) return forge;
    const known = forges.size === 0 ? 'none is' : `only ${[...forges.keys()].join(', ')} are`;
    throw new PortError('invalid', host, `no forge is configured for ${host}: ${known}`, {
      remedy: `add forges.${host} with a token or an app to the settings`,
    });
  };
  return {
    account: async (host, signal) => at(host).account(host, signal),
    access: async (repository, signal) => at(repository.host).access(repository, signal),
    openPullRequests: async (repository, signal) => at(repository.host).openPullRequests(repository, signal),
    pullRequestsFrom: async (repository, head, signal) =>
      at(repository.host).pullRequestsFrom(repository, head, signal),
    pullRequest: async (repository, number, signal) =>
      at(repository.host).pullRequest(repository, number, signal),
    closedBy: async (repository, number, signal) => at(repository.host).closedBy(repository, number, signal),
    createPullRequest: async (repository, wanted, signal) =>
      at(repository.host).createPullRequest(repository, wanted, signal),
    updatePullRequest: async (repository, number, change, signal) =>
      at(repository.host).updatePullRequest(repository, number, change, signal),
  };
}
