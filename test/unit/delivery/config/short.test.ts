import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError } from '../../../../runtime/config/errors.ts';
import { parseDelivery } from '../../../../runtime/delivery/config/parse.ts';
import { linesOf } from '../../config/problems.ts';
import { delivery, original } from './fixture.ts';

const versions = `versions:
  main:
    tag: vmain
    repositories:
      src: {url: https://example.com/o/src, branch: main}
      manifests: {url: git@example.com:o/manifests.git, branch: main}
  v1:
    tag: v1.0
    repositories:
      src: {url: https://example.com/o/src, branch: v1}
      manifests: {url: git@example.com:o/manifests.git, branch: v1}
`;

describe('a Delivery', () => {
  it('gives its pairs, parents first', () => {
    const desired = parseDelivery(
      delivery(`${versions}applications:
  child:
    source: src
    context: child
    image: example.com/child
    target: release
    platforms: [linux/amd64, linux/arm64]
    buildArgs: {COMMIT: "\${commit}"}
    inputs: ["child/**"]
    parents: [{application: base, buildArg: BASE}]
    versions: [main]
    targets:
      - kustomization: ./child//base/
        image: example.com/old
        also: ["tests/**"]
      - environment: {file: deploy.yaml, name: CHILD, kind: Deployment, resource: web, container: app}
        repository: src
      - path: {file: values.yaml, path: image.tag, value: tag}
      - path: {file: values.yaml, path: other}
  base: {source: src, context: '', image: example.com/base, targets: []}
pullRequests: {strategy: grouped, title: "{application} {tag}", author: {name: A B, email: a@example.com}, draft: true}
`),
    );
    expect(desired.pairs.map((pair) => `${pair.version}/${pair.application}`)).toEqual([
      'main/base',
      'main/child',
      'v1/base',
    ]);
    const into = { name: 'manifests', url: 'https://example.com/o/manifests', branch: 'main' };
    const source = { name: 'src', url: 'https://example.com/o/src', branch: 'main' };
    expect(desired.pairs[0]).toMatchObject({ context: '', dockerfile: 'Dockerfile', targets: [] });
    expect(desired.pairs[1]).toEqual({
      application: 'child',
      version: 'main',
      tag: 'vmain',
      image: 'example.com/child',
      source,
      context: 'child',
      dockerfile: 'child/Dockerfile',
      target: 'release',
      platforms: ['linux/amd64', 'linux/arm64'],
      buildArgs: { COMMIT: '${commit}' },
      inputs: ['child/**'],
      parents: [{ application: 'base', buildArg: 'BASE' }],
      targets: [
        {
          kind: 'kustomization',
          into,
          directory: 'child/base',
          image: 'example.com/old',
          also: ['tests/**'],
        },
        {
          kind: 'environment',
          into: source,
          file: 'deploy.yaml',
          variable: 'CHILD',
          object: { kind: 'Deployment', name: 'web', container: 'app' },
          also: [],
        },
        { kind: 'path', into, file: 'values.yaml', path: 'image.tag', value: 'tag', also: [] },
        { kind: 'path', into, file: 'values.yaml', path: 'other', value: 'reference', also: [] },
      ],
      parameters: [],
    });
    expect(desired.pullRequests).toEqual({
      strategy: 'grouped',
      title: '{application} {tag}',
      author: { name: 'A B', email: 'a@example.com' },
      signOff: false,
      draft: true,
    });
  });

  it('keeps versions in the order of the file, numbers too', () => {
    const text = versions.replace('  main:', '  "20":').replace('  v1:', '  "3":');
    const { pairs } = parseDelivery(
      delivery(`${text}applications:\n  a: {source: src, context: '', image: a/b, targets: []}\n`),
    );
    expect(pairs.map((pair) => pair.version)).toEqual(['20', '3']);
  });
});

