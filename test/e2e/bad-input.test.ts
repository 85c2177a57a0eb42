import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { slipway } from '../support/cli.ts';
import { writeFiles } from '../support/world-repositories.ts';

const HEAD = 'apiVersion: slipway.dev/v1alpha1\nkind: Delivery\n';
const VERSIONS = `versions:
  main:
    tag: vmain
    repositories:
      source: {url: https://example.com/acme/source, branch: main}
      manifests: {url: https://example.com/acme/manifests, branch: main}
`;
const APPLICATIONS = `applications:
  web: {source: source, context: web, image: example.com/web, targets: [{kustomization: web}]}
`;
const GOOD = HEAD + VERSIONS + APPLICATIONS;

/** Nine levels of ten: a thousand million values in a few hundred bytes. */
const BOMB = Array.from({ length: 9 }, (_, level) => {
  const of = level === 0 ? 'lol' : `*l${level - 1}`;
  return `l${level}: &l${level} [${Array<string>(10).fill(of).join(', ')}]\n`;
}).join('');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-bad-input-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command line that cannot be done, and gives what it says of that, line by line. */
async function refused(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const before = await readdir(folder, { recursive: true });
  const { status, stdout, stderr } = await slipway(args, { cwd: folder, environment });
  expect(stderr).not.toMatch(/^ +at |a defect|node:internal/m);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(before.sort());
  return stderr.trimEnd().split('\n');
}

