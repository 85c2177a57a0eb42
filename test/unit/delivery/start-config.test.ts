import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { ConfigError } from '../../../runtime/config/errors.ts';
import { parseDelivery } from '../../../runtime/delivery/config/parse.ts';
import { configOfImages, emptyConfig, type FoundImage } from '../../../runtime/delivery/start-config.ts';

const checkout = { repository: 'https://github.com/kubeflow/manifests', branch: 'v1.1-branch' };

function problemsOf(text: string): string[] {
  try {
    parseDelivery({ name: 'delivery.yaml', text });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
}

describe('a config from kustomizations', () => {
  const found: FoundImage[] = [
    { folder: 'web/base', name: 'gcr.io/project/web', newTag: 'v1.1.0-g0123456789ab' },
    { folder: 'web/overlays/dev', name: 'gcr.io/project/web', newTag: 'v1.1.0-gabcdef012345' },
    { folder: 'web/base', name: 'gcr.io/project/web', newTag: 'v1.1.0-g0123456789ab' },
    { folder: '', name: 'controller', newName: 'gcr.io/project/controller' },
    { folder: 'istio', name: 'docker.io/istio/web', newTag: '1.5.7' },
    { folder: 'odd', name: '$(image)' },
  ];

  it('has an application for each image, with every place that names it', () => {
    const { text, leftOut } = configOfImages(found, checkout);
    expect(parse(text)).toEqual({
      apiVersion: 'slipway.dev/v1alpha1',
      kind: 'Delivery',
      versions: {
        'v1.1-branch': {
          tag: 'v1.1.0',
          repositories: { manifests: { url: checkout.repository, branch: checkout.branch } },
        },
      },
      applications: {
        web: {
          source: null,
          context: null,
          image: 'docker.io/istio/web',
          targets: [{ kustomization: 'istio' }],
        },
        controller: {
          source: null,
          context: null,
          image: 'gcr.io/project/controller',
          targets: [{ kustomization: '', image: 'controller' }],
        },
        'project-web': {
          source: null,
          context: null,
          image: 'gcr.io/project/web',
          targets: [{ kustomization: 'web/base' }, { kustomization: 'web/overlays/dev' }],
        },
      },
    });
    expect(leftOut).toEqual(['odd: $(image) is no image name without tag']);
  });

  it('leaves empty what nobody told, and validation names each of that', () => {
    const [one] = found;
    if (!one) throw new Error('missing');
    const { text } = configOfImages([{ folder: one.folder, name: one.name }], {});
    expect(problemsOf(text)).toEqual(
      [
        'versions.latest.tag',
        'versions.latest.repositories.manifests.url',
        'versions.latest.repositories.manifests.branch',
        'applications.web.source',
        'applications.web.context',
      ].map((path) => `${path}: is empty; it must be text`),
    );
    expect(text).toContain('source: # name of the repository that holds its Dockerfile\n');
  });

  it('is valid once that is filled in', () => {
    const { text } = configOfImages(found, checkout);
    const filled = text
      .replaceAll(/source: #.*/g, 'source: manifests')
      .replaceAll(/context: #.*/g, 'context: images');
    expect(problemsOf(filled)).toEqual([]);
  });

  it('takes no tag from tags that begin differently', () => {
    const tags = ['v1-g0123456', 'v2-g0123456'].map((newTag) => ({ folder: 'a', name: 'a', newTag }));
    expect(configOfImages(tags, checkout).text).toContain('tag: # what image tags begin with\n');
  });

  it('is readable whatever the images are called', () => {
    const part = fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)*$/);
    const image = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(image, { maxLength: 20 }), fc.string(), (images, branch) => {
        const { text, leftOut } = configOfImages(
          images.map((name) => ({ folder: 'a', name })),
          { branch },
        );
        const { applications } = parse(text) as { applications: Record<string, { image: string }> };
        expect(
          Object.values(applications)
            .map((one) => one.image)
            .sort(),
        ).toEqual(images.filter((one) => !leftOut.some((line) => line.includes(` ${one} `))).sort());
        const others = problemsOf(text).filter(
          (one) => !/(source|context|tag|branch|url|versions|applications): /.test(one),
        );
        expect(others).toEqual([]);
      }),
    );
  });
});

it('an empty config says what to add', () => {
  expect(problemsOf(emptyConfig())).toEqual([
    'versions: has no entry, so that there is nothing to deliver',
    'applications: has no entry, so that there is nothing to deliver',
  ]);
});
