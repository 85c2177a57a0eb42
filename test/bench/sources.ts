import type { Files, ImportedCommit } from './fast-import.ts';

/** What an application's manifest names. */
export type Deployment =
  /** The last commit that changed its inputs. */
  | 'current'
  /** A later commit with the same inputs. */
  | 'later'
  /** The last commit but one that changed its inputs. */
  | 'behind'
  /** A tag made by hand. */
  | 'unversioned';

export interface SourceApplication {
  readonly name: string;
  readonly directory: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly deployment: Deployment;
  /** Number of the commit that its manifest names; undefined: none. */
  readonly deployed: number | undefined;
  /** A file whose change is a change of the application. */
  readonly input: string;
}

/** A source repository of the generated world. */
export interface Source {
  readonly name: string;
  readonly commits: readonly ImportedCommit[];
  readonly applications: readonly SourceApplication[];
}

const COMMITS = 300;
const PACKAGES = 6;
const FILES_PER_PACKAGE = 4;
const BEGIN = 1_600_000_000;

/** Of ten applications eight are as they should be, three of them built from a later commit; two are to be moved. */
const DEPLOYMENTS: readonly Deployment[] = [
  ...Array<Deployment>(5).fill('current'),
  ...Array<Deployment>(3).fill('later'),
  'behind',
  'unversioned',
];

const STYLES = ['listed', 'ignoring', 'whole', 'root'] as const;
type Style = (typeof STYLES)[number];

interface Component {
  readonly name: string;
  readonly directory: string;
  readonly style: Style;
}

/** A repository of `count` applications in folders of their own, with merges and commits that touch no application. */
export function makeSource(name: string, count: number): Source {
  const components = Array.from({ length: count }, (_, index): Component => {
    const id = `app-${String(index + 1).padStart(2, '0')}`;
    return { name: `${name}-${id}`, directory: `components/${id}`, style: STYLES[index % 4] ?? 'whole' };
  });
  const commits: ImportedCommit[] = [
    { ref: 'refs/heads/main', message: 'Begin', at: BEGIN, files: firstFiles(components) },
  ];
  const changes = new Map(components.map((component) => [component, [1]]));
  while (commits.length < COMMITS) {
    const number = commits.length + 1;
    const component = components[(number * 7) % count];
    if (!component) break;
    if (number % 9 === 0) commits.push(commitOf(number, 'Describe', `docs/page-${number % 12}.md`));
    else if (number % 40 === 0) commits.push(...sideBranch(number, component));
    else commits.push(commitOf(number, `Change ${component.name}`, inputOf(component, number)));
    if (number % 9 !== 0) changes.get(component)?.push(number);
  }
  return {
    name,
    commits,
    applications: components.map((component, index) =>
      application(
        component,
        DEPLOYMENTS[index % DEPLOYMENTS.length] ?? 'current',
        changes.get(component) ?? [],
        commits,
      ),
    ),
  };
}

function application(
  { name, directory, style }: Component,
  deployment: Deployment,
  changes: readonly number[],
  commits: readonly ImportedCommit[],
): SourceApplication {
  const deployed = {
    current: changes.at(-1),
    later: commits.length,
    behind: changes.at(-2) ?? 1,
    unversioned: undefined,
  }[deployment];
  return {
    name,
    directory,
    context: style === 'root' ? '' : directory,
    dockerfile: `${directory}/Dockerfile`,
    deployment,
    deployed,
    input: `${directory}/pkg/p0/file-0.go`,
  };
}

/** The change is made on a branch, which is merged at once. */
function sideBranch(number: number, component: Component): ImportedCommit[] {
  const ref = 'refs/heads/side';
  const side = commitOf(number, `Change ${component.name} aside`, inputOf(component, number));
  return [
    { ...side, ref, from: number - 1 },
    {
      ...commitOf(number + 1, 'Describe the branch', 'docs/branches.md'),
      from: number - 1,
    },
    {
      ...commitOf(number + 2, 'Merge', 'docs/merges.md'),
      files: side.files,
      merge: number,
    },
  ];
}

function commitOf(number: number, message: string, path: string): ImportedCommit {
  return {
    ref: 'refs/heads/main',
    message: `${message} (${number})`,
    at: BEGIN + number * 3600,
    files: new Map([[path, goFile(path, number)]]),
  };
}

function inputOf({ directory }: Component, number: number): string {
  return `${directory}/pkg/p${number % PACKAGES}/file-${number % FILES_PER_PACKAGE}.go`;
}

function firstFiles(components: readonly Component[]): Files {
  const files = new Map([
    ['README.md', 'Applications.\n'],
    ['common/log.go', goFile('common/log.go', 0)],
  ]);
  for (const { directory, style } of components) {
    const put = (path: string, content: string) => files.set(`${directory}/${path}`, content);
    put('Dockerfile', dockerfile(style, directory));
    if (style === 'ignoring') put('.dockerignore', '*.md\nOWNERS\n**/*_test.go\n!pkg/p0/keep_test.go\n');
    put('README.md', 'An application.\n');
    put('OWNERS', 'ann\n');
    put('go.mod', 'module example.com/app\n');
    put('cmd/main.go', goFile('cmd/main.go', 0));
    for (let at = 0; at < PACKAGES * FILES_PER_PACKAGE; at++) {
      const path = `pkg/p${Math.floor(at / FILES_PER_PACKAGE)}/file-${at % FILES_PER_PACKAGE}.go`;
      put(path, goFile(path, 0));
    }
  }
  return files;
}

function dockerfile(style: Style, directory: string): string {
  const copies = {
    listed: ['COPY go.mod ./', 'COPY cmd/ cmd/', 'COPY pkg/ pkg/'],
    ignoring: ['COPY . .'],
    whole: ['COPY . /src'],
    root: ['COPY common common', `COPY ${directory}/cmd cmd`, `COPY ${directory}/pkg pkg`],
  }[style];
  return [
    'FROM golang:1.22 AS builder',
    'WORKDIR /src',
    ...copies,
    'RUN go build -o /app ./cmd',
    'FROM scratch',
    'COPY --from=builder /app /app',
    '',
  ].join('\n');
}

function goFile(path: string, number: number): string {
  return `package app\n\n// ${path}\n${'// Lines of code.\n'.repeat(40)}const revision = ${number}\n`;
}
