import { expect, it } from '@jest/globals';
import { writeIntervalOf } from '../../../../runtime/remote/github/options.ts';

it.each([
  ['http://127.0.0.1:3100', 0],
  ['http://localhost:3100/api/v3', 0],
  ['http://[::1]:3100', 0],
  ['https://api.github.com', 1_000],
  ['https://127.0.0.1.example.com/api/v3', 1_000],
])('writes through %s are %i ms apart', (api, interval) => {
  expect(writeIntervalOf(api)).toBe(interval);
});
