import { describe, expect, it } from '@jest/globals';
import { belongings, parsePs, parseStat } from '../../../../runtime/local/builder/processes.ts';
import type { ProcessTable } from '../../../../runtime/local/builder/processes.ts';

const entry = (parent: number, group: number, session: number, began = 'then') => ({
  parent,
  group,
  session,
  began,
});

describe('belongings', () => {
  const shim = { pid: 100, began: 'then' };

  it('are of its group, of its session, or below one of them', () => {
    const table: ProcessTable = new Map<number, ReturnType<typeof entry> & { build?: string }>([
      [1, entry(0, 1, 1)],
      [100, entry(1, 100, 100)],
      [101, entry(100, 100, 100)],
      [102, entry(1, 100, 100)],
      [103, entry(1, 103, 100)],
      [104, entry(101, 104, 104)],
      [105, entry(104, 105, 105)],
      [106, { ...entry(1, 106, 106), build: '/b' }],
      [200, entry(1, 200, 200)],
      [201, { ...entry(1, 201, 201), build: '/b2' }],
    ]);
    expect([...belongings(table, shim, '/b')].sort()).toEqual([101, 102, 103, 104, 105, 106]);
  });

  it('are left when the shim has gone', () => {
    expect(belongings(new Map([[102, entry(1, 100, 100)]]), shim, '/b')).toEqual([102]);
  });

  it('are none of a stranger that got the same id', () => {
    const table = new Map([
      [100, entry(1, 100, 100, 'later')],
      [101, entry(100, 100, 100, 'later')],
    ]);
    expect(belongings(table, shim, '/b')).toEqual([]);
  });
});

it('reads /proc/<pid>/stat whatever the command is called', () => {
  const rest = 'S 7 8 9 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 12345 0';
  expect(parseStat(`42 (a) R (b c) ${rest}`, 'boot')).toEqual({
    parent: 7,
    group: 8,
    session: 9,
    began: 'boot:12345',
  });
  expect(parseStat(`42 (x) ${rest.replace('S', 'Z')}`, 'boot')).toBeUndefined();
});

it('reads ps', () => {
  const table = parsePs(
    '    1     0     1 Ss   Sat Nov 21 09:00:00 2026\n  42     1    40 Z    Sat Nov 21 09:00:01 2026\n',
  );
  expect([...table]).toEqual([[1, { parent: 0, group: 1, session: 0, began: 'Sat Nov 21 09:00:00 2026' }]]);
});
