import { afterAll, describe, expect, it } from '@jest/globals';
import { actorOf, permits } from '../../../../runtime/standins/forge/accounts.ts';
import { ForgeState } from '../../../../runtime/standins/forge/state.ts';

const state = new ForgeState(':memory:');
afterAll(() => state.close());
const accounts = new Map([['secret', 'kubeflow-bot']]);
const actor = (header: string | undefined, now = 0) => actorOf(header, { accounts, state, now });
const basic = (words: string) => `Basic ${Buffer.from(words).toString('base64')}`;

describe('actorOf', () => {
  it.each([
    ['Bearer secret', 'kubeflow-bot'],
    ['token secret', 'kubeflow-bot'],
    [basic('x-access-token:secret'), 'kubeflow-bot'],
    [basic('secret:'), 'kubeflow-bot'],
    [basic('me:with:colon'), 'slipway-bot'],
    ['Bearer as-ann', 'ann'],
    ['Bearer as-stale[bot]', 'stale[bot]'],
    ['Bearer as-../x', 'slipway-bot'],
    ['Bearer anything', 'slipway-bot'],
  ])('takes %s as %s', (header, login) => {
    expect(actor(header)).toEqual({ kind: 'account', login });
  });

  it('knows nobody without a header, and refuses one that holds no token', () => {
    expect(actor(undefined)).toEqual({ kind: 'anonymous' });
    for (const header of ['Bearer', 'Digest x', basic(':'), 'Bearer eyJ.x.y', 'Bearer ghs_unknown'])
      expect(() => actor(header)).toThrow('Bad credentials');
  });

  it('ends an issued token in time, and limits it to what it was made for', () => {
    state.addToken({
      token: 'ghs_1',
      login: 'slipway[bot]',
      expires_at: 100,
      repositories: '["kubeflow/manifests"]',
      permissions: '{"contents":"write","pull_requests":"read"}',
    });
    const app = actor('Bearer ghs_1', 99);
    if (app.kind !== 'account') throw new Error('no account');
    expect(permits(app, 'Kubeflow/Manifests', 'contents')).toBe(true);
    expect(permits(app, 'kubeflow/manifests', 'pull_requests')).toBe(false);
    expect(permits(app, 'kubeflow/kubeflow', 'contents')).toBe(false);
    expect(() => actor('Bearer ghs_1', 100)).toThrow('Bad credentials');
  });
});
