import { describe, expect, it } from '@jest/globals';
import type { BuildAttempt } from '../../../runtime/api/application-version.ts';
import { buildMemory, updateAttempts, withIntent } from '../../../runtime/delivery/attempts.ts';
import type { PairFacts } from '../../../runtime/delivery/observed.ts';
import type { Build } from '../../../runtime/ports/index.ts';
import { at, build, facts, minute, now, observed, pair, stored } from '../../support/delivery-facts.ts';

const attempt = (over: Partial<BuildAttempt> = {}): BuildAttempt => ({
  key: 'k',
  number: 1,
  build: 'b-1',
  startedAt: at(-5),
  outcome: 'started',
  ...over,
});
const failed = (over: Partial<BuildAttempt> = {}) =>
  attempt({ outcome: 'permanent', finishedAt: at(-2), reason: 'BuildFailed', ...over });
const remembering = (attempts: BuildAttempt[], application = 'web', retry?: string): PairFacts =>
  facts({ pair: pair({ application }), stored: stored(retry ? { retry } : {}, { attempts }) });
const ended = (over: Partial<Build>): Build =>
  build({ name: 'b-1', key: 'k', finishedAt: now - minute, ...over });

describe('updateAttempts', () => {
  const failure = { kind: 'transient' as const, reason: 'DiskFull', message: 'no space' };
  it.each<[string, Build[], Partial<BuildAttempt>]>([
    ['never started', [], {}],
    ['waiting', [ended({ phase: 'pending' })], {}],
    ['running', [ended({ phase: 'running' })], {}],
    ['done', [ended({ phase: 'succeeded' })], { outcome: 'succeeded', finishedAt: at(-1) }],
    [
      'cancelled',
      [ended({ phase: 'cancelled' })],
      { outcome: 'cancelled', finishedAt: at(-1), reason: 'Cancelled' },
    ],
    [
      'failed',
      [ended({ phase: 'failed', failure })],
      { outcome: 'transient', finishedAt: at(-1), reason: 'DiskFull', message: 'no space' },
    ],
    [
      'failed without a word, at an unknown time',
      [build({ name: 'b-1', key: 'k', phase: 'failed' })],
      { outcome: 'permanent', finishedAt: at(-5), reason: 'Failed', message: '' },
    ],
    ['of another key', [ended({ phase: 'failed', key: 'other', failure })], {}],
  ])('%s', (_, builds, over) => {
    const updated = updateAttempts(observed([remembering([attempt()])], { builds }));
    expect(updated.get('v1-web')).toEqual([attempt(over)]);
  });

  it('leaves what has ended', () => {
    const before = [failed()];
    const again = updateAttempts(
      observed([remembering(before)], { builds: [ended({ phase: 'succeeded' })] }),
    );
    expect(again.get('v1-web')).toEqual(before);
  });

  it('blames nobody for what fails in company', () => {
    const together = (applications: string[], reason: (key: string) => string = () => 'RegistryDown') =>
      [
        ...updateAttempts(
          observed(applications.map((one) => remembering([failed({ key: one, reason: reason(one) })], one))),
        ).values(),
      ].map(([one]) => one?.infrastructure === true);
    expect(together(['a', 'b', 'c'])).toEqual([true, true, true]);
    expect(together(['a', 'b'])).toEqual([false, false]);
    expect(together(['a', 'b', 'c'], (one) => `Broken${one}`)).toEqual([false, false, false]);
  });
});

describe('buildMemory', () => {
  const memory = (attempts: BuildAttempt[], over: { retry?: string; key?: string } = {}) => {
    const one = remembering(attempts, 'web', over.retry);
    return buildMemory(over.key ?? 'k', [one], new Map([['v1-web', attempts]]), now);
  };
  const four = [1, 2, 3, 4].map((number) => failed({ number, build: `b-${number}` }));

  it.each<[string, BuildAttempt[], { retry?: string; key?: string }, object]>([
    ['nothing', [], {}, { decision: 'retry-now', next: 1, cancelled: false }],
    ['announced', [attempt()], {}, { decision: 'retry-now', next: 1 }],
    ['announced again', [failed(), attempt({ number: 2 })], {}, { next: 2 }],
    [
      'succeeded, and the image is gone',
      [attempt({ outcome: 'succeeded' })],
      {},
      { decision: 'retry-now', next: 2 },
    ],
    [
      'failed just now',
      [failed({ finishedAt: at(0) })],
      {},
      { decision: { waitUntil: expect.any(Number) }, next: 2 },
    ],
    ['failed a while ago', [failed({ finishedAt: at(-5) })], {}, { decision: 'retry-now', next: 2 }],
    [
      'failed too often',
      four,
      {},
      { decision: { stopped: expect.stringContaining('failed 4 times') }, next: 5 },
    ],
    ['then said retry', four, { retry: at(-1) }, { decision: 'retry-now', next: 5 }],
    ['said retry before', four, { retry: at(-3) }, { decision: { stopped: expect.any(String) } }],
    ['then its inputs change', four, { key: 'l' }, { decision: 'retry-now', next: 1 }],
    [
      'in company',
      four.map((one) => ({ ...one, infrastructure: true, finishedAt: at(-60) })),
      {},
      { decision: 'retry-now', next: 5 },
    ],
    ['cancelled', [attempt({ outcome: 'cancelled', finishedAt: at(-2) })], {}, { cancelled: true, next: 2 }],
    [
      'cancelled, then said retry',
      [attempt({ outcome: 'cancelled', finishedAt: at(-2) })],
      { retry: at(-1) },
      { cancelled: false, decision: 'retry-now', next: 2 },
    ],
    [
      'cancelled, then failed',
      [attempt({ outcome: 'cancelled' }), failed({ number: 2, finishedAt: at(-30) })],
      {},
      { cancelled: false, next: 3, lastFailure: expect.objectContaining({ number: 2 }) },
    ],
  ])('%s', (_, attempts, over, expected) => expect(memory(attempts, over)).toMatchObject(expected));

  it('is one of all pairs that share the build', () => {
    const pairs = [remembering([failed()], 'a'), remembering([attempt({ number: 2 })], 'b')];
    const attempts = updateAttempts(observed(pairs));
    expect(buildMemory('k', pairs, attempts, now)).toMatchObject({ next: 2, lastFailure: { number: 1 } });
  });
});

describe('withIntent', () => {
  it('replaces the same build and keeps ten', () => {
    const attempts = Array.from({ length: 10 }, (_, index) => failed({ number: index, build: `b-${index}` }));
    expect(withIntent(attempts, attempt({ build: 'new' })).map((one) => one.build)).toEqual([
      ...attempts.slice(1).map((one) => one.build),
      'new',
    ]);
    expect(withIntent([attempt()], attempt({ startedAt: at(0) }))).toEqual([attempt({ startedAt: at(0) })]);
  });
});
