import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TreeEntry } from '../../../runtime/ports/index.ts';
import { ignoreFileCandidates, inputClosure } from '../../../runtime/source/closure.ts';
import { pathspecMatcher } from '../../../runtime/source/pathspec.ts';
import {
  contexts,
  dockerfilePaths,
  dockerfileText,
  filePaths,
  ignoreLines,
  sources,
  withoutCollisions,
} from '../../unit/source/trees.ts';

let repository: string;
let histories = 0;

beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), 'slipway-closure-'));
  git(['init', '--quiet', '--bare', '.']);
});

afterAll(() => rmSync(repository, { recursive: true, force: true }));

function git(args: readonly string[], input?: string): string {
  return execFileSync('git', args, {
    cwd: repository,
    encoding: 'utf8',
    input,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  });
}

/** The content of every file of one commit. */
type Snapshot = ReadonlyMap<string, string>;

/** Commits the snapshots one after the other; returns the branch. */
function commitAll(snapshots: readonly Snapshot[]): string {
  const branch = `refs/heads/h${++histories}`;
  const commits = snapshots.map((snapshot, index) => {
    const files = [...snapshot].map(
      ([path, content]) => `M 100644 inline ${JSON.stringify(path)}\n${data(content)}`,
    );
    return `commit ${branch}\ncommitter a <a@example.com> ${1_600_000_000 + index} +0000\n${data(`${index}`)}deleteall\n${files.join('')}\n`;
  });
  git(['fast-import', '--quiet', '--force'], commits.join(''));
  return branch;
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

function entriesAt(commit: string): TreeEntry[] {
  const lines = git(['ls-tree', '-r', '-z', commit]).split('\0').filter(Boolean);
  return lines.map((line) => {
    const [, mode = '', oid = '', path = ''] = /^(\d+) \w+ (\w+)\t(.*)$/su.exec(line) ?? [];
    return { mode, oid, path };
  });
}

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

function selectedByGit(commit: string, paths: readonly string[]): string[] {
  const names = git(['diff', '--name-only', '--no-renames', '-z', emptyTree, commit, '--', ...paths]);
  return names.split('\0').filter(Boolean).sort();
}

describe('pathspecs of a closure', () => {
  const change = fc.array(fc.tuple(fc.nat(30), fc.constantFrom('edit', 'remove')), {
    minLength: 1,
    maxLength: 2,
  });
  const inputs = fc
    .tuple(
      fc.constantFrom('src', 'a', '**/*.md', '*/a', '[!a]*', '**/a/**', '??.md', 'ctx', '*'),
      fc.array(fc.constantFrom('b', '!**/b', '![a-h]*', '!ctx/a', '!**/?.md'), { maxLength: 2 }),
    )
    .map(([first, more]) => [first, ...more]);
  const build = fc.record({
    paths: filePaths,
    changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    context: contexts,
    dockerfile: dockerfilePaths,
    copied: sources,
    ignored: fc.option(ignoreLines, { nil: undefined }),
    inputs: fc.option(fc.oneof(fc.constant('context' as const), inputs), { nil: undefined, freq: 3 }),
  });

  it('select in git what they select here, in every commit, and name the last change', () => {
    fc.assert(
      fc.property(build, ({ paths, changes, context, dockerfile, copied, ignored, inputs }) => {
        const ignorePath = ignored === undefined ? undefined : ignoreFileCandidates(dockerfile, context)[1];
        const always = [dockerfile, ...(ignorePath === undefined ? [] : [ignorePath])];
        const kept = withoutCollisions([...always, ...paths]);
        fc.pre(always.every((path) => kept.includes(path)));
        const snapshots = history(kept, new Set(always), changes);
        const branch = commitAll(snapshots);
        const entries = entriesAt(branch);
        const closure = inputClosure({
          entries,
          context,
          dockerfile: { path: dockerfile, text: dockerfileText(copied) },
          ...(ignorePath !== undefined && {
            ignoreFile: { path: ignorePath, text: ignored?.join('\n') ?? '' },
          }),
          ...(inputs !== undefined && { inputs }),
        });
        expect(closure.entries.map(({ path }) => path).sort()).toEqual(selectedByGit(branch, closure.paths));

        const selects = pathspecMatcher(closure.paths);
        const contents = snapshots.map((snapshot) =>
          JSON.stringify([...snapshot].filter(([path]) => selects(path)).sort()),
        );
        const last = contents.findLastIndex((content, index) => content !== (contents[index - 1] ?? '[]'));
        const named = git(['log', '-n1', '--format=%s', branch, '--', ...closure.paths]).trim();
        expect(named).toBe(String(last));
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

/** A first commit of all files, then one commit for each list of changes. */
function history(
  paths: readonly string[],
  protectedPaths: ReadonlySet<string>,
  changes: readonly (readonly [number, string][])[],
): Snapshot[] {
  let current = new Map(paths.map((path) => [path, 'first']));
  const snapshots: Snapshot[] = [current];
  for (const [index, edits] of changes.entries()) {
    current = new Map(current);
    for (const [which, what] of edits) {
      const path = paths[which % paths.length] ?? '';
      if (what === 'edit') current.set(path, `edit ${index}`);
      else if (!protectedPaths.has(path)) current.delete(path);
    }
    snapshots.push(current);
  }
  return snapshots;
}
