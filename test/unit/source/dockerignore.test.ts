import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ignoreMatcher, parseDockerignore } from '../../../runtime/source/dockerignore.ts';

function ignored(text: string, path: string): boolean {
  const { rules, problem } = { rules: [], problem: undefined, ...parseDockerignore(text) };
  if (problem !== undefined) throw new Error(problem);
  return ignoreMatcher(rules)(path);
}

describe('.dockerignore', () => {
  // What moby's patternmatcher says.
  it.each<[string, string[], string[]]>([
    ['', [], ['a']],
    ['a', ['a', 'a/b', 'a/b/c'], ['b', 'b/a', 'aa']],
    ['/a', ['a'], ['b/a']],
    ['a/', ['a', 'a/b'], ['b/a']],
    ['./a/../b', ['b'], ['a']],
    ['*', ['a', 'a/b', '.hidden'], []],
    ['*/b', ['a/b', 'a/b/c'], ['b', 'a/c/b']],
    ['**', ['a', 'a/b/c'], []],
    ['**/b', ['b', 'a/b', 'a/c/b/d'], ['ab', 'a/cb']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'b']],
    ['a/**/b', ['a/b', 'a/c/b', 'a/c/d/b'], ['a', 'b', 'a/bc', 'a/cb']],
    ['**/b?', ['bc', 'a/bc'], ['abc', 'a/abc']],
    ['**/*.md', ['x.md', 'a/b/x.md'], ['x.mdx']],
    ['**.md', ['x.md', 'a/b/x.md'], ['x.mdx']],
    ['a**', ['a', 'ab', 'ab/c'], ['b']],
    ['a?c', ['abc', 'aéc'], ['ac', 'abbc', 'a/c']],
    ['*.py[cod]', ['a.pyc', 'a.pyo'], ['a.py', 'a.pyx']],
    ['[^a-c]x', ['dx'], ['ax', 'bx', 'x']],
    ['a\\*', ['a*'], ['ab']],
    ['a.c', ['a.c'], ['abc']],
    ['a+(b)|c${d}', ['a+(b)|c${d}'], ['aab']],
    ['A', ['A'], ['a']],
    ['.', [], ['a']],
    ['..', [], ['a']],
    ['/', [], ['a']],
    ['# a\n#b\n\n  c  \n', ['c'], ['a', '#b', 'b']],
    ['\uFEFFa', ['a'], []],
    ['a\r\nb\r\n', ['a', 'b'], []],
    [' # a', ['# a'], ['a']],
    ['*\n!a', ['b', 'b/c'], ['a', 'a/b']],
    ['!a\n*', ['a', 'b'], []],
    ['a\n!a/b', ['a', 'a/c'], ['a/b', 'a/b/c']],
    ['a\n! a/b', ['a/c'], ['a/b']],
    ['a\n!/a/b/', ['a/c'], ['a/b']],
    ['*.md\n!README*.md\nREADME-secret.md', ['x.md', 'README-secret.md'], ['README.md', 'README-1.md']],
    ['*.md\nREADME-secret.md\n!README*.md', ['x.md'], ['README.md', 'README-secret.md']],
    ['**\n!src/**/*.go\nsrc/**/*_test.go', ['x', 'src/a.c', 'src/a/b_test.go'], ['src/a.go', 'src/a/b.go']],
  ])('%j ignores %j, not %j', (text, yes, no) => {
    expect(yes.filter((path) => !ignored(text, path))).toEqual([]);
    expect(no.filter((path) => ignored(text, path))).toEqual([]);
  });

  it.each([
    ['a\n!', 'line 2, "": "!" alone'],
    ['[a', 'line 1, "[a": has brackets'],
    ['a\\', 'ends with a backslash'],
    ['x'.repeat(2000), 'longer than'],
    ['a\n'.repeat(600), 'more than 512 patterns'],
  ])('refuses %.20j', (text, problem) => {
    expect(parseDockerignore(text).problem).toContain(problem);
  });

  it('is not slowed down by patterns made for that', () => {
    const text = `${'*a'.repeat(30)}b\n${'**/a/'.repeat(30)}b`;
    expect(ignored(text, 'a/'.repeat(500) + 'a'.repeat(250))).toBe(false);
  });

  it('ignores all below what it ignores, unless there are exceptions', () => {
    const line = fc.stringMatching(/^[ab*/?.]{1,6}$/u);
    const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'a.b'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), path, (lines, segments) => {
        const parsed = parseDockerignore(lines.join('\n'));
        fc.pre(parsed.problem === undefined);
        const isIgnored = ignoreMatcher(parsed.rules);
        const ancestors = segments.map((_, index) => isIgnored(segments.slice(0, index + 1).join('/')));
        expect(ancestors).toEqual([...ancestors].sort((a, b) => Number(a) - Number(b)));
      }),
    );
  });
});