describe('a delivery config that cannot be used', () => {
  const cases: [string, string, string[]][] = [
    ['is empty', '', ['delivery.yaml:1:1: holds nothing']],
    ['is but a comment', '# later\n', ['delivery.yaml:1:1: holds nothing']],
    ['is a list', '- a\n', ['delivery.yaml:1:1: must be a mapping of fields to values, not a list']],
    [
      'is no YAML',
      `${GOOD}pullRequests: {title: "x"\n`,
      [
        'delivery.yaml:12:1: is no YAML: flow map in block collection must be sufficiently indented and end with a }',
      ],
    ],
    [
      'is several documents',
      `${GOOD}---\n${GOOD}`,
      ['delivery.yaml:11:1: a second YAML document begins here, and only one is read. keep one'],
    ],
    [
      'has tabs for spaces',
      `${HEAD}versions:\n\tmain: {}\n`,
      ['delivery.yaml:4:1: is no YAML: tabs are not allowed as indentation'],
    ],
    [
      'is a bomb',
      `${HEAD}${BOMB}${VERSIONS}applications: *l8\n`,
      ['delivery.yaml:1:1: its aliases stand for more than 200000 values. write fewer aliases of aliases'],
    ],
    [
      'is nested without end',
      `${HEAD}versions: ${'['.repeat(100)}${']'.repeat(100)}\n`,
      ['delivery.yaml:3:75 versions[0][0]: is nested more than 64 levels deep'],
    ],
    [
      'refers to itself',
      `${HEAD}versions: &v {main: *v}\napplications: {}\n`,
      ['delivery.yaml:3:21 versions.main: the alias *v stands inside its own anchor'],
    ],
    [
      'has unknown fields and wrong types',
      `${HEAD}${VERSIONS.replace('tag: vmain', 'tag: 1.10')}aplications: {}\n${APPLICATIONS.replace('context: web', 'contxt: web')}`,
      [
        'delivery.yaml:5:10 versions.main.tag: must be text, not the number 1.1. put it in quotes: "1.10"',
        'delivery.yaml:9:1: unknown field `aplications`. known: `metadata`, `pullRequests`',
        'delivery.yaml:11:25 applications.web: unknown field `contxt`. did you mean `context`?',
      ],
    ],
    [
      'gives a name twice',
      `${GOOD}  web: {source: source, context: web, image: example.com/other, targets: []}\n`,
      ['delivery.yaml:11:3 applications.web: is given twice, first on line 10. keep one of them'],
    ],
    [
      'names an unknown repository and version',
      `${GOOD}  api: {source: sorce, context: api, image: example.com/api, versions: [mian], targets: [{kustomization: api, repository: manifest}]}\n`,
      [
        'delivery.yaml:11:17 applications.api.source: no version lists the repository "sorce". did you mean `source`?',
        'delivery.yaml:11:73 applications.api.versions[0]: unknown version "mian". did you mean `main`?',
        'delivery.yaml:11:123 applications.api.targets[0].repository: no version lists the repository "manifest". did you mean `manifests`?',
      ],
    ],
    [
      'has images that build on each other in a circle',
      `${HEAD}${VERSIONS}applications:\n  a: {source: source, context: a, image: example.com/a, parents: [{application: b}], targets: []}\n  b: {source: source, context: b, image: example.com/b, parents: [{application: a}], targets: []}\n`,
      [
        'delivery.yaml:10:66 applications.a.parents: images depend on each other in a circle: a → b → a: remove one of these',
      ],
    ],
    [
      'has two pairs that write one image',
      `${GOOD}  web-2: {source: source, context: web, image: example.com/web, targets: [{kustomization: ./web/}]}\n`,
      [
        'delivery.yaml:11:75 applications.web-2.targets[0]: web-2 (version main) and web (version main) both write the image "example.com/web" in "web" of https://example.com/acme/manifests, branch main. let one of them write it, or let the versions follow different branches',
      ],
    ],
    [
      'leaves the repository, by a path or a name',
      `${HEAD}${VERSIONS.replaceAll('branch: main', 'branch: --upload-pack=x')}applications:\n  a: {source: source, context: ../secrets, dockerfile: /etc/passwd, image: example.com/a, targets: [{kustomization: a/../../b}, {path: {file: "../x", path: p}}]}\n`,
      [
        'delivery.yaml:7:62 versions.main.repositories.source.branch: "--upload-pack=x" is not a valid branch name',
        'delivery.yaml:8:68 versions.main.repositories.manifests.branch: "--upload-pack=x" is not a valid branch name',
        'delivery.yaml:10:32 applications.a.context: "../secrets" must not leave the repository ("..")',
        'delivery.yaml:10:56 applications.a.dockerfile: "/etc/passwd" must be relative to the root of the repository',
        'delivery.yaml:10:117 applications.a.targets[0].kustomization: "a/../../b" must not leave the repository ("..")',
        'delivery.yaml:10:143 applications.a.targets[1].path.file: "../x" must not leave the repository ("..")',
      ],
    ],
    [
      'has bad image names and templates',
      `${HEAD}${VERSIONS}applications:\n  a: {source: source, context: a, image: "Example.com/A:v1", targets: []}\n  b: {source: source, context: b, image: "example.com/b@sha256:1", targets: []}\npullRequests: {title: "{aplication}", body: "{tag", strategy: roling}\n`,
      [
        'delivery.yaml:10:42 applications.a.image: "Example.com/A:v1" is not an image name (HOST/PATH without tag or digest, path in lower case)',
        'delivery.yaml:11:42 applications.b.image: "example.com/b@sha256:1" is not an image name (HOST/PATH without tag or digest, path in lower case)',
        'delivery.yaml:12:23 pullRequests.title: unknown placeholder {aplication}. did you mean `application`?',
        'delivery.yaml:12:63 pullRequests.strategy: must be "rolling", "grouped" or "per-tag", not "roling". did you mean `rolling`?',
      ],
    ],
  ];

  it.each(cases)('%s', async (_, content, lines) => {
    await writeFiles(folder, { 'delivery.yaml': content });
    expect(await refused(['delivery', 'validate', '--config', 'delivery.yaml'])).toEqual(lines);
  });
});

const VALIDATE = ['delivery', 'validate', '--config', 'delivery.yaml'];

describe('what stands where a delivery config should', () => {
  it.each(['validate', 'plan', 'apply'])('is refused by %s before anything is made', async (verb) => {
    await mkdir(path.join(folder, 'folder.yaml'));
    const command = ['delivery', verb, '-o', 'json', '--config'];
    expect(await refused([...command, 'folder.yaml'])).toEqual(['folder.yaml is a folder; name a file']);
    expect(await refused([...command, 'none.yaml'])).toEqual([
      'there is no file none.yaml; name a config with --config',
    ]);
    await writeFiles(folder, { 'delivery.yaml': '' });
    expect(await refused([...command, 'delivery.yaml'])).toEqual(['delivery.yaml:1:1: holds nothing']);
  });

  it('may not be without end', async () => {
    expect(await refused(['delivery', 'validate', '--config', '/dev/zero'])).toEqual([
      '/dev/zero can be read but once, and each pass reads it anew; name a regular file',
    ]);
  });
});

