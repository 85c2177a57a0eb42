import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError } from '../../../runtime/config/errors.ts';
import { parseSettings } from '../../../runtime/config/settings.ts';
import { configError, linesOf } from './problems.ts';

const file = (text: string): { name: string; text: string } => ({ name: 'slipway.yaml', text });
const reference =
  'put the secret into an environment variable, a file or Secret Manager, and write { env: NAME }, { file: PATH } or { secretManager: projects/P/secrets/S }';

describe('settings', () => {
  it('may be none at all', () => {
    expect(parseSettings(undefined, {})).toEqual({});
    expect(parseSettings(file('{}'), {})).toEqual({});
  });

  it('come from a file', () => {
    const text = `
installation: prod
forges:
  github.com: {token: {env: GH_TOKEN}, head: bot}
  127.0.0.1:3000: {api: "http://127.0.0.1:3000", app: {id: 7, privateKey: {file: /k.pem}}}
registries:
  gcr.io: {endpoint: "http://localhost:5000", name: "localhost:5000/mirror/{name}"}
interval: 90
limits: {pass: 10m}
`;
    expect(parseSettings(file(text), {})).toEqual({
      installation: 'prod',
      forges: {
        'github.com': { token: { env: 'GH_TOKEN' }, head: 'bot' },
        '127.0.0.1:3000': {
          api: 'http://127.0.0.1:3000',
          app: { id: 7, privateKey: { file: '/k.pem' } },
        },
      },
      registries: { 'gcr.io': { endpoint: 'http://localhost:5000', name: 'localhost:5000/mirror/{name}' } },
      interval: 90_000,
      limits: { pass: 600_000 },
    });
  });

  it('are refused with every problem at once, and without a word of a secret', () => {
    const text = `
instalation: x
forges:
  github.com:
    token: SECRET
    api: http://user:SECRET@example.com
  https://gitlab.com: {token: {SECRET: 1}}
  a.com: {token: {env: A, file: SECRET}, head: ""}
  b.com: {token: {env: A}, app: {id: 1, privateKey: {file: "-----BEGIN SECRET"}}}
  c.com: {token: {secretManager: SECRET}, ssh: {key: k}}
  d.com: {token: {env: ghp_SECRETSECRET}}
registries:
  gcr.io: {password: {env: X}, name: "host/{nam}", endpoint: "ftp://x"}
  quay.io: {username: u, name: "Host/Bad Name"}
builder: {tool: docker, command: [x], concurrency: 0}
interval: 0s
limits: {pass: 5 minutes}
`;
    const error = configError(() => parseSettings(file(text), {}));
    expect(error.message).not.toContain('SECRET');
    expect(error.message.split('\n')).toEqual([
      'slipway.yaml:2:1: unknown field `instalation`. did you mean `installation`?',
      `slipway.yaml:5:12 forges["github.com"].token: holds a value where only a reference to a secret may stand. ${reference}`,
      'slipway.yaml:6:10 forges["github.com"].api: holds a user name or password. take them out of the address',
      'slipway.yaml:6:10 forges["github.com"].api: would send credentials over plain http to another machine. write https://',
      'slipway.yaml:7:3 forges: the name "https://gitlab.com" must be a host in lower case, with a port if it has one, and without scheme and path',
      `slipway.yaml:7:31 forges["https://gitlab.com"].token: is no reference to a secret. ${reference}`,
      `slipway.yaml:8:18 forges["a.com"].token: needs exactly one of env, file, secretManager. ${reference}`,
      'slipway.yaml:8:48 forges["a.com"].head: "" is neither OWNER nor OWNER/NAME',
      'slipway.yaml:9:33 forges["b.com"].app: stands beside a token, and only one of them can be used. keep one',
      'slipway.yaml:9:60 forges["b.com"].app.privateKey.file: holds what looks like the secret itself, where the path of a file belongs. revoke it if this file was shared, and put the new one there',
      `slipway.yaml:10:18 forges["c.com"].token: is no reference to a secret. ${reference}`,
      'slipway.yaml:10:43 forges["c.com"].ssh.knownHosts: is missing. give text',
      'slipway.yaml:11:24 forges["d.com"].token.env: holds what looks like the secret itself, where the name of an environment variable belongs. revoke it if this file was shared, and put the new one there',
      'slipway.yaml:13:3 registries["gcr.io"].username: is missing beside a password. give the user name, `_json_key` for a key of Google',
      'slipway.yaml:13:38 registries["gcr.io"].name: unknown placeholder {nam}. did you mean `name`?',
      'slipway.yaml:13:62 registries["gcr.io"].endpoint: has the scheme ftp. write https://HOST',
      'slipway.yaml:14:3 registries["quay.io"].password: is missing beside a user name. give { env: NAME } or { file: PATH }',
      'slipway.yaml:14:32 registries["quay.io"].name: gives no image name. write HOST/PATH, with {name} for the path without host',
      'slipway.yaml:15:17 builder.tool: stands beside a command, and only one of them can be used. keep one',
      'slipway.yaml:15:52 builder.concurrency: must be at least 1, not 0',
      'slipway.yaml:16:11 interval: must be longer than nothing',
      'slipway.yaml:17:16 limits.pass: "5 minutes" must be a duration such as 30s, 20m, 12h or 7d',
    ]);
  });
});

describe('a registry', () => {
  const plain = (more: string) =>
    file(`registries: {"registry.example.com": {endpoint: "http://registry.example.com"${more}}}`);

  it('is reached over plain http only when that is said', () => {
    expect(parseSettings(plain(', insecure: true'), {}).registries).toEqual({
      'registry.example.com': { endpoint: 'http://registry.example.com', insecure: true },
    });
    for (const more of ['', ', insecure: false'])
      expect(configError(() => parseSettings(plain(more), {})).message).toContain('over plain http');
  });
});

