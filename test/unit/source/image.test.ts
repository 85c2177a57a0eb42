import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatImage, normalizeImageName, parseImage } from '../../../runtime/source/image.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseImage', () => {
  it.each([
    ['nginx', { name: 'nginx' }],
    ['nginx:1.27', { name: 'nginx', tag: '1.27' }],
    ['gcr.io/p/n:v1.1.0-gd3377cbd', { name: 'gcr.io/p/n', tag: 'v1.1.0-gd3377cbd' }],
    ['localhost:5000/a/b__c', { name: 'localhost:5000/a/b__c' }],
    ['127.0.0.1:5000/a:b', { name: '127.0.0.1:5000/a', tag: 'b' }],
    ['[::1]:5000/a', { name: '[::1]:5000/a' }],
    [`gcr.io/p/n@${digest}`, { name: 'gcr.io/p/n', digest }],
    [`gcr.io/p/n:v1@${digest}`, { name: 'gcr.io/p/n', tag: 'v1', digest }],
  ])('reads %s', (text, image) => {
    expect(parseImage(text)).toEqual(image);
    expect(formatImage(image)).toBe(text);
  });

  it.each([
    ['', 'has no name'],
    [':v1', 'has no name'],
    ['gcr.io/P/n', 'capital letters'],
    ['https://gcr.io/p/n', 'is a URL'],
    ['gcr.io//n', 'has the name'],
    ['a..b', 'has the name'],
    ['-a', 'has the name'],
    ['a:', 'has the tag'],
    ['a:-x', 'has the tag'],
    [`a:${'t'.repeat(129)}`, 'has the tag'],
    ['a@sha256:12', 'has a digest'],
    [`a@${digest.toUpperCase()}`, 'has a digest'],
    [`a@${digest}@${digest}`, 'more than one "@"'],
    ['a'.repeat(256), 'more than 255'],
    ['a b', 'has the name'],
  ])('refuses %j', (text, problem) => {
    expect(() => parseImage(text)).toThrow(problem);
  });

  it('writes what it read', () => {
    const name = fc.stringMatching(
      /^([a-z]{1,5}\.io(:[0-9]{2})?\/)?[a-z0-9]{1,4}([._-][a-z0-9]{1,3}){0,2}$/u,
    );
    const tag = fc.stringMatching(/^\w[\w.-]{0,10}$/u);
    fc.assert(
      fc.property(name, fc.option(tag), fc.boolean(), (name, tag, pinned) => {
        const image = { name, ...(tag !== null && { tag }), ...(pinned && { digest }) };
        expect(parseImage(formatImage(image))).toEqual(image);
      }),
    );
  });
});

describe('normalizeImageName', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx'],
    ['library/nginx', 'docker.io/library/nginx'],
    ['docker.io/nginx', 'docker.io/library/nginx'],
    ['index.docker.io/bitnami/nginx', 'docker.io/bitnami/nginx'],
    ['bitnami/nginx', 'docker.io/bitnami/nginx'],
    ['gcr.io/p/n', 'gcr.io/p/n'],
    ['localhost/n', 'localhost/n'],
    ['host:5000/n', 'host:5000/n'],
  ])('%s is %s', (name, normalized) => {
    expect(normalizeImageName(name)).toBe(normalized);
    expect(normalizeImageName(normalized)).toBe(normalized);
  });
});
