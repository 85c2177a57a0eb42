import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OciError } from '../../../../runtime/standins/registry/errors.ts';
import { parseRoute } from '../../../../runtime/standins/registry/route.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('a path of the distribution API', () => {
  it.each([
    ['/v2/', { kind: 'base' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/a/b/tags/list', { kind: 'tags', name: 'a/b' }],
    [`/v2/a/b/blobs/${digest}`, { kind: 'blob', name: 'a/b', digest }],
    [`/v2/a/blobs/${digest.replace(':', '%3A')}`, { kind: 'blob', name: 'a', digest }],
    ['/v2/a/blobs/uploads/', { kind: 'uploads', name: 'a' }],
    ['/v2/a/blobs/uploads', { kind: 'uploads', name: 'a' }],
    ['/v2/a/manifests/v1.0', { kind: 'manifest', name: 'a', reference: 'v1.0' }],
    [`/v2/a/manifests/${digest}`, { kind: 'manifest', name: 'a', reference: digest }],
    [`/v2/a/referrers/${digest}`, { kind: 'referrers', name: 'a', digest }],
    ['/v2/manifests/tags/list', { kind: 'tags', name: 'manifests' }],
    ['/v2/a/blobs/b/manifests/v1', { kind: 'manifest', name: 'a/blobs/b', reference: 'v1' }],
  ])('%s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  it.each([
    ['/v2/A/tags/list', 'NAME_INVALID'],
    ['/v2/a..b/tags/list', 'NAME_INVALID'],
    ['/v2/_uploads/tags/list', 'NAME_INVALID'],
    ['/v2/a/../b/tags/list', 'NAME_INVALID'],
    ['/v2/a%2fb/tags/list', 'NAME_INVALID'],
    [`/v2/${'a/'.repeat(130)}b/tags/list`, 'NAME_INVALID'],
    ['/v2/a/manifests/..', 'TAG_INVALID'],
    ['/v2/a/manifests/-v', 'TAG_INVALID'],
    [`/v2/a/manifests/${'v'.repeat(129)}`, 'TAG_INVALID'],
    ['/v2/a/manifests/sha256:abc', 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha512:${'a'.repeat(128)}`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/${digest.toUpperCase()}`, 'DIGEST_INVALID'],
    ['/v2/a/blobs/uploads/..', 'BLOB_UPLOAD_UNKNOWN'],
  ])('%s is refused: %s', (path, code) => {
    expect(() => parseRoute(path)).toThrow(expect.objectContaining({ code }));
  });

  it.each(['/', '/v1/', '/v2/a', '/v2/a/tags', '/v2/tags/list', '/v2/a/other/b'])('%s is none', (path) => {
    expect(parseRoute(path)).toBeUndefined();
  });

  it('never names a file outside the repository', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '',
        'blobs',
        'uploads',
        'manifests',
        'tags',
        'list',
        '_layers',
        '%2e%2e',
        digest,
      ),
      fc.string({ maxLength: 8 }),
    );
    const paths = fc.array(piece, { maxLength: 8 }).map((pieces) => `/v2/${pieces.join('/')}`);
    fc.assert(
      fc.property(paths, (path) => {
        let route;
        try {
          route = parseRoute(path);
        } catch (error) {
          return error instanceof OciError;
        }
        const words = Object.values(route ?? {}).flatMap((value) => value.split('/'));
        return words.every((word) => word !== '' && word !== '.' && word !== '..' && !word.includes('\0'));
      }),
      { numRuns: 2000 },
    );
  });
});
