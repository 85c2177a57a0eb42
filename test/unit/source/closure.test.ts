import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ignoreFileCandidates, inputClosure } from '../../../runtime/source/closure.ts';
import type { ClosureRequest } from '../../../runtime/source/closure.ts';
import { ignoreMatcher, parseDockerignore } from '../../../runtime/source/dockerignore.ts';
import {
  contexts,
  dockerfilePaths,
  dockerfileText,
  entry,
  filePaths,
  ignoreLines,
  sources,
} from './trees.ts';

const files = [
  'components/app/.dockerignore',
  'components/app/Dockerfile',
  'components/app/README.md',
  'components/app/go.mod',
  'components/app/go.sum',
  'components/app/main.go',
  'components/app/pkg/a.go',
  'components/app/pkg/a_test.go',
  'components/app/pkg/doc/x.md',
  'components/other/main.go',
  'go.work',
];
const app = 'components/app';

function closure(text: string, more: Partial<ClosureRequest> & { ignore?: string } = {}) {
  const { ignore, ...rest } = more;
  return inputClosure({
    entries: files.map((path) => entry(path)),
    context: app,
    dockerfile: { path: `${app}/Dockerfile`, text },
    ...(ignore !== undefined && { ignoreFile: { path: `${app}/.dockerignore`, text: ignore } }),
    ...rest,
  });
}

/** What the closure selects, without the folder that all of it is in. */
function selected(result: ReturnType<typeof inputClosure>): string[] {
  return result.entries.map((each) => each.path.replace(`${app}/`, ''));
}

