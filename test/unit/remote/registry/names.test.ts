import { describe, expect, it } from '@jest/globals';
import {
  isLoopback,
  locate,
  parseImageName,
  type RegistrySettings,
} from '../../../../runtime/remote/registry/names.ts';

describe('an image name', () => {
  it.each([
    ['gcr.io/kubeflow-images-public/kfam', 'gcr.io', 'kubeflow-images-public/kfam'],
    ['nginx', 'docker.io', 'library/nginx'],
    ['kubeflow/kfam', 'docker.io', 'kubeflow/kfam'],
    ['docker.io/nginx', 'docker.io', 'library/nginx'],
    ['index.docker.io/a/b', 'docker.io', 'a/b'],
    ['registry-1.docker.io/nginx', 'docker.io', 'library/nginx'],
    ['localhost/a', 'localhost', 'a'],
    ['localhost:5000/a/b', 'localhost:5000', 'a/b'],
    ['Registry.Example.com/a__b/c-d.e', 'registry.example.com', 'a__b/c-d.e'],
  ])('%s is of %s', (name, host, path) => {
    expect(parseImageName(name)).toEqual({ host, path });
  });

  it.each([
    '',
    'gcr.io/',
    'gcr.io/A',
    'gcr.io/a:v1',
    'gcr.io/a@sha256:x',
    'gcr.io/a//b',
    'gcr.io/../a',
    'a b',
  ])('"%s" is none', (name) => {
    expect(() => parseImageName(name)).toThrow(expect.objectContaining({ fault: 'invalid' }));
  });
});

describe('the place of an image', () => {
  const name = 'gcr.io/project/kfam';

  it('is where its name says', () => {
    expect(locate(name)).toEqual({
      key: 'gcr.io',
      origin: 'https://gcr.io',
      host: 'gcr.io',
      repository: 'project/kfam',
      insecure: false,
      trusted: true,
    });
  });

  it("is Docker Hub's API for Docker Hub", () => {
    expect(locate('nginx')).toMatchObject({ origin: 'https://registry-1.docker.io', host: 'docker.io' });
  });

  it.each(['localhost:5000/a', '127.0.0.1:5000/a', '127.8.9.1/a'])('is plain http for %s', (local) => {
    expect(locate(local)).toMatchObject({ insecure: true, trusted: true });
    expect(locate(local).origin).toMatch(/^http:/);
  });

  it.each([
    ['mirror/{name}', 'mirror/project/kfam'],
    ['mirror', 'mirror/project/kfam'],
    ['mirror/', 'mirror/project/kfam'],
    ['{name}/slipway', 'project/kfam/slipway'],
  ])('is rewritten by %s', (template, repository) => {
    expect(locate(name, { 'gcr.io': { name: template } })).toMatchObject({ host: 'gcr.io', repository });
  });

  it('follows the endpoint', () => {
    const registries = { 'gcr.io': { endpoint: 'http://127.0.0.1:5000', name: 'x/{name}' } };
    expect(locate(name, registries)).toEqual({
      key: 'gcr.io',
      origin: 'http://127.0.0.1:5000',
      host: '127.0.0.1:5000',
      repository: 'x/project/kfam',
      insecure: true,
      trusted: true,
    });
  });

  it('across a network over http is trusted with no password, unless the settings say so', () => {
    const endpoint = 'http://registry.example:5000';
    expect(locate(name, { 'gcr.io': { endpoint } })).toMatchObject({ insecure: true, trusted: false });
    expect(locate(name, { 'gcr.io': { endpoint, insecure: true } })).toMatchObject({ trusted: true });
    expect(locate('registry.example/a', { 'registry.example': { insecure: true } }).origin).toBe(
      'http://registry.example',
    );
  });

  it('of Docker Hub is set by docker.io', () => {
    const registries = { 'docker.io': { endpoint: 'https://mirror.example' } };
    expect(locate('nginx', registries)).toMatchObject({
      host: 'mirror.example',
      repository: 'library/nginx',
    });
  });

  it('is not taken from what every object has', () => {
    const registries = Object.create({ 'gcr.io': { name: 'evil' } }) as Record<string, RegistrySettings>;
    expect(locate(name, registries)).toMatchObject({ repository: 'project/kfam' });
  });

  it.each([
    { endpoint: 'registry.example' },
    { endpoint: 'ftp://registry.example' },
    { endpoint: 'https://registry.example/path' },
    { endpoint: 'https://user:secret@registry.example' },
    { name: 'Upper/{name}' },
    { name: '../{name}' },
    { name: '' },
  ])('cannot be %j', (settings) => {
    const wrong = () => locate(name, { 'gcr.io': settings });
    expect(wrong).toThrow(expect.objectContaining({ fault: 'invalid', subject: 'gcr.io' }));
    expect(wrong).not.toThrow('secret');
  });
});

it.each([
  ['localhost', true],
  ['a.localhost', true],
  ['127.0.0.1', true],
  ['[::1]', true],
  ['127.0.0.1.example.com', false],
  ['127.example.com', false],
  ['10.0.0.1', false],
])('%s is this machine: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