describe('settings that cannot be used', () => {
  it('are refused with every problem, and without their secrets', async () => {
    await writeFiles(folder, {
      'delivery.yaml': GOOD,
      'slipway.yaml':
        'forges: {github.com: {token: ghp_SECRET, apy: x}}\nbuilder: {tool: dokcer, concurrency: many}\nregistries: []\nbuilder: {}\n',
    });
    expect(await refused(VALIDATE, { SLIPWAY_LIMITS__ACTIONS: '0' })).toEqual([
      'slipway.yaml:1:30 forges["github.com"].token: holds a value where only a reference to a secret may stand. put the secret into an environment variable, a file or Secret Manager, and write { env: NAME }, { file: PATH } or { secretManager: projects/P/secrets/S }',
      'slipway.yaml:1:42 forges["github.com"]: unknown field `apy`. did you mean `api`?',
      'slipway.yaml:2:17 builder.tool: must be "auto", "docker", "podman", "buildah" or "buildctl", not "dokcer". did you mean `docker`?',
      'slipway.yaml:2:38 builder.concurrency: must be a whole number, not "many"',
      'slipway.yaml:3:13 registries: must be a mapping, not a list',
      'slipway.yaml:4:1 builder: is given twice, first on line 2. keep one of them',
      'SLIPWAY_LIMITS__ACTIONS:1:1 limits.actions: must be at least 1, not 0',
    ]);
  });

  it.each<[string, string, string]>([
    ['empty', '', 'slipway.yaml:1:1: holds nothing'],
    [
      'broken YAML',
      'forges: [\n',
      'slipway.yaml:2:1: is no YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'a bomb',
      `${BOMB}forges: *l8\n`,
      'slipway.yaml:1:1: its aliases stand for more than 200000 values. write fewer aliases of aliases',
    ],
  ])('may not be %s', async (_, content, line) => {
    await writeFiles(folder, { 'delivery.yaml': GOOD, 'slipway.yaml': content });
    expect(await refused(VALIDATE)).toEqual([line]);
  });

  it('must be a file', async () => {
    await writeFiles(folder, { 'delivery.yaml': GOOD });
    expect(await refused([...VALIDATE, '--settings', '.'])).toEqual(['. is a folder; name a file']);
    expect(await refused([...VALIDATE, '--settings', 'none.yaml'])).toEqual([
      'there is no file none.yaml; name one with --settings',
    ]);
  });
});

describe('manifests that cannot be edited', () => {
  it('are told apart, and left as they are', async () => {
    await writeFiles(folder, {
      'syntax/kustomization.yaml': 'images:\n  - name: a\n - name: b\n',
      'types/kustomization.yaml': 'images: {a: b}\n',
      'bomb/kustomization.yaml': `${BOMB}images: *l8\n`,
      'twice/kustomization.yaml': '',
      'twice/Kustomization': '',
      'folder/kustomization.yaml/x': '',
    });
    const expected = {
      syntax:
        'syntax/kustomization.yaml:3:1: not valid YAML: A block sequence may not be used as an implicit map key; correct the syntax there',
      types: 'types/kustomization.yaml:1:9: images: is not a list of images',
      bomb: 'bomb/kustomization.yaml:1:1: its aliases expand to too much (a YAML bomb); write the repeated parts out, or split the file',
      twice:
        'twice: holds kustomization.yaml and Kustomization, and kustomize accepts one; remove the others',
      folder: 'folder/kustomization.yaml: is a folder; name a file in it',
      none: 'none: does not exist',
    };
    for (const [name, line] of Object.entries(expected))
      expect(await refused(['manifests', 'set-image', 'a=b:v2', '--dir', name])).toEqual([line]);
  });

  it('are not guessed at where arguments are wrong', async () => {
    await writeFiles(folder, { 'kustomization.yaml': 'images: []\n' });
    expect(await refused(['manifests', 'set-image', 'a', 'b=C:v1', 'c=d:v 1'])).toEqual([
      'a: says no new image; write NAME=NEW[:TAG][@DIGEST], NAME:TAG or NAME@DIGEST',
      'b=C:v1: `C` is no image name; write [HOST[:PORT]/]PATH in lower case, the tag after a colon',
      'c=d:v 1: `v 1` is no tag; use at most 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`',
    ]);
    expect(await refused(['manifests', 'set', 'images', 'a..b=1', '--file', 'kustomization.yaml'])).toEqual([
      'images: is not PATH=VALUE; write for example spec.template.spec.containers[name=manager].image=VALUE or data["a.b/c"]',
      'a..b=1: is not PATH=VALUE; write for example spec.template.spec.containers[name=manager].image=VALUE or data["a.b/c"]',
    ]);
    expect(await refused(['manifests', 'set-env', 'A', '=b', '--file', 'none.yaml'])).toEqual([
      'A: is not NAME=VALUE',
      '=b: is not NAME=VALUE',
    ]);
  });
});