describe('a custom builder', () => {
  it('may fetch the source itself, and no other', () => {
    const { builder } = parseSettings(file('builder: {command: [build], checkout: false}'), {});
    expect(builder).toEqual({ command: ['build'], checkout: false });
    expect(
      configError(() => parseSettings(file('builder: {tool: buildah, checkout: false}'), {})).message,
    ).toBe(
      'slipway.yaml:1:36 builder.checkout: is for a custom command, and there is none. add builder.command, or leave it out',
    );
  });
});

describe('SLIPWAY_ variables', () => {
  it('stand over the file', () => {
    const settings = parseSettings(
      file('builder: {tool: docker, concurrency: 1}\nforges: {github.com: {}}\n'),
      {
        SLIPWAY_BUILDER__CONCURRENCY: '2',
        SLIPWAY_LIMITS__OPEN_PULL_REQUESTS: '3',
        SLIPWAY_INSTALLATION: '123',
        SLIPWAY_SUSPEND: 'true',
        SLIPWAY_INTERVAL: '30s',
        SLIPWAY_FORGES__GITHUB_COM__TOKEN: '{env: SLIPWAY_TOKEN}',
        SLIPWAY_GIT__TRANSPORTS: '[https, file]',
      },
    );
    expect(settings).toEqual({
      builder: { tool: 'docker', concurrency: 2 },
      limits: { openPullRequests: 3 },
      installation: '123',
      suspend: true,
      interval: 30_000,
      forges: { 'github.com': { token: { env: 'SLIPWAY_TOKEN' } } },
      git: { transports: ['https', 'file'] },
    });
  });

  it.each([
    ['ours that are no settings', { SLIPWAY_CONFIG: 'x', SLIPWAY_SETTINGS: 'y', SLIPWAY_KUBEFLOW: 'z' }],
    [
      'those that Kubernetes sets for a Service',
      {
        SLIPWAY_SERVICE_HOST: '10.0.0.1',
        SLIPWAY_SERVICE_PORT: '80',
        SLIPWAY_SERVICE_PORT_HTTP: '80',
        SLIPWAY_PORT: 'tcp://10.0.0.1:80',
        SLIPWAY_PORT_80_TCP_ADDR: '10.0.0.1',
        SLIPWAY_WEB_SERVICE_HOST: '10.0.0.2',
        SLIPWAY_WEB_PORT_80_TCP: 'tcp://10.0.0.2:80',
      },
    ],
    ['empty ones', { SLIPWAY_BUILDER__CONCURRENCY: '', SLIPWAY_NOTHING: ' ' }],
    ['those of others', { PATH: '/bin', slipway_builder: 'x' }],
  ])('pass over %s', (_, environment) => {
    expect(parseSettings(undefined, environment)).toEqual({});
  });

  it('pass over those that a secret reference names', () => {
    const text = 'registries: {gcr.io: {username: u, password: {env: SLIPWAY_GCR_PASSWORD}}}';
    expect(() => parseSettings(file(text), { SLIPWAY_GCR_PASSWORD: 'SECRET' })).not.toThrow();
    expect(linesOf(() => parseSettings(undefined, { SLIPWAY_GCR_PASSWORD: 'SECRET' })).join()).not.toContain(
      'SECRET',
    );
  });

  it('are refused beside the problems of the file', () => {
    const environment = {
      SLIPWAY_BUILDER__COMAND: '[x]',
      SLIPWAY_BUILDER__CONCURRENCY: 'many',
      SLIPWAY_LOGG: 'x',
      SLIPWAY_LOG: '{level: [',
      SLIPWAY_REGISTRIES__GCR_IO__USERNAME: 'x',
      SLIPWAY_SUSPEND: 'flase',
      SLIPWAY_FORGES__GITHUB_COM__TOKEN: 'SECRET',
    };
    expect(
      linesOf(() => parseSettings(file('forges: {github.com: {}}\nintervall: 5m\n'), environment)),
    ).toEqual([
      'slipway.yaml:2:1: unknown field `intervall`. did you mean `interval`?',
      'SLIPWAY_LOG:1:10: is no YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
      'SLIPWAY_BUILDER__COMAND:1:1: is no setting. did you mean `SLIPWAY_BUILDER__COMMAND`?',
      'SLIPWAY_LOGG:1:1: is no setting. did you mean `SLIPWAY_LOG`?',
      'SLIPWAY_REGISTRIES__GCR_IO__USERNAME:1:1: names GCR_IO, which the settings file does not have under registries. add it there, or set SLIPWAY_REGISTRIES to a whole mapping',
      `SLIPWAY_FORGES__GITHUB_COM__TOKEN:1:1 forges["github.com"].token: holds a value where only a reference to a secret may stand. ${reference}`,
      'SLIPWAY_BUILDER__CONCURRENCY:1:1 builder.concurrency: must be a whole number, not "many"',
      'SLIPWAY_SUSPEND:1:1 suspend: must be true or false, not "flase"',
    ]);
  });

  it('throw nothing but ConfigError', () => {
    const part = fc.constantFrom(
      'BUILDER',
      'FORGES',
      'LOG',
      '',
      '_',
      'X',
      '__',
      'GITHUB_COM',
      'TOOL',
      '__proto__',
      'constructor',
    );
    const name = fc.array(part, { maxLength: 4 }).map((parts) => `SLIPWAY_${parts.join('__')}`);
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.constantFrom('[', '{a: 1}', '&a', '*a', '~', '- a'),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 5 }), (environment) => {
        try {
          parseSettings(file('forges: {github.com: {}}'), environment);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
    );
  });
});
