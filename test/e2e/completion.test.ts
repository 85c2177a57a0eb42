import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));

it('completes the whole command line in a real bash', () => {
  const script = execFileSync(process.execPath, [main, 'completion', 'bash'], { encoding: 'utf8' });
  const complete = (...words: string[]) =>
    execFileSync(
      'bash',
      [
        '--norc',
        '-c',
        `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slipway; printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        ...words,
      ],
      { encoding: 'utf8' },
    ).split('\n');
  expect(complete('slipway', '')).toEqual(
    expect.arrayContaining(['delivery', 'manifests', 'local', 'init', 'doctor', 'completion']),
  );
  expect(complete('slipway', 'delivery', '')).toEqual(expect.arrayContaining(['validate', 'plan', 'apply']));
  expect(complete('slipway', 'delivery', 'plan', '--out')).toContain('--output');
  expect(complete('slipway', 'delivery', 'plan', '-o', 'j')).toContain('json');
  expect(complete('slipway', 'completion', 'f')).toContain('fish');
});

it('refuses another shell', () => {
  expect(() => execFileSync(process.execPath, [main, 'completion', 'tcsh'], { stdio: 'pipe' })).toThrow(
    expect.objectContaining({ status: 2, stderr: expect.any(Buffer) as unknown }),
  );
});
