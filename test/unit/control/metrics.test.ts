import { describe, expect, it } from '@jest/globals';

import { ManualClock } from '../../../runtime/control/clock.ts';
import { createMetrics, measured } from '../../../runtime/control/metrics.ts';
import { PortError } from '../../../runtime/ports/errors.ts';

function setUp() {
  const clock = new ManualClock(1_000_000);
  const metrics = createMetrics(clock);
  return { clock, metrics, lines: async () => (await metrics.text()).split('\n') };
}

describe('createMetrics', () => {
  it('counts passes and says when the last one ended and how long ago', async () => {
    const { clock, metrics, lines } = setUp();
    metrics.driven('delivery');
    metrics.driven('deploy');
    metrics.passFinished('delivery', 'settled', 1_500);
    await clock.advance(30_000);
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'slipway_pass_duration_seconds_count{system="delivery",outcome="settled"} 1',
        'slipway_pass_duration_seconds_sum{system="delivery",outcome="settled"} 1.5',
        'slipway_pass_last_timestamp_seconds{system="delivery",outcome="settled"} 1000',
        'slipway_pass_age_seconds{system="delivery"} 30',
        'slipway_pass_age_seconds{system="deploy"} 30',
      ]),
    );
  });

  it('says how the items stand, and forgets no state', async () => {
    const { metrics, lines } = setUp();
    metrics.items('delivery', [
      { state: 'failed', reason: 'x' },
      { state: 'failed', reason: 'y' },
    ]);
    metrics.items('delivery', [{ state: 'building', reason: 'x' }]);
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'slipway_items{system="delivery",state="failed"} 0',
        'slipway_items{system="delivery",state="building"} 1',
      ]),
    );
  });

  it('counts actions, the queue and leadership', async () => {
    const { metrics, lines } = setUp();
    metrics.actionFinished('delivery', 'build', 'failed');
    metrics.leading('slipway', true);
    const queue = metrics.queue('systems');
    queue.added();
    queue.retried();
    queue.depth(2);
    queue.waited(500);
    queue.worked(2_000);
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'slipway_actions_total{system="delivery",kind="build",outcome="failed"} 1',
        'slipway_leader{name="slipway"} 1',
        'slipway_queue_adds_total{queue="systems"} 1',
        'slipway_queue_retries_total{queue="systems"} 1',
        'slipway_queue_depth{queue="systems"} 2',
        'slipway_queue_wait_seconds_sum{queue="systems"} 0.5',
        'slipway_queue_work_seconds_sum{queue="systems"} 2',
      ]),
    );
    metrics.leading('slipway', false);
    expect(await lines()).toContain('slipway_leader{name="slipway"} 0');
  });

  it('keeps two registries apart', async () => {
    const [one, other] = [setUp(), setUp()];
    one.metrics.leading('slipway', true);
    expect(await other.metrics.text()).not.toContain('slipway_leader{');
    expect(one.metrics.contentType).toContain('text/plain');
  });
});

describe('measured', () => {
  it.each([
    ['ok', () => Promise.resolve('answer')],
    ['denied', () => Promise.reject(new PortError('denied', 'x', 'no'))],
    ['error', () => Promise.reject(new Error('mistake'))],
  ])('counts a call that ends with %s', async (outcome, work) => {
    const { clock, metrics, lines } = setUp();
    const call = measured(metrics, clock, { port: 'forge', host: 'github.com' }, () =>
      clock.sleep(2_000).then(work),
    );
    const ended = call.catch((error: unknown) => error);
    await clock.advance(2_000);
    await ended;
    expect(await lines()).toContain(
      `slipway_outside_call_duration_seconds_sum{port="forge",host="github.com",outcome="${outcome}"} 2`,
    );
  });
});