describe('inputClosure', () => {
  it('is the Dockerfile and what it copies', () => {
    const result = closure('FROM x\nCOPY pkg main.go /src/');
    expect(result.paths).toEqual([`${app}/Dockerfile`, `${app}/pkg`, `${app}/main.go`]);
    expect(selected(result)).toEqual(['Dockerfile', 'main.go', 'pkg/a.go', 'pkg/a_test.go', 'pkg/doc/x.md']);
    expect(result).toMatchObject({ basis: 'dockerfile', missing: [], needs: [] });
    expect(result.reason).toBeUndefined();
  });

  it('says wildcards as git globs, with what is below', () => {
    const result = closure('FROM x\nCOPY go.* ./\nCOPY pkg/?.go /x');
    expect(result.paths).toEqual([
      `${app}/Dockerfile`,
      `:(glob)${app}/go.*`,
      `:(glob)${app}/go.*/**`,
      `:(glob)${app}/pkg/*.go`,
      `:(glob)${app}/pkg/*.go/**`,
    ]);
    expect(selected(result)).toEqual(['Dockerfile', 'go.mod', 'go.sum', 'pkg/a.go', 'pkg/a_test.go']);
  });

  it('is the context for COPY . and for all of its children', () => {
    expect(closure('FROM x\nCOPY . .').paths).toEqual([app]);
    expect(closure('FROM x\nCOPY * /x/').paths).toEqual([app]);
    const root = closure('FROM x\nCOPY . .', { context: '' });
    expect(root.paths).toEqual(['.']);
    expect(root.entries).toHaveLength(files.length);
  });

  it('takes away what the ignore file says and git can say too', () => {
    const result = closure('FROM x\nCOPY . .', { ignore: '**/*.md\npkg/doc\n*_test.go' });
    expect(result.paths).toEqual([
      app,
      `:(exclude,glob)${app}/**/*.md`,
      `:(exclude,glob)${app}/**/*.md/**`,
      `:(exclude)${app}/pkg/doc`,
      `:(exclude,glob)${app}/*_test.go`,
      `:(exclude,glob)${app}/*_test.go/**`,
    ]);
    expect(selected(result)).not.toContain('pkg/doc/x.md');
    expect(selected(result)).toContain('pkg/a_test.go');
  });

  it('names no exclude that has nothing to say', () => {
    const result = closure('FROM x\nCOPY main.go /', { ignore: 'pkg\nREADME.md' });
    expect(result.paths).toEqual([`${app}/Dockerfile`, `${app}/.dockerignore`, `${app}/main.go`]);
  });

  it('always has the Dockerfile and the ignore file', () => {
    const result = closure('FROM x\nCOPY . .', { ignore: 'Dockerfile*\n.dockerignore\n**/.*\npkg' });
    expect(result.paths).toEqual([app, `:(exclude)${app}/pkg`]);
  });

  it('leaves out an exclude with exceptions, and keeps the others', () => {
    const result = closure('FROM x\nCOPY . .', { ignore: 'pkg\n!pkg/a.go\ngo.sum' });
    expect(result.paths).toEqual([app, `:(exclude)${app}/go.sum`]);
  });

  it('reads "ignore everything but" as a list of what counts', () => {
    const result = closure('FROM x\nCOPY . .', { ignore: '*\n!pkg/*.go\n!go.mod\n**/*_test.go' });
    expect(result.paths).toEqual([
      `${app}/Dockerfile`,
      `${app}/.dockerignore`,
      `:(glob)${app}/pkg/*.go`,
      `:(glob)${app}/pkg/*.go/**`,
      `${app}/go.mod`,
      `:(exclude,glob)${app}/**/*_test.go`,
      `:(exclude,glob)${app}/**/*_test.go/**`,
    ]);
    expect(selected(result)).toEqual(['.dockerignore', 'Dockerfile', 'go.mod', 'pkg/a.go']);
    const narrow = closure('FROM x\nCOPY pkg /x', { ignore: '**\n!**/*.md\n!go.mod' });
    expect(selected(narrow)).toEqual(['.dockerignore', 'Dockerfile', 'pkg/doc/x.md']);
  });

  it('has the Dockerfile wherever it lies', () => {
    const dockerfile = { path: 'build/app.Dockerfile', text: 'FROM x\nCOPY go.mod /' };
    const result = closure('', {
      dockerfile,
      entries: [...files, dockerfile.path].map((path) => entry(path)),
    });
    expect(result.paths).toEqual(['build/app.Dockerfile', `${app}/go.mod`]);
    expect(result.entries.map((each) => each.path)).toEqual(['build/app.Dockerfile', `${app}/go.mod`]);
  });

  it('is the whole context where nothing can be proven, and says why', () => {
    expect(closure('FROM x\nCOPY $X /', { ignore: 'pkg' })).toMatchObject({
      basis: 'context',
      paths: [app],
      reason: `${app}/Dockerfile: line 2: COPY $X: $X is not declared here, and the base image may set it`,
    });
    expect(closure('FROM x\nCOPY a /', { ignore: '!' })).toMatchObject({
      basis: 'context',
      reason: `${app}/.dockerignore: line 1, "": "!" alone is no pattern`,
    });
    const linked = files.map((path) => entry(path, path, path.endsWith('Dockerfile') ? '120000' : '100644'));
    expect(closure('FROM x', { entries: linked }).reason).toBe(`${app}/Dockerfile is a symbolic link`);
  });

  it('does as a person says', () => {
    expect(closure('FROM x', { inputs: 'context', ignore: 'pkg' })).toMatchObject({
      basis: 'context',
      paths: [app],
    });
    expect(closure('FROM x', { inputs: 'context' }).reason).toBeUndefined();
    const inputs = ['components/other', '**/*.go', '!**/*_test.go', '!components/app/Dockerfile'];
    const result = closure('FROM x\nCOPY . .', { inputs });
    expect(result).toMatchObject({ basis: 'globs', missing: [] });
    expect(result.paths).toEqual([
      `${app}/Dockerfile`,
      'components/other',
      ':(glob)**/*.go',
      ':(exclude,glob)**/*_test.go',
    ]);
    expect(selected(result)).toEqual(['Dockerfile', 'main.go', 'pkg/a.go', 'components/other/main.go']);
    expect(() => closure('FROM x', { inputs: ['../x'] })).toThrow('".." segment');
  });

  it('names what is copied and is not there', () => {
    const result = closure('FROM x\nCOPY nothing pkg main.go no.* /x/', { ignore: 'main.go' });
    expect(result.missing).toEqual([`${app}/nothing`, `${app}/main.go`]);
  });

  it('reads for every platform', () => {
    const text = 'FROM x\nARG TARGETARCH\nCOPY bin-$TARGETARCH /bin/x';
    expect(closure(text, { platforms: ['linux/amd64', 'linux/arm64'] }).paths).toEqual([
      `${app}/Dockerfile`,
      `${app}/bin-amd64`,
      `${app}/bin-arm64`,
    ]);
    expect(closure(text).basis).toBe('context');
  });

  it('writes names that git would misread as what they are', () => {
    const text = 'FROM x\nRUN --mount=source=a*,target=/a --mount=source=b[c]/d,target=/b true\nCOPY :d /x';
    expect(closure(text, { context: '', dockerfile: { path: 'Dockerfile', text } }).paths).toEqual([
      'Dockerfile',
      ':(literal)a*',
      ':(literal)b[c]/d',
      ':(literal):d',
    ]);
  });
});

