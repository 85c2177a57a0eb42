// Every check of the project, one after another; a failing one stops none that follows.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const bin = (name) => join('node_modules', '.bin', name);
const cache = join(
  process.env.SLIPWAY_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'slipway'),
  'bin',
);
const report = join(mkdtempSync(join(tmpdir(), 'slipway-test-')), 'jest.json');
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--json',
  `--outputFile=${report}`,
  ...process.argv.slice(2),
];
const checks = [
  ['types', bin('tsc'), ['-p', '.']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['lint', bin('eslint'), ['.', '--max-warnings', '0']],
  ['directions', bin('depcruise'), ['runtime', '--config', '.dependency-cruiser.js', '--output-type', 'err']],
  ['tests', process.execPath, jest],
];

let failed = 0;
for (const [name, command, args] of checks) {
  const started = performance.now();
  // The report on standard output is for programs; people read the other stream.
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', name === 'tests' ? 'ignore' : 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${cache}${delimiter}${process.env.PATH}` },
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (status !== 0) failed += 1;
}
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
  console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
}
rmSync(join(report, '..'), { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