describe('a Delivery with problems', () => {
  const cases: [string, string, string[]][] = [
    [
      'names that mean nothing',
      `${versions}applications:
  a: {source: sorce, context: '', image: a/b, targets: [{kustomization: x, repository: manifest}]}
  b: {source: src, context: '', image: a/c, parents: [{application: c}, {application: aa}], targets: []}
  c: {source: src, context: '', image: a/d, versions: [main, v2, main], targets: []}
  d: {source: src, context: ../x, image: "A:b", platforms: [linux, linux/arm64], targets: [], dockerfle: x}
pullRequests: {title: "{aplication} {foo}", body: "{tag} {version}", author: {name: "", email: x}}
`,
      [
        'delivery.yaml:15:15 applications.a.source: no version lists the repository "sorce". did you mean `src`?',
        'delivery.yaml:15:88 applications.a.targets[0].repository: no version lists the repository "manifest". did you mean `manifests`?',
        'delivery.yaml:16:69 applications.b.parents[0].application: "c" is not in version "v1", where b builds on it. add c to that version, or take b out of it',
        'delivery.yaml:16:87 applications.b.parents[1].application: unknown application "aa". did you mean `a`?',
        'delivery.yaml:17:62 applications.c.versions[1]: unknown version "v2". did you mean `v1`?',
        'delivery.yaml:17:66 applications.c.versions[2]: "main" is given twice. keep one of them',
        'delivery.yaml:18:29 applications.d.context: "../x" must not leave the repository ("..")',
        'delivery.yaml:18:42 applications.d.image: "A:b" is not an image name (HOST/PATH without tag or digest, path in lower case)',
        'delivery.yaml:18:61 applications.d.platforms[0]: "linux" must be os/arch or os/arch/variant, as linux/amd64',
        'delivery.yaml:18:95 applications.d: unknown field `dockerfle`. did you mean `dockerfile`?',
        'delivery.yaml:19:23 pullRequests.title: unknown placeholder {aplication}. did you mean `application`?',
        'delivery.yaml:19:23 pullRequests.title: unknown placeholder {foo}. known: `application`, `version`, `image`, `tag`, `commit`, `repository`',
        'delivery.yaml:19:85 pullRequests.author.name: "" must be a name on one line without "<" and ">"',
        'delivery.yaml:19:96 pullRequests.author.email: "x" is not a mail address',
      ],
    ],
    [
      'a circle, and a target of no kind',
      `${versions}applications:
  a: {source: src, context: '', image: a/a, parents: [{application: b}], targets: []}
  b: {source: src, context: '', image: a/b, parents: [{application: c}], targets: []}
  c: {source: src, context: '', image: a/c, parents: [{application: a}], targets: []}
  d: {source: src, context: '', image: a/d, targets: [{}, {kustomization: x, path: {file: f, path: p}}]}
`,
      [
        'delivery.yaml:15:54 applications.a.parents: images depend on each other in a circle: a → b → c → a: remove one of these',
        'delivery.yaml:18:55 applications.d.targets[0]: needs exactly one of kustomization, environment, path',
        'delivery.yaml:18:59 applications.d.targets[1]: needs exactly one of kustomization, environment, path',
      ],
    ],
    [
      'places that two write, images that two build, names that two have',
      `${versions.replaceAll('branch: v1', 'branch: main')}applications:
  a: {source: src, context: '', image: a/a, versions: [main], targets: [{environment: {file: f, name: X, kind: A}}, {environment: {file: f, name: X, kind: B}}, {environment: {file: f, name: X}}]}
  b: {source: src, context: b, image: a/a, versions: [main], targets: [{path: {file: v, path: p}}, {kustomization: k}]}
  c: {source: src, context: c, image: a/c, targets: [{path: {file: v, path: p}}]}
`,
      [
        'delivery.yaml:15:161 applications.a.targets[2]: a (version main) writes the variable "X" in "f" of https://example.com/o/manifests, branch main twice. let one of them write it, or let the versions follow different branches',
        'delivery.yaml:16:39 applications.b.image: b (version main) and a push "a/a" from builds that differ in context, dockerfile. give them different images, or make the builds equal',
        'delivery.yaml:17:54 applications.c.targets[0]: c (version main) and b (version main) both write "p" in "v" of https://example.com/o/manifests, branch main. let one of them write it, or let the versions follow different branches',
      ],
    ],
    [
      'a place in two spellings of its repository',
      `${versions.replace('branch: v1', 'branch: main').replace('o/manifests.git, branch: v1', 'O/Manifests, branch: main')}applications:
  a: {source: src, context: '', image: a/a, targets: [{kustomization: k}]}
`,
      [
        'delivery.yaml:15:55 applications.a.targets[0]: a (version v1) and a (version main) both write the image "a/a" in "k" of https://example.com/O/Manifests, branch main. let one of them write it, or let the versions follow different branches',
      ],
    ],
    [
      'pairs of one name',
      `${versions.replace('  v1:', '  main-x:')}applications:
  x-a: {source: src, context: '', image: a/a, targets: []}
  a: {source: src, context: '', image: a/b, targets: []}
`,
      [
        'delivery.yaml:16:6 applications.a: a (version main-x) and x-a (version main) would both be called "main-x-a". rename the application or the version',
      ],
    ],
    [
      'nothing to deliver',
      'versions: {}\napplications: {}\n',
      [
        'delivery.yaml:3:11 versions: has no entry, so that there is nothing to deliver. add one',
        'delivery.yaml:4:15 applications: has no entry, so that there is nothing to deliver. add one',
      ],
    ],
  ];
  it.each(cases)('is told all of them: %s', (_, rest, lines) => {
    expect(linesOf(() => parseDelivery(delivery(rest)))).toEqual(lines);
  });

  it('is told that the file is of another kind', () => {
    expect(
      linesOf(() => parseDelivery({ name: 'f.yaml', text: 'apiVersion: v1\nkind: ConfigMap\n' })),
    ).toEqual([
      'f.yaml:2:7 kind: is "ConfigMap", which is not what is delivered. give a file of kind Delivery, or an applications.yaml',
    ]);
  });

  it('is told that a file makes too many pairs', () => {
    const many = (count: number, line: (at: number) => string): string =>
      Array.from({ length: count }, (_, at) => line(at)).join('');
    const text = `versions:\n${many(200, (at) => `  v${at}: {tag: t, repositories: {}}\n`)}applications:\n${many(101, (at) => `  a${at}: {source: s, context: '', image: a/b, targets: []}\n`)}`;
    expect(linesOf(() => parseDelivery(delivery(text)))).toEqual([
      'delivery.yaml:1:1: its versions and applications make 20200 pairs, more than the 20000 that are read. split the file',
    ]);
  });

  it('throws nothing but ConfigError, whatever is changed in a file', () => {
    const good = delivery(
      `${versions}applications:\n  a: {source: src, context: '', image: a/b, parents: [], targets: [{kustomization: x}]}\n`,
    );
    const lines = fc.constantFrom(...good.text.split('\n'), ...original.text.split('\n'));
    const spliced = fc
      .tuple(
        fc.constantFrom(good.text, original.text),
        fc.nat(),
        fc.nat(30),
        fc.oneof(lines, fc.string({ unit: 'binary' })),
      )
      .map(([text, at, length, insert]) => {
        const start = at % text.length;
        return text.slice(0, start) + insert + text.slice(start + length);
      });
    fc.assert(
      fc.property(spliced, (text) => {
        try {
          parseDelivery({ name: 'f.yaml', text });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
