import { describe, expect, it } from '@jest/globals';
import {
  checkTransport,
  effectiveUrl,
  endpointOf,
  parseRewrites,
} from '../../../../runtime/remote/git/transport.ts';

describe('endpointOf', () => {
  it.each([
    ['https://github.com/a/b', 'https', 'github.com', false],
    ['https://user:pw@github.com:8443/a', 'https', 'github.com:8443', false],
    ['http://127.0.0.1:3000/a', 'http', '127.0.0.1:3000', true],
    ['http://localhost/a', 'http', 'localhost', true],
    ['http://[::1]:80/a', 'http', '[::1]', true],
    ['http://127.0.0.1.example.com/a', 'http', '127.0.0.1.example.com', false],
    ['http://127.0.0.1@example.com/a', 'http', 'example.com', false],
    ['ssh://git@host:22/a', 'ssh', 'host:22', false],
    ['git+ssh://host/a', 'ssh', 'host', false],
    ['git@host:a/b', 'ssh', 'host', false],
    ['host:a/b', 'ssh', 'host', false],
    ['[::1]:a', 'ssh', '[::1]', true],
    ['ext::sh -c x', 'ext', '', false],
    ['https::http://x', 'https', '', false],
    ['file:///srv/a', 'file', '', false],
    ['/srv/a', 'file', '', true],
    ['./host:a', 'file', '', true],
    ['../a', 'file', '', true],
  ])('%s', (url, protocol, host, loopback) => {
    expect(endpointOf(url)).toMatchObject({ protocol, host, loopback });
  });

  it.each(['', '-x', '--upload-pack=x', 'https://', '-a@host:x', 'a@-host:x', 'https://a/\tb', 'ssh://-o/x'])(
    'refuses %j',
    (url) => {
      expect(() => endpointOf(url)).toThrow();
    },
  );
});

it('checkTransport lets http reach this machine alone', () => {
  const check = (url: string, transports = ['https', 'ssh', 'http-loopback']): void =>
    checkTransport('subject', endpointOf(url), transports);
  for (const url of ['https://a/b', 'ssh://a/b', 'a@b:c', 'http://127.0.0.1:1/b', 'http://localhost/b'])
    check(url);
  for (const url of ['http://a/b', '/b', 'file:///b', 'git://a/b', 'ext::x', 'ftp://a/b'])
    expect(() => check(url)).toThrow('not allowed');
  check('http://a/b', ['http']);
  check('/b', ['file']);
});

describe('effectiveUrl', () => {
  const rules = parseRewrites(
    'url.http://127.0.0.1:1/.insteadof\nhttps://github.com/\0url./srv/.insteadof\nhttps://github.com/kubeflow/\0' +
      'url.git@github.com:.pushinsteadof\nhttps://github.com/\0url.a\nb.insteadof\nodd:\0',
  );

  it('takes the longest prefix', () => {
    expect(effectiveUrl('https://github.com/a/b', rules, 'fetch')).toBe('http://127.0.0.1:1/a/b');
    expect(effectiveUrl('https://github.com/kubeflow/b', rules, 'fetch')).toBe('/srv/b');
    expect(effectiveUrl('https://gitlab.com/a', rules, 'fetch')).toBe('https://gitlab.com/a');
    expect(effectiveUrl('odd:x', rules, 'push')).toBe('a\nbx');
  });

  it('prefers the rules for pushes when it pushes', () => {
    expect(effectiveUrl('https://github.com/kubeflow/b', rules, 'push')).toBe('git@github.com:kubeflow/b');
  });
});
