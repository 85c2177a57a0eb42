import { PortError } from '../../../runtime/ports/index.ts';
import { isEffect, type Around, type PortCall } from './intercept.ts';
import type { MemoryWorld } from './world.ts';

/** What may go wrong with a call that changes something. */
export const EFFECT_FAULTS = [
  'killed-before',
  'killed-after',
  'refused',
  'answer-lost',
  'duplicated',
  'held-past-restart',
] as const;

/** What may go wrong with a read. */
export const READ_FAULTS = ['killed-before', 'refused', 'stale'] as const;

export type Fault = (typeof EFFECT_FAULTS)[number] | (typeof READ_FAULTS)[number];

/** The names of all calls of one pass, in order. */
export async function record(world: MemoryWorld): Promise<PortCall[]> {
  const calls: PortCall[] = [];
  await world
    .start((call, perform) => {
      calls.push(call);
      return perform();
    })
    .pass();
  return calls;
}

export function faultsOf(call: PortCall): readonly Fault[] {
  return isEffect(call) ? EFFECT_FAULTS : READ_FAULTS;
}

/**
 * One pass with a fault at its `index`-th call. Resolves when that process has ended or was killed, and, where the call
 * was held, when it has come through late: after another process has done everything.
 */
export async function passWithFault(world: MemoryWorld, index: number, fault: Fault): Promise<void> {
  const killed = Promise.withResolvers<'killed'>();
  const answers = new Map<string, unknown>();
  let held: (() => Promise<unknown>) | undefined;
  let isDead = false;
  let count = 0;
  const kill = (): Promise<never> => {
    isDead = true;
    killed.resolve('killed');
    return never();
  };
  const around: Around = async (call, perform) => {
    if (isDead) return never();
    const id = `${call.name} ${JSON.stringify(call.args, plain)}`;
    const isMeant = count === index;
    count += 1;
    if (!isMeant) {
      const answer = await perform();
      if (!answers.has(id)) answers.set(id, answer);
      return answer;
    }
    switch (fault) {
      case 'killed-before':
        return kill();
      case 'killed-after':
        await perform();
        return kill();
      case 'refused':
        throw unanswered(call);
      case 'answer-lost':
        await perform();
        throw unanswered(call);
      case 'duplicated': {
        const answer = await perform();
        await perform().catch(expectPortError);
        return answer;
      }
      case 'stale':
        return answers.has(id) ? answers.get(id) : perform();
      case 'held-past-restart':
        held = perform;
        return kill();
    }
  };
  // What the process itself makes of it is its own affair: the end state tells.
  const pass = world.start(around).pass().catch(expectPortError);
  await Promise.race([pass, killed.promise]);
  if (!held) return;
  await world.settle();
  await held().catch(expectPortError);
}

function unanswered({ name }: PortCall): PortError {
  return new PortError('transient', name, `${name}: the connection was reset`);
}

/** A port may refuse what comes twice or late; anything else is a mistake in the test's own parts. */
function expectPortError(error: unknown): void {
  if (!(error instanceof PortError)) throw error;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof AbortSignal || Buffer.isBuffer(value)) return undefined;
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
}
