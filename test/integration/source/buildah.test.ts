import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { inputClosure } from '../../../runtime/source/closure.ts';
import { describeWithTool } from '../../support/tools.ts';
import { entry } from '../../unit/source/trees.ts';

const files = [
  'a/b/c.txt',
  'a/b/node_modules/x.js',
  'a/d.md',
  'a/[e]/f.txt',
  'go.mod',
  'go.sum',
  'go.work/y.go',
  'm.pyc',
  'sp ace/g.txt',
  'src/h.go',
  'src/h_test.go',
  'src/deep/i.go',
];
const links = { 'to-src': 'src', 'src/up': '../a/b', 'to-mod': 'go.mod' };

describeWithTool('buildah', 'apt-get install --yes buildah')('what buildah reads', () => {
  let root: string;
  let context: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-buildah-'));
    context = join(root, 'context');
    for (const path of files) {
      mkdirSync(dirname(join(context, path)), { recursive: true });
      writeFileSync(join(context, path), `content of ${path}`);
    }
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(context, path));
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** Builds, and says whose contents are in the image. */
  function build(dockerfile: string, ignore: string): string[] {
    writeFileSync(join(context, 'Dockerfile'), dockerfile);
    writeFileSync(join(context, '.dockerignore'), ignore);
    const output = mkdtempSync(join(root, 'out-'));
    const storage = [
      '--root',
      join(root, 'storage'),
      '--runroot',
      join(root, 'run'),
      '--storage-driver',
      'vfs',
    ];
    const flags = ['--isolation', 'chroot', '--quiet', '--output', `type=local,dest=${output}`, context];
    execFileSync('buildah', [...storage, 'build', ...flags], { stdio: 'pipe', timeout: 60_000 });
    const found = readdirSync(output, { recursive: true, encoding: 'utf8' })
      .map((path) => join(output, path))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
      .map((path) => /^content of (.*)$/u.exec(readFileSync(path, 'utf8'))?.[1])
      .filter((path) => path !== undefined);
    return [...new Set(found)].sort();
  }

  const everything = files.toSorted();
  const but = (...without: string[]) => everything.filter((path) => !without.includes(path));

  // The files that the closure has; buildah may read fewer where the last column says so.
  it.each<[string, string, string[], string[]?]>([
    ['COPY . /x/', '', everything],
    ['COPY a/b src/deep /x/', '', ['a/b/c.txt', 'a/b/node_modules/x.js', 'src/deep/i.go']],
    ['COPY go.* /x/', '', ['go.mod', 'go.sum', 'go.work/y.go']],
    ['COPY src/*.go /x/', '', ['src/h.go', 'src/h_test.go']],
    ['COPY */d.md *.py[co] /x/', '', ['a/d.md', 'm.pyc']],
    ['COPY ["sp ace", "go.mod", "/x/"]', '', ['go.mod', 'sp ace/g.txt']],
    ['ARG D=src F\nENV E=${D}/deep\nCOPY $E ${F:-go.mod} /x/', '', ['go.mod', 'src/deep/i.go']],
    ['ADD \\\n  # why\n  go.mod \\\n  go.sum /x/', '', ['go.mod', 'go.sum']],
    ['COPY to-mod to-src/deep /x/', '', ['go.mod', 'src/deep/i.go']],
    [
      'COPY . /x/',
      '**/node_modules\n*.md\ngo.*\n',
      but('a/b/node_modules/x.js', 'go.mod', 'go.sum', 'go.work/y.go'),
    ],
    ['COPY . /x/', '# all\n*\n!src\n!go.mod\nsrc/*_test.go', ['go.mod', 'src/deep/i.go', 'src/h.go']],
    ['COPY . /x/', 'src\n!src/deep\n/m.pyc', but('m.pyc'), but('m.pyc', 'src/h.go', 'src/h_test.go')],
    ['COPY a /x/', 'a/**/c.txt\n**/*.md', ['a/[e]/f.txt', 'a/b/node_modules/x.js']],
  ])('%j less %j', (lines, ignore, inside, read = inside) => {
    const dockerfile = `FROM scratch\n${lines}\n`;
    const entries = [
      ...[...files, 'Dockerfile', '.dockerignore'].map((path) => entry(path)),
      ...Object.entries(links).map(([path, target]) => entry(path, target, '120000')),
    ];
    const closure = inputClosure({
      entries,
      context: '',
      dockerfile: { path: 'Dockerfile', text: dockerfile },
      ignoreFile: { path: '.dockerignore', text: ignore },
      links: new Map(Object.values(links).map((target) => [entry('', target).oid, target])),
    });
    expect(closure).toMatchObject({ basis: 'dockerfile', missing: [] });
    expect(closure.entries.map(({ path }) => path).filter((path) => files.includes(path))).toEqual(inside);
    expect(build(dockerfile, ignore)).toEqual(read);
  });
});
