import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { untilAborted, untilCancelled } from '../../../runtime/ports/abort.ts';

const never = new Promise<never>(() => undefined);

describe('untilAborted', () => {
  it('gives what the work gives, and lets go of the signal', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(untilAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends with the signal, before and during the work', async () => {
    const stop = new AbortController();
    const waiting = untilAborted(never, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(untilAborted(never, stop.signal)).rejects.toThrow('enough');
    expect(await untilAborted(Promise.resolve('ended already'), stop.signal)).toBe('ended already');
  });
});

it('untilCancelled says what was cancelled, and why', async () => {
  const reason = new Error('enough');
  await expect(untilCancelled(never, 'kubeflow/manifests', AbortSignal.abort(reason))).rejects.toMatchObject({
    fault: 'cancelled',
    subject: 'kubeflow/manifests',
    message: 'kubeflow/manifests: cancelled',
    cause: reason,
  });
  expect(await untilCancelled(Promise.resolve(1), 'kubeflow/manifests', undefined)).toBe(1);
});
