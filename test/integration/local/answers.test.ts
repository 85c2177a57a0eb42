import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AnswerCache } from '../../../runtime/local/answers.ts';

describe('the cache of answers', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-answers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('outlives the process', () => {
    const path = join(folder, 'state', 'answers.sqlite');
    const first = AnswerCache.open(path)!;
    first.set('https://forge/pulls', { etag: '"1"', more: true, value: [{ number: 7 }] });
    first.close();
    const second = AnswerCache.open(path)!;
    expect(second.get('https://forge/pulls')).toEqual({ etag: '"1"', more: true, value: [{ number: 7 }] });
    expect(second.get('https://forge/other')).toBeUndefined();
    second.close();
  });

  it('replaces a damaged file', () => {
    const path = join(folder, 'answers.sqlite');
    writeFileSync(path, 'this is no database, and long enough to be looked at as one'.repeat(100));
    const cache = AnswerCache.open(path)!;
    cache.set('a', { etag: '"1"', more: false, value: null });
    expect(cache.get('a')?.etag).toBe('"1"');
    cache.close();
  });

  it('does without where no file can be', () => {
    expect(AnswerCache.open(folder)).toBeUndefined();
  });
});
