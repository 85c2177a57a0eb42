import { describe, expect, it } from '@jest/globals';
import {
  interpretValue,
  parseAssignment,
  parsePath,
  readPath,
  setPath,
} from '../../../runtime/manifests/path.ts';

const FILE = 'all.yaml';
const TWO = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: a
  annotations:
    a.b/c: "1" # why
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: manager
        image: x:v1
      - {name: proxy, image: p:v1}
---
kind: Service
metadata:
  name: a
spec: {ports: [{port: 80}]}
`;

describe('parsePath', () => {
  it.each([
    ['a', [{ key: 'a' }]],
    ['a.b-c.d', [{ key: 'a' }, { key: 'b-c' }, { key: 'd' }]],
    ['images[0].newTag', [{ key: 'images' }, { index: 0 }, { key: 'newTag' }]],
    ['c[name=manager].image', [{ key: 'c' }, { field: 'name', value: 'manager' }, { key: 'image' }]],
    ['c[name="a]=b"].x', [{ key: 'c' }, { field: 'name', value: 'a]=b' }, { key: 'x' }]],
    ['m["a.b/c"].d', [{ key: 'm' }, { key: 'a.b/c' }, { key: 'd' }]],
    [`m.'a.b''c'`, [{ key: 'm' }, { key: "a.b'c" }]],
    ['[1].a', [{ index: 1 }, { key: 'a' }]],
    ['["a"]["b"]', [{ key: 'a' }, { key: 'b' }]],
  ])('%s', (path, steps) => {
    expect(parsePath(path)).toEqual(steps);
  });

  it.each(['', '.', 'a.', 'a..b', 'a[', 'a[]', 'a[b', 'a[x=', 'a=b', 'a]b', '.a'])('refuses %j', (path) => {
    expect(() => parsePath(path)).toThrow(/is no path/);
  });
});

describe('parseAssignment', () => {
  it('splits at the first = outside of brackets', () => {
    expect(parseAssignment('c[name=m].args[0]=--x=1')).toEqual({ path: 'c[name=m].args[0]', value: '--x=1' });
    expect(parseAssignment('m["a=b"]=')).toEqual({ path: 'm["a=b"]', value: '' });
  });

  it.each(['a', '=x', 'a[b=c]', ''])('refuses %j', (text) => {
    expect(() => parseAssignment(text)).toThrow(/is not PATH=VALUE/);
  });
});

describe('setPath', () => {
  it.each([
    ['spec.replicas', 3, 'replicas: 1', 'replicas: 3'],
    ['metadata.annotations["a.b/c"]', '2', '"1" # why', '"2" # why'],
    ['spec.template.spec.containers[name=manager].image', 'y:v2', 'image: x:v1', 'image: y:v2'],
    ['spec.template.spec.containers[1].image', 'q:v2', 'image: p:v1}', 'image: q:v2}'],
    ['spec.template.spec.containers[name=proxy].tag', '5', 'image: p:v1}', 'image: p:v1, tag: "5"}'],
    ['spec.ports[0].port', 8080, 'port: 80}', 'port: 8080}'],
  ])('%s', (path, value, from, to) => {
    const edited = setPath(TWO, path, value, { file: FILE });
    expect(edited.text).toBe(TWO.replace(from, to));
    expect(readPath(edited.text, path, { file: FILE })).toBe(value);
    expect(setPath(edited.text, path, value, { file: FILE })).toMatchObject({
      text: edited.text,
      changes: [],
    });
  });

  it('makes missing keys in the one selected document', () => {
    const edited = setPath(TWO, 'metadata.labels.app', 'on', { file: FILE, kind: 'Deployment' });
    expect(edited.text).toBe(TWO.replace('# why\n', '# why\n  labels:\n    app: "on"\n'));
  });

  it.each([
    [
      'metadata.name',
      {},
      'metadata.name: is in several documents (lines 4, 18); select one by kind and name',
    ],
    ['spec.template.spec.containers[name=none].image', {}, 'there is no such place in the file'],
    ['metadata.name', { kind: 'Job' }, 'no document has that kind and name'],
    ['spec.replicas.x', { kind: 'Deployment' }, 'there is no key `x`: a scalar stands above it'],
    [
      'spec.template',
      { kind: 'Deployment' },
      'all.yaml:10:5: spec.template: is a mapping, which cannot be replaced',
    ],
  ])('refuses %s %j', (path, select, message) => {
    expect(() => setPath(TWO, path, 'v', { file: FILE, ...select })).toThrow(message);
  });

  it('refuses an item that two fit', () => {
    const text = 'c:\n- name: a\n- name: a\n';
    expect(() => setPath(text, 'c[name=a].x', 'v', { file: FILE })).toThrow(
      /c: has 2 items with name=a; use an index: \[0\] or \[1\]/,
    );
  });

  it('fills values that are not there yet', () => {
    expect(setPath('a: # none\nb: ~\nc:\n', 'a', 'x', { file: FILE }).text).toBe('a: x # none\nb: ~\nc:\n');
    expect(setPath('a: # none\nb: ~\nc:\n', 'b', 'x', { file: FILE }).text).toBe('a: # none\nb: x\nc:\n');
    expect(setPath('a: # none\nb: ~\nc:\n', 'c', 'x', { file: FILE }).text).toBe('a: # none\nb: ~\nc: x\n');
    expect(setPath('a:\r\n  b:\r\n', 'a.b.c', 'x', { file: FILE }).text).toBe('a:\r\n  b:\r\n    c: x\r\n');
    expect(setPath('a: {}', 'a.b', 'x', { file: FILE }).text).toBe('a:\n  b: x');
    expect(setPath('a: {b: {}}\n', 'a.b.c', 'x', { file: FILE }).text).toBe('a: {b: {c: x}}\n');
  });
});

describe('readPath', () => {
  it('gives mappings as objects, and undefined for what is not there', () => {
    expect(readPath(TWO, 'spec.ports[0]', { file: FILE })).toEqual({ port: 80 });
    expect(readPath(TWO, 'spec.nothing', { file: FILE })).toBeUndefined();
  });
});

describe('interpretValue', () => {
  it.each([
    ['3', 1, 3],
    ['3', '1', '3'],
    ['true', undefined, true],
    ['"3"', undefined, '3'],
    ['null', 1, null],
    ['', undefined, ''],
    ['a: b', undefined, 'a: b'],
    ['[1]', undefined, '[1]'],
    ['a/b:v1', undefined, 'a/b:v1'],
  ])('%s where %j stood', (typed, old, value) => {
    expect(interpretValue(typed, old)).toBe(value);
  });
});
