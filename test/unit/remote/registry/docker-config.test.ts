import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { configFiles, dockerCredentials } from '../../../../runtime/remote/registry/docker-config.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');
const ann = { kind: 'password', username: 'ann', password: 'se:cret' };

let home: string;
let env: Record<string, string>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'docker-config-'));
  env = { DOCKER_CONFIG: home, PATH: `${home}:${process.env['PATH'] ?? ''}` };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const configure = (content: unknown) => writeFile(join(home, 'config.json'), JSON.stringify(content));

async function helper(name: string, script: string): Promise<void> {
  const path = join(home, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\nread -r server || true\n${script}\n`);
  await chmod(path, 0o755);
}

describe("Docker's configuration", () => {
  it('is looked for where the tools write it', () => {
    expect(configFiles({}, '/home/ann')).toEqual(['/home/ann/.docker/config.json']);
    const all = { REGISTRY_AUTH_FILE: '/auth', DOCKER_CONFIG: '/docker', XDG_RUNTIME_DIR: '/run/1' };
    expect(configFiles(all, '/home/ann')).toEqual([
      '/auth',
      '/docker/config.json',
      '/run/1/containers/auth.json',
    ]);
  });

  it('may be missing', async () => {
    expect(await dockerCredentials('gcr.io', env)).toEqual({ credentials: undefined, problems: [] });
  });

  it.each([
    ['gcr.io', 'gcr.io'],
    ['https://gcr.io', 'gcr.io'],
    ['https://gcr.io/v2/', 'gcr.io'],
    ['127.0.0.1:5000', '127.0.0.1:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
  ])('under %s holds the credentials of %s', async (key, host) => {
    await configure({
      auths: { 'other.example': { auth: encode('x:y') }, [key]: { auth: encode('ann:se:cret') } },
    });
    expect(await dockerCredentials(host, env)).toEqual({ credentials: ann, problems: [] });
    expect((await dockerCredentials('eu.gcr.io', env)).credentials).toBeUndefined();
  });

  it('may hold an identity token', async () => {
    await configure({ auths: { 'gcr.io': { auth: encode('00000000-0000:'), identitytoken: 'refresh' } } });
    expect((await dockerCredentials('gcr.io', env)).credentials).toEqual({
      kind: 'refresh-token',
      token: 'refresh',
    });
  });

  it('of Podman comes first', async () => {
    const file = join(home, 'auth.json');
    await configure({ auths: { 'gcr.io': { auth: encode('bob:x') } } });
    await writeFile(file, JSON.stringify({ auths: { 'gcr.io': { auth: encode('ann:se:cret') } } }));
    expect(await dockerCredentials('gcr.io', { ...env, REGISTRY_AUTH_FILE: file })).toMatchObject({
      credentials: ann,
    });
  });

  it.each([
    ['is not JSON', '{ "auths": { "gcr.io": { "auth": "c2VjcmV0"'],
    ['is not a Docker configuration', '{ "auths": "c2VjcmV0" }'],
  ])('that %s is a problem, told without its content', async (problem, content) => {
    await writeFile(join(home, 'config.json'), content);
    const lookup = await dockerCredentials('gcr.io', env);
    expect(lookup).toEqual({ credentials: undefined, problems: [`${join(home, 'config.json')} ${problem}`] });
  });

  it('may be a folder by mistake', async () => {
    await mkdir(join(home, 'config.json'));
    expect((await dockerCredentials('gcr.io', env)).problems).toEqual([expect.stringContaining('EISDIR')]);
  });
});

describe('a credential helper', () => {
  it('is asked for the host on its input', async () => {
    await configure({ credHelpers: { 'gcr.io': 'cloud' }, credsStore: 'desktop' });
    await helper(
      'cloud',
      `printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$server" "$1 $server" s`,
    );
    const { credentials } = await dockerCredentials('gcr.io', env);
    expect(credentials).toEqual({ kind: 'password', username: 'get gcr.io', password: 's' });
  });

  it('for all hosts knows Docker Hub by its old address', async () => {
    await configure({ credsStore: 'desktop', auths: { 'https://index.docker.io/v1/': {} } });
    await helper('desktop', `printf '{"Username":"%s","Secret":"s"}' "$server"`);
    expect((await dockerCredentials('docker.io', env)).credentials).toMatchObject({
      username: 'https://index.docker.io/v1/',
    });
  });

  it('may give an identity token', async () => {
    await configure({ credsStore: 'desktop' });
    await helper('desktop', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    expect((await dockerCredentials('gcr.io', env)).credentials).toEqual({
      kind: 'refresh-token',
      token: 'refresh',
    });
  });

  it('that knows nothing leaves what is stored', async () => {
    await configure({ credsStore: 'desktop', auths: { 'gcr.io': { auth: encode('ann:se:cret') } } });
    await helper('desktop', 'echo "credentials not found in native keychain"; exit 1');
    expect(await dockerCredentials('gcr.io', env)).toEqual({ credentials: ann, problems: [] });
  });

  it.each([
    ['fails', 'echo secret; echo secret >&2; exit 2', 'docker-credential-desktop failed'],
    [
      'answers nonsense',
      'echo secret',
      'docker-credential-desktop answered with something else than credentials',
    ],
  ])('that %s is a problem, told without its words', async (_, script, problem) => {
    await configure({ credsStore: 'desktop' });
    await helper('desktop', script);
    expect(await dockerCredentials('gcr.io', env)).toEqual({ credentials: undefined, problems: [problem] });
  });

  it('that is missing or has a path for a name is a problem', async () => {
    await configure({ credsStore: 'missing' });
    expect((await dockerCredentials('gcr.io', env)).problems).toEqual([
      'docker-credential-missing is not on PATH',
    ]);
    await configure({ credsStore: '../../bin/sh' });
    expect((await dockerCredentials('gcr.io', env)).problems).toEqual([
      expect.stringContaining('not the name'),
    ]);
  });

  it('is ended with the call', async () => {
    await configure({ credsStore: 'desktop' });
    await helper('desktop', 'exec sleep 60');
    const cancel = new AbortController();
    const asked = dockerCredentials('gcr.io', env, cancel.signal);
    setTimeout(() => cancel.abort(new Error('enough')), 20);
    await expect(asked).rejects.toThrow('enough');
  });
});
