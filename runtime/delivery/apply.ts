import { closedByUs } from '../proposals/marker.ts';
import { PortError } from '../ports/index.ts';
import type { ClosePullRequestAction, DeliveryAction } from './actions.ts';
import type { DeliveryPorts } from './observe.ts';
import type { DeliveryOptions } from './options.ts';
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
    case 'open-pull-request': {
      const { repository, title, body, head, base, draft } = action;
      await ports.forge.createPullRequest(repository, { title, body, head, base, draft }, signal);
      return;
    }
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
