import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

interface Report {
  readonly pairs: number;
  readonly figures: readonly { readonly name: string; readonly value: number }[];
  readonly steady: {
    readonly calls: Readonly<Record<string, number>>;
    readonly states: Readonly<Record<string, number>>;
  };
}

it('the bench measures everything that it names, in a small world', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['test/bench/main.ts', '--quick', '--json'],
    { maxBuffer: 10_000_000 },
  );
  const report = JSON.parse(stdout) as Report;
  expect(report.pairs).toBe(100);
  expect(report.figures.length).toBeGreaterThan(8);
  for (const { value } of report.figures) expect(value).toBeGreaterThan(0);
  expect(report.steady.states).toEqual({ 'up-to-date': 80, build: 20 });
  // One ls-remote for each of five sources and the manifests, and one list of pull requests.
  expect(report.steady.calls).toEqual({ 'forge GET': 2, 'git ls-remote': 6, 'registry HEAD': 40 });
}, 300_000);
