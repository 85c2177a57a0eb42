import { describe, expect, it } from '@jest/globals';
import { parseUntil } from '../../../runtime/delivery/until.ts';

const now = Date.parse('2026-03-01T10:00:00Z');

describe('parseUntil', () => {
  it.each([
    ['90m', '2026-03-01T11:30:00Z'],
    ['7d', '2026-03-08T10:00:00Z'],
    ['2026-03-02', '2026-03-02T00:00:00Z'],
    ['2026-03-01T10:01Z', '2026-03-01T10:01:00Z'],
    ['2026-03-01T12:00:00.5+01:00', '2026-03-01T11:00:00Z'],
  ])('takes %s', (text, expected) => expect(parseUntil(text, now)).toBe(expected));

  it.each([
    '',
    'soon',
    '0s',
    '-1d',
    '5',
    '2026-03-01',
    '2026-03-01T10:00Z',
    '2026-13-01',
    '2026-02-31T25:00Z',
  ])('takes %j for no moment to come', (text) => expect(parseUntil(text, now)).toBeUndefined());
});
