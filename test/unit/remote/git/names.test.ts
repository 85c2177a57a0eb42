import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  checkPath,
  isOid,
  isRefName,
  matchesPattern,
  printable,
} from '../../../../runtime/remote/git/names.ts';

function gitAccepts(ref: string): boolean {
  try {
    execFileSync('git', ['check-ref-format', ref], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('isRefName', () => {
  it('accepts nothing that git refuses', () => {
    const piece = fc.constantFrom(
      'a',
      'B9',
      '.',
      '..',
      '@',
      '{',
      '@{',
      '/',
      '//',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
      ' ',
      '\t',
      '.lock',
      '-',
      'ü',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
        const ref = `refs/heads/${pieces.join('')}`;
        expect([ref, isRefName(ref)]).toEqual([ref, gitAccepts(ref)]);
      }),
      { numRuns: 150 },
    );
  });

  it('wants a full name', () => {
    expect(
      ['main', 'heads/main', 'refs', 'refs/heads', 'refs/heads/', '--all', 'refs/heads/a\nb'].filter(
        isRefName,
      ),
    ).toEqual([]);
  });
});

it('matchesPattern takes a star at the end for any rest', () => {
  expect(matchesPattern('refs/heads/a/b', 'refs/heads/*')).toBe(true);
  expect(matchesPattern('refs/heads/a', 'refs/heads/a')).toBe(true);
  expect(matchesPattern('refs/x/refs/heads/a', 'refs/heads/a')).toBe(false);
  expect(matchesPattern('refs/heads/ab', 'refs/heads/a')).toBe(false);
});

it('checkPath stays inside', () => {
  expect(checkPath('a/...b/.gitignore')).toBe('a/...b/.gitignore');
  for (const path of ['', '/', '/a', 'a/', 'a//b', '.', 'a/./b', '..', 'a/../b', '.git', 'a/.GIT/b', 'a\0'])
    expect(() => checkPath(path)).toThrow('is not a path inside');
});

it('isOid knows both lengths', () => {
  expect([
    isOid('a'.repeat(40)),
    isOid('0'.repeat(64)),
    isOid('a'.repeat(39)),
    isOid('A'.repeat(40)),
    isOid('HEAD'),
  ]).toEqual([true, true, false, false, false]);
});

it('printable fits on a line', () => {
  expect(printable('a\n\u001b[31mb\0')).toBe('a  [31mb ');
  expect(printable('x'.repeat(500))).toHaveLength(200);
});
