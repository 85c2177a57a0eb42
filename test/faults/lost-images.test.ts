import { describe, expect, it } from '@jest/globals';
import { tell } from '../../runtime/delivery/people.ts';
import { MemoryWorld, TARGETS } from '../support/memory/world.ts';

const webhook = { application: 'webhook', version: 'main' };

/** A world with all proposed, whose registry then loses everything. */
async function lost(): Promise<MemoryWorld> {
  const world = await MemoryWorld.open();
  await world.settle();
  world.registry.empty();
  return world;
}

async function retry(world: MemoryWorld): Promise<void> {
  world.clock.jump(3_600_000);
  const at = new Date(world.clock.now()).toISOString();
  await tell(world.objects, webhook, { say: 'retry', at }, new AbortController().signal);
}

function webhookOf(world: MemoryWorld) {
  const found = world.forge.all.find(({ head }) => head.branch === 'slipway/main/webhook');
  if (!found) throw new Error('no pull request of webhook');
  return found;
}

describe('images that the registry has lost', () => {
  it('are built again before they are proposed again', async () => {
    await using world = await lost();
    const { number } = webhookOf(world);
    world.forge.end(number, 'closed');
    await world.start().pass();
    await retry(world);
    const before = world.builder.started.length;
    const { plan, outcomes } = await world.start().pass();
    const kinds = outcomes.map(({ action: { kind }, outcome }) => `${kind} ${outcome}`);
    expect(kinds).toEqual(['build done', 'open-pull-request done']);
    expect(world.builder.started).toHaveLength(before + 1);
    const item = plan.items.find((one) => one.application === 'webhook' && one.version === 'main');
    expect(item?.state).toBe('proposed');
    expect(Object.values(world.registry.tags)).toContain(item?.image.digest);
  });

  it('are built again when a person says retry, also while a pull request is open', async () => {
    await using world = await lost();
    expect((await world.start().pass()).outcomes).toEqual([]);
    await retry(world);
    const { outcomes } = await world.start().pass();
    expect(outcomes.map(({ action }) => action.kind)).toEqual(['build']);
    expect((await world.start().pass()).outcomes).toEqual([]);
  });

  it('leave no branch that names them once they are built anew', async () => {
    await using world = await lost();
    world.builder.compiler = ' by a newer compiler';
    await retry(world);
    const { plan, outcomes } = await world.start().pass();
    // The controller's pull request has the same image.
    expect(outcomes.map(({ action }) => action.kind)).toEqual(['build', 'push', 'push']);
    const item = plan.items.find((one) => one.application === 'webhook' && one.version === 'main');
    const head = world.git.heads(TARGETS)['refs/heads/slipway/main/webhook'] ?? '';
    expect((await world.git.commit(TARGETS, head)).message).toContain(item?.image.digest);
    expect((await world.start().pass()).outcomes).toEqual([]);
  });
});
