import { describe, expect, it } from '@jest/globals';
import { parseDelivery } from '../../../../runtime/delivery/config/parse.ts';
import { linesOf } from '../../config/problems.ts';
import { changed, original } from './fixture.ts';

describe('the original applications.yaml', () => {
  const desired = parseDelivery(original);

  it('gives every application in every version, in order', () => {
    expect(desired.pairs.map((pair) => `${pair.version}/${pair.application}`)).toEqual([
      'master/hook',
      'master/hook-v3',
      'master/operator',
      'v1-0/hook',
      'v1-0/hook-v3',
      'v1-0/operator',
      'preview/hook',
      'preview/hook-v3',
      'preview/operator',
    ]);
    expect(desired.origin).toBe('applications.yaml');
    expect(desired.pullRequests).toEqual({ strategy: 'rolling', signOff: false, draft: false });
  });

  it('says all of a pair', () => {
    expect(desired.pairs[4]).toEqual({
      application: 'hook-v3',
      version: 'v1-0',
      tag: 'v1.0.0',
      image: 'example.com/images/hook',
      source: { name: 'platform', url: 'https://github.com/example/platform', branch: 'v1.0-branch' },
      context: 'components/hook',
      dockerfile: 'components/hook/Dockerfile',
      platforms: [],
      buildArgs: {},
      parents: [],
      targets: [
        {
          kind: 'kustomization',
          into: { name: 'manifests', url: 'https://github.com/example/manifests', branch: 'v1.0-branch' },
          directory: 'hook/base_v3',
          image: 'example.com/images/hook',
          also: [],
        },
      ],
      parameters: [{ name: 'container_registry_secret', value: 'registry-key' }],
    });
  });

  it('skips what a version does not list', () => {
    expect(desired.pairs.filter((pair) => pair.skipped !== undefined)).toMatchObject([
      {
        application: 'operator',
        version: 'v1-0',
        skipped: 'version v1-0 does not list the repository operator',
      },
      {
        application: 'hook',
        version: 'preview',
        skipped: 'version preview does not list the repository manifests',
      },
      { application: 'hook-v3', version: 'preview' },
      {
        application: 'operator',
        version: 'preview',
        skipped: 'version preview does not list the repository operator',
      },
    ]);
    expect(desired.pairs[5]).toMatchObject({ source: undefined, targets: [] });
  });

  it('reads git@ over ssh where there is a key', () => {
    const { pairs } = parseDelivery(original, { sshHosts: new Set(['github.com']) });
    expect(pairs[0]?.source?.url).toBe('ssh://git@github.com/example/platform');
  });

  it('takes inputs for a whole run', () => {
    const { pairs } = parseDelivery(original, { inputs: 'context' });
    expect(pairs.every((pair) => pair.inputs === 'context')).toBe(true);
  });
});

describe('an applications.yaml with problems', () => {
  const cases: [string, [string, string][], string[]][] = [
    [
      'parameters missing, unknown, wrong and given twice',
      [
        ['"path_to_context"', 'path_to_contxt'],
        ['"components/hook/Dockerfile"', '../Dockerfile'],
        ['"hook/base_v3"\n      - name: "src_image_url"', '/hook\n      - name: "path_to_manifests_dir"'],
        ['example.com/images/operator', 'Example.com/Images:v1'],
        ['revision\n              value: v1.0-branch', 'revison\n              value: v1.0-branch'],
      ],
      [
        'applications.yaml:6:7 applications[0].params: the parameter `path_to_context` is missing. is it what `path_to_contxt` should be called?',
        'applications.yaml:9:16 applications[0].params[1].value: "../Dockerfile" must not leave the repository ("..")',
        'applications.yaml:17:7 applications[1].params: the parameter `src_image_url` is missing. add it',
        'applications.yaml:22:16 applications[1].params[2].value: "/hook" must be relative to the root of the repository',
        'applications.yaml:23:15 applications[1].params[3].name: the parameter "path_to_manifests_dir" is given twice, first on line 22. keep one of them',
        'applications.yaml:37:16 applications[2].params[3].value: "Example.com/Images:v1" is not an image name (HOST/PATH without tag or digest, path in lower case)',
        'applications.yaml:75:13 versions[1].repos[0].resourceSpec.params: the parameter `revision` is missing. is it what `revison` should be called?',
        'applications.yaml:76:22 versions[1].repos[0].resourceSpec.params[0].value: unknown parameter "revison". did you mean `revision`?',
      ],
    ],
    [
      'names given twice, repositories that no version lists, bad addresses',
      [
        ['name: hook-v3', 'name: hook'],
        ['sourceRepo: operator', 'sourceRepo: oprator'],
        ['name: preview', 'name: v1-0'],
        ['https://github.com/example/operator', 'http://example.com/o/r'],
        ['git@github.com:example/manifests.git', 'https://me:SECRET@example.com/o/r'],
      ],
      [
        'applications.yaml:15:11 applications[1].name: the application "hook" is given twice, first on line 4. rename one',
        'applications.yaml:38:17 applications[2].sourceRepo: no version lists the repository "oprator". did you mean `operator`?',
        'applications.yaml:58:22 versions[0].repos[1].resourceSpec.params[1].value: repository "http://example.com/o/r" would be read over plain http: write https://HOST/OWNER/NAME, git@HOST:OWNER/NAME, ssh://git@HOST/OWNER/NAME, http:// on the loopback interface, or an absolute path',
        'applications.yaml:66:22 versions[0].repos[2].resourceSpec.params[1].value: holds a user name or password. take them out: the settings say where they are',
        'applications.yaml:88:11 versions[2].name: the version "v1-0" is given twice, first on line 68. rename one',
      ],
    ],
    [
      'wrong types and unknown fields beside what only checks across fields find',
      [
        ['    sourceRepo: platform\n', '    sourceRepo: platfrm\n    sourceRpo: platform\n'],
        ['tag: vmaster', 'tag: 1.0'],
        ['type: git', 'type: image'],
        ['"hook/base_v3"', '"hook/base"'],
      ],
      [
        'applications.yaml:14:17 applications[0].sourceRepo: no version lists the repository "platfrm". did you mean `platform`?',
        'applications.yaml:15:5 applications[0]: unknown field `sourceRpo`. leave it out',
        'applications.yaml:42:10 versions[0].tag: must be text, not the number 1. put it in quotes: "1.0"',
        'applications.yaml:46:17 versions[0].repos[0].resourceSpec.type: must be "git", not "image"',
      ],
    ],
    [
      'two pairs that write one place, and one image from two builds',
      [
        ['"hook/base_v3"', '"hook/base"'],
        ['"components/hook/Dockerfile"', '"components/hook/Dockerfile.new"'],
      ],
      [
        'applications.yaml:22:16 applications[1].params[2].value: hook-v3 (version master) and hook (version master) both write the image "example.com/images/hook" in "hook/base" of https://github.com/example/manifests, branch master. let one of them write it, or let the versions follow different branches',
        'applications.yaml:24:16 applications[1].params[3].value: hook-v3 (version master) and hook push "example.com/images/hook" from builds that differ in dockerfile. give them different images, or make the builds equal',
      ],
    ],
  ];
  it.each(cases)('is told all of them: %s', (_, replacements, lines) => {
    expect(linesOf(() => parseDelivery(changed(...replacements)))).toEqual(lines);
  });
});
