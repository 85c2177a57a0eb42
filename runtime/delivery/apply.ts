import { closedByUs } from '../proposals/marker.ts';
import { PortError } from '../ports/index.ts';
import type { ClosePullRequestAction, DeliveryAction, OpenPullRequestAction } from './actions.ts';
import type { DeliveryPorts } from './observe.ts';
import type { DeliveryOptions } from './options.ts';
import { markerOf, otherOwner, takenBranch } from './ownership.ts';
import { applyPush } from './push.ts';

/** Does one action. Each effect carries its own precondition, so repeating it, or doing it late, does nothing twice. */
export async function apply(
  action: DeliveryAction,
  ports: DeliveryPorts,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<void> {
  switch (action.kind) {
    case 'build':
      return ports.builder.start(action.request, signal);
    case 'retag':
      return ports.registry.tag(action.image, action.digest, action.tag, { signal });
    case 'push':
      return applyPush(action, ports, options, signal);
    case 'open-pull-request':
      return openPullRequest(action, ports, options, signal);
    case 'describe-pull-request': {
      const { repository, number, title, body } = action;
      await ports.forge.updatePullRequest(repository, number, { title, body }, signal);
      return;
    }
    case 'close-pull-request':
      return closePullRequest(action, ports, signal);
    case 'prune-build':
      return ports.builder.remove(action.name, signal);
  }
}

/** One that is open already is as good as ours only when it is ours. */
async function openPullRequest(
  { repository, title, body, head, base, draft }: OpenPullRequestAction,
  { forge }: Pick<DeliveryPorts, 'forge'>,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<void> {
  const request = { title, body, head, base, draft };
  const { pullRequest, created } = await forge.createPullRequest(repository, request, signal);
  if (created) return;
  const account = await forge.account(repository.host, signal);
  const owner = otherOwner(pullRequest, account, options, markerOf(pullRequest, options));
  if (owner !== undefined)
    throw new PortError('invalid', `#${pullRequest.number}`, takenBranch(pullRequest, owner));
}

/** One PATCH closes and marks. What was merged or closed meanwhile stays as it is. */
async function closePullRequest(
  { repository, number, body }: ClosePullRequestAction,
  { forge }: DeliveryPorts,
  signal: AbortSignal,
): Promise<void> {
  const now = await forge.pullRequest(repository, number, signal);
  if (now.state !== 'open') return;
  if (closedByUs(now.body))
    throw new PortError('conflict', `#${number}`, `#${number} was reopened after Slipway closed it`);
  await forge.updatePullRequest(repository, number, { state: 'closed', body }, signal);
}
