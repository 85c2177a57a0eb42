import { describe, expect, it } from '@jest/globals';
import { findCredentials } from '../../../../runtime/remote/registry/credentials.ts';
import { isGoogleHost } from '../../../../runtime/remote/registry/google.ts';

const env = { DOCKER_CONFIG: '/nonexistent' };
const gcr = { key: 'gcr.io', host: 'gcr.io' };
const token = () => Promise.resolve('ya29.token');

describe("Google's credentials", () => {
  it.each([
    ['gcr.io', true],
    ['eu.gcr.io', true],
    ['europe-west1-docker.pkg.dev', true],
    ['evilgcr.io', false],
    ['gcr.io.example.com', false],
    ['docker.pkg.dev.example', false],
    ['a.b-docker.pkg.dev', false],
    ['docker.io', false],
  ])('are for %s: %s', async (host, expected) => {
    expect(isGoogleHost(host)).toBe(expected);
    const { credentials } = await findCredentials({ key: host, host }, { env, googleToken: token });
    const google = { kind: 'password', username: 'oauth2accesstoken', password: 'ya29.token' };
    expect(credentials).toEqual(expected ? google : undefined);
  });

  it('come after those of the settings', async () => {
    const settings = () => Promise.resolve({ username: 'ann', password: 'x' });
    const { credentials } = await findCredentials(gcr, { settings, env, googleToken: token });
    expect(credentials).toEqual({ kind: 'password', username: 'ann', password: 'x' });
  });

  it('may be absent', async () => {
    const none = () => Promise.resolve(undefined);
    expect(await findCredentials(gcr, { env, googleToken: none })).toEqual({
      credentials: undefined,
      problems: [],
    });
  });

  it('that fail are a problem', async () => {
    const failing = () => Promise.reject(new Error('the key is revoked'));
    const { problems } = await findCredentials(gcr, { env, googleToken: failing });
    expect(problems).toEqual(['Google credentials cannot be used: the key is revoked']);
  });
});
