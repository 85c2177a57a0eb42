import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Memo } from '../../../../runtime/remote/git/memo.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-memo-'));
  path = join(folder, 'memo');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('remembers on disk', async () => {
  const key = Memo.key('kind', 'a', 'b');
  const memo = new Memo(path);
  expect(await memo.get(key)).toBeUndefined();
  await memo.set(key, 'yes');
  expect(await memo.get(key)).toBe('yes');
  expect(await new Memo(path).get(key)).toBe('yes');
});

it('tells questions apart by their parts', () => {
  const keys = [Memo.key('a', 'b'), Memo.key('ab'), Memo.key('a', 'b', ''), Memo.key('a b')];
  expect(new Set(keys).size).toBe(4);
});

it('skips lines that are torn or foreign', async () => {
  const [one, two] = [Memo.key('1'), Memo.key('2')];
  appendFileSync(path, `${one} yes\nnonsense\n${two} n o\n${two.slice(0, 9)}`);
  const memo = new Memo(path);
  expect(await memo.get(one)).toBe('yes');
  expect(await memo.get(two)).toBeUndefined();
});

it('stays bounded', async () => {
  const key = (index: number): string => Memo.key(String(index));
  appendFileSync(path, Array.from({ length: 45_000 }, (_, index) => `${key(index)} x\n`).join(''));
  const memo = new Memo(path);
  await memo.set(key(50_000), 'y');
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(20_001);
  expect(await memo.get(key(50_000))).toBe('y');
  expect(await memo.get(key(0))).toBeUndefined();
});
