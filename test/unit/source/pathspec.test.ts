import { describe, expect, it } from '@jest/globals';
import { inputPathspecs, pathspecMatcher } from '../../../runtime/source/pathspec.ts';

describe('inputPathspecs', () => {
  it.each([
    ['components/common', 'components/common'],
    ['./components/common/', 'components/common'],
    ['/go.mod', 'go.mod'],
    ['**/*.go', ':(glob)**/*.go'],
    ['!**/*_test.go', ':(exclude,glob)**/*_test.go'],
    ['!docs', ':(exclude)docs'],
    ['[!a]x', ':(glob)[!a]x'],
    [':odd', ':(literal):odd'],
  ])('writes %s as %s', (text, pathspec) => {
    expect(inputPathspecs([text, 'x'])).toEqual([pathspec, 'x']);
  });

  it.each([
    ['', 'names nothing'],
    ['!', 'names nothing'],
    ['.', 'names nothing'],
    ['../x', '".." segment'],
    ['a//b', 'empty'],
    ['a**/b', '"**" beside'],
    ['a\\*', 'backslash'],
    ['a\nb', 'control character'],
    ['[a', 'brackets'],
    ['[]', 'brackets'],
    ['[a/b]', 'brackets'],
    ['a]', 'brackets'],
  ])('refuses %j', (text, problem) => {
    expect(() => inputPathspecs(['x', text])).toThrow(problem);
    expect(() => inputPathspecs(['x', text])).toThrow('from the root of the repository');
  });
});

it('refuses inputs that only take away', () => {
  expect(() => inputPathspecs(['!docs'])).toThrow('at least one path or glob without "!"');
  expect(() => inputPathspecs([])).toThrow('at least one path');
});

describe('pathspecMatcher', () => {
  it.each<[string[], string[], string[]]>([
    [['.'], ['a', 'a/b'], []],
    [['a'], ['a', 'a/b'], ['ab', 'b/a']],
    [['a', ':(exclude)a/b'], ['a/c'], ['a/b', 'a/b/c', 'b']],
    [[':(glob)a/*'], ['a/b'], ['a/b/c', 'a']],
    [[':(glob)**/a'], ['a', 'b/a', 'b/c/a'], ['a/b', 'ba', 'b/ca']],
    [[':(glob)**/?.md'], ['a.md', 'b/c.md'], ['é.md', 'ab.md', 'b/cd.md']],
    [[':(glob)a/**'], ['a/b', 'a/b/c'], ['a']],
    [[':(glob)a/**/b'], ['a/b', 'a/c/d/b'], ['ab']],
    [[':(glob)\\[a\\]/*.b'], ['[a]/x.b'], ['a/x.b']],
    [[':(literal)a*'], ['a*', 'a*/b'], ['ab']],
    [[], [], ['a']],
  ])('%j', (pathspecs, yes, no) => {
    const selects = pathspecMatcher(pathspecs);
    expect(yes.filter((path) => !selects(path))).toEqual([]);
    expect(no.filter(selects)).toEqual([]);
  });
});