describe('a command line that means nothing', () => {
  const cases: [string[], string[]][] = [
    [['delivry'], ["error: unknown command 'delivry'", '(Did you mean delivery?)']],
    [
      ['delivery', 'aply'],
      ["error: unknown command 'aply'", '(Did you mean apply?)'],
    ],
    [
      ['delivery', 'validate', '--confg', 'x'],
      ["error: unknown option '--confg'", '(Did you mean --config?)'],
    ],
    [
      [...VALIDATE, 'more'],
      ["error: too many arguments for 'validate'. Expected 0 arguments but got 1: more."],
    ],
    [
      [...VALIDATE, '-o', 'xml'],
      [
        "error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, json, yaml.",
      ],
    ],
    [
      ['delivery', 'plan', '--config', 'delivery.yaml', '--inputs', 'foo'],
      ["error: option '--inputs <what>' argument 'foo' is invalid. Allowed choices are context."],
    ],
    [
      ['delivery', 'apply', '--config', 'delivery.yaml', '--deadline', 'soon'],
      ["error: option '--deadline <seconds>' argument 'soon' is invalid. must be a number of seconds"],
    ],
    [
      ['local', 'forge', '--root', 'f', '--port', 'http'],
      [
        "error: option '--port <number>' argument 'http' is invalid. must be a number from 0 (any free one) to 65535",
      ],
    ],
    [
      ['local', 'registry', '--root', 'f', '--port', '65536'],
      [
        "error: option '--port <number>' argument '65536' is invalid. must be a number from 0 (any free one) to 65535",
      ],
    ],
    [['local', 'registry', '--port', '0'], ["error: required option '--root <folder>' not specified"]],
    [['manifests', 'set-image'], ["error: missing required argument 'images'"]],
  ];
  it.each(cases)('%j', async (args, lines) => {
    await writeFiles(folder, { 'delivery.yaml': GOOD });
    expect(await refused(args)).toEqual([...lines, '(--help shows what it takes)']);
  });

  it('lacks a config where none can be found', async () => {
    expect(await refused(['delivery', 'plan'])).toEqual([
      'there is no config: neither delivery.yaml nor applications.yaml is in this folder; name one with --config or SLIPWAY_CONFIG, or start one with `slipway init`',
    ]);
  });

  it('names a port that is taken, or a root that is no folder', async () => {
    await writeFiles(folder, { file: '' });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = String(typeof address === 'object' ? address?.port : 0);
    try {
      for (const kind of ['forge', 'registry'])
        expect(await refused(['local', kind, '--root', 'file', '--port', '0'])).toEqual([
          expect.stringMatching(
            /^the folder file\S* cannot be made or written: .* \(E\w+\); name another with --root$/,
          ),
        ]);
      const taken = await slipway(['local', 'registry', '--root', 'r', '--port', port], { cwd: folder });
      expect(taken).toEqual({
        status: 2,
        stdout: '',
        stderr: `port ${port} is taken; name another with --port\n`,
      });
    } finally {
      server.close();
    }
  });
});
