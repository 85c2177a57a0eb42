import { describe, expect, it } from '@jest/globals';
import {
  canonicalRepository,
  forgeRepository,
  repositoryIdentity,
} from '../../../runtime/source/repository.ts';

describe('canonicalRepository', () => {
  it.each([
    ['https://github.com/kubeflow/kubeflow', 'https://github.com/kubeflow/kubeflow'],
    ['https://github.com/kubeflow/kubeflow.git', 'https://github.com/kubeflow/kubeflow'],
    ['https://github.com/kubeflow/kubeflow.git/', 'https://github.com/kubeflow/kubeflow'],
    ['https://GitHub.com:443//kubeflow/kubeflow', 'https://github.com/kubeflow/kubeflow'],
    ['https://bot:secret@github.com/kubeflow/kubeflow', 'https://github.com/kubeflow/kubeflow'],
    ['git@github.com:kubeflow/kubeflow.git', 'https://github.com/kubeflow/kubeflow'],
    ['github.com:kubeflow/kubeflow.git', 'https://github.com/kubeflow/kubeflow'],
    ['git@gitlab.com:group/sub/name.git', 'https://gitlab.com/group/sub/name'],
    ['ssh://git@github.com/kubeflow/kubeflow.git', 'ssh://git@github.com/kubeflow/kubeflow'],
    ['ssh://git@host.example:2222/o/r', 'ssh://git@host.example:2222/o/r'],
    ['ssh://Host.example/o/r', 'ssh://git@host.example/o/r'],
    ['http://127.0.0.1:3000/o/r.git', 'http://127.0.0.1:3000/o/r'],
    ['http://localhost/o/r', 'http://localhost/o/r'],
    ['http://[::1]:80/o/r', 'http://[::1]/o/r'],
    ['file:///srv/git/o/r.git', 'file:///srv/git/o/r'],
    ['/srv/git/o/r', 'file:///srv/git/o/r'],
  ])('reads %s as %s', (written, canonical) => {
    expect(canonicalRepository(written)).toBe(canonical);
    expect(canonicalRepository(canonical)).toBe(canonical);
  });

  it('reads git@host over ssh where a key is configured for the host', () => {
    const sshHosts = new Set(['github.com']);
    expect(canonicalRepository('git@GitHub.com:o/r.git', { sshHosts })).toBe('ssh://git@github.com/o/r');
    expect(canonicalRepository('git@gitlab.com:o/r.git', { sshHosts })).toBe('https://gitlab.com/o/r');
    expect(canonicalRepository('https://github.com/o/r', { sshHosts })).toBe('https://github.com/o/r');
  });

  it.each([
    ['', 'is empty'],
    ['--upload-pack=touch /tmp/x', 'begins with "-"'],
    ['https://github.com/o/r?x=1', 'has one of'],
    ['https://github.com/o/r#main', 'has one of'],
    ['https://github.com/o/%2e%2e/r', 'has one of'],
    ['C:\\src\\r', 'has one of'],
    ['https://github.com/o/r\n', 'has a space or control character'],
    ['https://github.com/o r', 'has a space or control character'],
    ['https://github.com/o/../r', 'has a segment'],
    ['https://github.com/-o/r', 'has a segment'],
    ['ssh://-oProxyCommand=x/o/r', 'ssh://-oProxyCommand=x/o/r'],
    ['ssh://-x@host/o/r', 'begins with "-"'],
    ['https://github.com/', 'names no repository'],
    ['https://github.com/.git', 'names no repository'],
    ['http://example.com/o/r', 'plain http'],
    ['git://github.com/o/r', 'has the scheme "git"'],
    ['ext::sh -c true', 'has a space'],
    ['ext::true', 'is no address of a repository'],
    ['github.com/o/r', 'is no address of a repository'],
    ['kubeflow', 'is no address of a repository'],
    ['file://host/o/r', 'is a file on another host'],
    [`https://github.com/o/${'r'.repeat(2048)}`, 'longer than'],
  ])('refuses %j', (written, problem) => {
    expect(() => canonicalRepository(written)).toThrow(problem);
    expect(() => canonicalRepository(written)).toThrow('write https://HOST/OWNER/NAME');
  });

  it('keeps passwords out of its messages', () => {
    let message = '';
    try {
      canonicalRepository('http://bot:secret@example.com/o/r');
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('example.com/o/r');
    expect(message).not.toContain('secret');
  });
});

describe('forgeRepository', () => {
  it.each([
    ['https://github.com/kubeflow/kubeflow', { host: 'github.com', owner: 'kubeflow', name: 'kubeflow' }],
    ['http://127.0.0.1:3000/o/r', { host: '127.0.0.1:3000', owner: 'o', name: 'r' }],
    ['ssh://git@host.example:2222/o/r', { host: 'host.example', owner: 'o', name: 'r' }],
    ['https://gitlab.com/group/sub/name', { host: 'gitlab.com', owner: 'group/sub', name: 'name' }],
    ['file:///srv/o/r', undefined],
    ['https://git.example/r', undefined],
    ['nonsense', undefined],
  ])('of %s', (url, expected) => {
    expect(forgeRepository(url)).toEqual(expected);
  });
});

describe('repositoryIdentity', () => {
  it('folds the case of a repository on a forge, and of no path', () => {
    expect(repositoryIdentity('https://github.com/Acme/Web')).toBe('https://github.com/acme/web');
    expect(repositoryIdentity('file:///srv/Web')).toBe('file:///srv/Web');
  });
});