describe('inputClosure: links and submodules', () => {
  const link = (path: string, target: string) => entry(path, target, '120000');
  const tree = (...special: ReturnType<typeof entry>[]) => [
    entry('Dockerfile'),
    entry('real/a'),
    entry('real/deep/b'),
    ...special,
  ];
  const result = (source: string, entries: ReturnType<typeof tree>, targets: readonly string[] = []) =>
    closure('', {
      context: '',
      dockerfile: { path: 'Dockerfile', text: `FROM x\nCOPY ${source} /x` },
      entries,
      links: new Map(targets.map((target) => [entry('', target).oid, target])),
    });

  it('follows links in the way and at the end, and keeps the links', () => {
    const entries = tree(link('link', 'real/deep'), link('up/two', '../link'));
    expect(result('link', entries, ['real/deep', '../link']).paths).toEqual([
      'Dockerfile',
      'link',
      'real/deep',
    ]);
    const far = result('up/two/b', entries, ['real/deep', '../link']);
    expect(far.entries.map(({ path }) => path)).toEqual(['Dockerfile', 'link', 'real/deep/b', 'up/two']);
    expect(far.missing).toEqual([]);
    const wild = result('l*', entries, ['real/deep', '../link']);
    expect(wild.entries.map(({ path }) => path)).toEqual(['Dockerfile', 'link', 'real/deep/b']);
  });

  it('follows none below a directory that it copies', () => {
    expect(result('real', tree(link('real/out', '/etc'))).basis).toBe('dockerfile');
  });

  it('asks for links that it has not read', () => {
    const entries = tree(link('link', 'real'), link('unrelated', 'x'));
    expect(result('link', entries)).toMatchObject({ basis: 'context', needs: [entry('', 'real').oid] });
  });

  it.each([
    ['/etc', 'leads out of the context'],
    ['../x', 'leads out of the context'],
    ['link', 'link in a circle'],
  ])('does not follow one to %s', (target, reason) => {
    expect(result('link', tree(link('link', target)), [target])).toMatchObject({
      basis: 'context',
      paths: ['.'],
    });
    expect(result('link', tree(link('link', target)), [target]).reason).toContain(reason);
  });

  it('counts the commit of a submodule that a source leads into', () => {
    const entries = tree(entry('sub', 'commit', '160000'));
    expect(result('sub/dir/x', entries).entries.map(({ path }) => path)).toEqual(['Dockerfile', 'sub']);
  });
});

it('knows where ignore files are', () => {
  expect(ignoreFileCandidates('build/app.Dockerfile', 'ctx')).toEqual([
    'build/app.Dockerfile.dockerignore',
    'ctx/.dockerignore',
  ]);
  expect(ignoreFileCandidates('Dockerfile', '')).toEqual(['Dockerfile.dockerignore', '.dockerignore']);
});

describe('no file that a build can read', () => {
  /** Go's `filepath.Match`, segment by segment, for the path or a directory above it. */
  function copies(source: string, path: string): boolean {
    const wanted = source.split('/').filter((part) => part !== '' && part !== '.');
    const actual = path.split('/');
    return wanted.every((glob, index) => {
      const pattern = glob.replace(/[.]/gu, '\\.').replace(/\*/gu, '[^/]*').replace(/\?/gu, '.');
      return new RegExp(`^${pattern}$`, 'u').test(actual[index] ?? '');
    });
  }

  it('is outside of the closure', () => {
    fc.assert(
      fc.property(
        filePaths,
        contexts,
        dockerfilePaths,
        sources,
        ignoreLines,
        (paths, context, file, copied, lines) => {
          const ignorePath = ignoreFileCandidates(file, context)[1];
          const entries = [...new Set([...paths, file, ignorePath])].map((path) => entry(path));
          const result = inputClosure({
            entries,
            context,
            dockerfile: { path: file, text: dockerfileText(copied) },
            ignoreFile: { path: ignorePath, text: lines.join('\n') },
          });
          const parsed = parseDockerignore(lines.join('\n'));
          const isIgnored = ignoreMatcher(parsed.problem === undefined ? parsed.rules : []);
          const prefix = context === '' ? '' : `${context}/`;
          const read = entries
            .map(({ path }) => path)
            .filter((path) => path.startsWith(prefix))
            .filter((path) => copied.some((source) => copies(source, path.slice(prefix.length))))
            .filter((path) => !isIgnored(path.slice(prefix.length)));
          const inside = new Set(result.entries.map(({ path }) => path));
          expect([...read, file, ignorePath].filter((path) => !inside.has(path))).toEqual([]);
          expect(result.basis).toBe('dockerfile');
        },
      ),
      { numRuns: 500 },
    );
  });
});
