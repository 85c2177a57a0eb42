import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { formatProblem } from '../../../../runtime/config/errors.ts';
import { convertOriginal } from '../../../../runtime/delivery/config/convert.ts';
import { parseDelivery } from '../../../../runtime/delivery/config/parse.ts';
import type { Desired } from '../../../../runtime/delivery/pair.ts';
import { linesOf } from '../../config/problems.ts';
import { changed, delivery, original } from './fixture.ts';

describe('convertOriginal', () => {
  const { text, warnings } = convertOriginal(original);

  it('writes what a person would', () => {
    expect(text.split('\n').slice(0, 20).join('\n'))
      .toBe(`# What is built from which branch, and where the images go.

apiVersion: slipway.dev/v1alpha1
kind: Delivery

# Each version follows one branch of every repository that it lists.
versions:
  master:
    tag: vmaster
    repositories:
      platform:
        url: git@github.com:example/platform.git
        branch: master
      operator:
        url: https://github.com/example/operator
        branch: master
      manifests:
        url: git@github.com:example/manifests.git
        branch: master
`);
    expect(text).toContain('\n  # The release of spring\n  v1-0:\n');
    expect(text).toContain('\n  # The hook that injects pod defaults\n  hook:\n    source: platform\n');
    expect(text).toContain('\n    dockerfile: build/Dockerfile\n');
    expect(text).not.toContain('dockerfile: components/hook');
  });

  it('warns of parameters that have no place in it', () => {
    expect(warnings.map(formatProblem)).toEqual([
      'applications.yaml:17:7 applications[1].params: the parameter "container_registry_secret" of hook-v3 has no place in the new format and is left out. Slipway reads path_to_context, path_to_docker_file, path_to_manifests_dir, src_image_url; others only reach a pipeline template',
    ]);
  });

  it.each([
    ['read over https', {}],
    ['read over ssh', { sshHosts: new Set(['github.com']) }],
  ])('means the same, %s', (_, options) => {
    const back = parseDelivery({ name: original.name, text }, options);
    expect(back).toEqual(withoutParameters(parseDelivery(original, options)));
  });

  it('means the same for any file', () => {
    fc.assert(
      fc.property(anyOriginal, (value) => {
        const source = { name: 'f.yaml', text: stringify(value) };
        const converted = convertOriginal(source);
        expect(converted.warnings).toEqual([]);
        expect(parseDelivery({ ...source, text: converted.text })).toEqual(parseDelivery(source));
      }),
      { numRuns: 100 },
    );
  });

  it('refuses what is wrong or no original', () => {
    expect(
      linesOf(() => convertOriginal(changed(['sourceRepo: operator', 'sourceRepo: oprator']))),
    ).toHaveLength(1);
    expect(linesOf(() => convertOriginal(delivery('versions: {}\napplications: {}\n')))).toEqual([
      'delivery.yaml:1:1: is not in the format of the original applications.yaml',
    ]);
  });
});

function withoutParameters(desired: Desired): Desired {
  return { ...desired, pairs: desired.pairs.map((pair) => ({ ...pair, parameters: [] })) };
}

const name = fc.stringMatching(/^[a-z0-9]{1,6}$/u);
const path = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_-]{1,5}$/u), { maxLength: 3 })
  .map((parts) => parts.join('/'));

/** Names apart, one image and folder for each application, so that nothing meets. */
const anyOriginal = fc
  .record({
    applications: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    versions: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    repositories: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    context: path,
    inContext: fc.boolean(),
  })
  .map(({ applications, versions, repositories, context, inContext }) => ({
    applications: applications.map((one, at) => ({
      name: one,
      params: Object.entries({
        path_to_context: context,
        path_to_docker_file: inContext && context !== '' ? `${context}/Dockerfile` : `docker/${one}`,
        path_to_manifests_dir: one,
        src_image_url: `example.com/${one}`,
      }).map(([key, value]) => ({ name: key, value })),
      sourceRepo: repositories[at % repositories.length],
    })),
    versions: versions.map((one, at) => ({
      name: one,
      tag: `v${one}`,
      repos: [...(at === 0 ? repositories : repositories.slice(0, -1)), 'manifests'].map((repository) => ({
        name: repository,
        resourceSpec: {
          type: 'git',
          params: [
            { name: 'revision', value: `release-${one}` },
            { name: 'url', value: `git@example.com:o/${repository}.git` },
          ],
        },
      })),
    })),
  }));
