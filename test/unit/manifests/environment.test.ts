import { describe, expect, it } from '@jest/globals';
import {
  isEnvironmentFile,
  readEnvironment,
  setEnvironment,
} from '../../../runtime/manifests/environment.ts';

const WORKLOADS = `kind: Deployment
metadata:
  name: api
spec:
  template:
    spec:
      initContainers:
      - name: migrate
        env: []
      containers:
      - name: server
        env:
        - name: DRIVER   # handed over
          value: "driver:v1"
        - name: SECRET
          valueFrom: {secretKeyRef: {name: s, key: k}}
        - name: EMPTY
      - name: proxy
        image: p
---
kind: CronJob
metadata:
  name: clean
spec:
  jobTemplate: {spec: {template: {spec: {containers: [{name: clean, env: [{name: LEVEL, value: info}]}]}}}}
`;
const file = 'all.yaml';

describe('setEnvironment', () => {
  it.each([
    ['DRIVER', 'driver:v2', {}, '"driver:v1"', '"driver:v2"'],
    ['LEVEL', 'on', {}, 'value: info', 'value: "on"'],
    ['EMPTY', 'x', {}, '- name: EMPTY\n', '- name: EMPTY\n          value: x\n'],
    [
      'NEW',
      '1',
      { container: 'server' },
      '- name: EMPTY\n',
      '- name: EMPTY\n        - name: NEW\n          value: "1"\n',
    ],
    [
      'NEW',
      'x',
      { container: 'proxy' },
      'image: p\n',
      'image: p\n        env:\n        - name: NEW\n          value: x\n',
    ],
    ['NEW', 'x', { container: 'migrate' }, 'env: []\n', 'env:\n        - name: NEW\n          value: x\n'],
    ['NEW', 'x', { kind: 'CronJob', name: 'clean' }, 'value: info}]', 'value: info}, {name: NEW, value: x}]'],
  ])('%s=%s %j', (variable, value, select, from, to) => {
    const edited = setEnvironment(WORKLOADS, variable, value, { file, ...select });
    expect(edited.text).toBe(WORKLOADS.replace(from, to));
    expect(setEnvironment(edited.text, variable, value, { file, ...select })).toMatchObject({
      text: edited.text,
      changes: [],
    });
  });

  it.each([
    ['SECRET', {}, 'SECRET comes from another object (valueFrom)'],
    [
      'NEW',
      { kind: 'Deployment' },
      'several places can hold it: Deployment/api/migrate, Deployment/api/server, Deployment/api/proxy',
    ],
    ['NEW', { container: 'none' }, 'no container or config map generator like that'],
    ['A=B', {}, '`A=B` is no name of a variable'],
  ])('refuses %s %j', (variable, select, message) => {
    expect(() => setEnvironment(WORKLOADS, variable, 'x', { file, ...select })).toThrow(message);
  });

  it('finds containers in lists of objects and in custom resources', () => {
    const text = `kind: List
items:
- kind: TFJob
  metadata: {name: train}
  spec:
    tfReplicaSpecs:
      Worker:
        template:
          spec:
            containers:
            - name: tensorflow
              env:
              - {name: A, value: a}
`;
    expect(setEnvironment(text, 'A', 'b', { file, kind: 'TFJob', name: 'train' }).text).toBe(
      text.replace('value: a', 'value: b'),
    );
  });

  it('sets literals of config map generators, quotes inside kept', () => {
    const text = `configMapGenerator:
- name: params
  literals:
  - A=1 # one
  - 'B="two"'
- name: other
  literals: [C=3]
`;
    const set = (variable: string, value: string, name?: string) =>
      setEnvironment(text, variable, value, name === undefined ? { file } : { file, name }).text;
    expect(set('A', '2')).toBe(text.replace('A=1', 'A=2'));
    expect(set('B', '2')).toBe(text.replace('"two"', '"2"'));
    expect(set('D', 'x: y', 'other')).toBe(text.replace('[C=3]', '[C=3, "D=x: y"]'));
    expect(() => set('D', 'x')).toThrow('several places can hold it: params, other');
  });

  it('sets lines of .env files', () => {
    const text = '# all\r\nA=1\r\n\r\n  B=x=y\r\nC=';
    const set = (variable: string, value: string) =>
      setEnvironment(text, variable, value, { file: 'base/params.env' }).text;
    expect(set('A', '2 3')).toBe(text.replace('A=1', 'A=2 3'));
    expect(set('B', '')).toBe(text.replace('B=x=y', 'B='));
    expect(set('C', '$&')).toBe('# all\r\nA=1\r\n\r\n  B=x=y\r\nC=$&');
    expect(set('D', '4')).toBe(`${text}\r\nD=4`);
    expect(() => set('A', '1\n2')).toThrow('cannot have several lines');
    expect(() => setEnvironment('A=1\nA=2\n', 'A', '3', { file: '.env' })).toThrow('is set on lines 1, 2');
    expect(setEnvironment('', 'A', '1', { file: '.env' })).toEqual({
      text: 'A=1\n',
      changes: [{ path: 'A', before: undefined, after: '1', line: 1 }],
    });
  });
});

describe('readEnvironment', () => {
  it('lists values with their place', () => {
    expect(readEnvironment(WORKLOADS, { file, container: 'server' })).toEqual([
      {
        variable: 'DRIVER',
        value: 'driver:v1',
        kind: 'Deployment',
        name: 'api',
        container: 'server',
        line: 13,
      },
      {
        variable: 'SECRET',
        value: undefined,
        kind: 'Deployment',
        name: 'api',
        container: 'server',
        line: 15,
      },
      { variable: 'EMPTY', value: undefined, kind: 'Deployment', name: 'api', container: 'server', line: 17 },
    ]);
    expect(readEnvironment('A=1\n#B=2\nC\n', { file: 'x.env' })).toEqual([
      { variable: 'A', value: '1', line: 1 },
      { variable: 'C', value: undefined, line: 3 },
    ]);
  });
});

it('tells .env files by their name', () => {
  expect(
    ['.env', 'a/params.env', '.env.prod', 'env.yaml', 'a.yaml', 'environment'].map(isEnvironmentFile),
  ).toEqual([true, true, true, false, false, false]);
});
