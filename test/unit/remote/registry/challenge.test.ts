import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseChallenge } from '../../../../runtime/remote/registry/challenge.ts';

describe('a challenge', () => {
  it.each([
    ['Basic realm="Registry"', { scheme: 'basic' }],
    ['basic', { scheme: 'basic' }],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      {
        scheme: 'bearer',
        realm: 'https://auth.docker.io/token',
        service: 'registry.docker.io',
        scope: 'repository:a/b:pull,push',
      },
    ],
    [
      'bearer Realm = "https://a/\\"b\\"" , error="invalid_token"',
      { scheme: 'bearer', realm: 'https://a/"b"', service: undefined, scope: undefined },
    ],
    [
      'Basic realm="x, Bearer y", Bearer realm=https://a/t,service=s',
      { scheme: 'bearer', realm: 'https://a/t', service: 's', scope: undefined },
    ],
    ['Bearer service="s", Basic realm="r"', { scheme: 'basic' }],
    ['Negotiate', undefined],
    ['Negotiate abc==, Basic realm="r"', { scheme: 'basic' }],
    ['Bearer', undefined],
    ['', undefined],
  ])('%s', (header, challenge) => {
    expect(parseChallenge(header)).toEqual(challenge);
  });

  it('of any values comes back as it was quoted', () => {
    const value = fc.string({ unit: 'grapheme-ascii' }).filter((text) => !/[\r\n]/.test(text));
    const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(value, value, (realm, scope) => {
        const header = `Bearer realm=${quote(realm)}, scope=${quote(scope)}`;
        expect(parseChallenge(header)).toEqual({ scheme: 'bearer', realm, service: undefined, scope });
      }),
    );
  });

  it('of any bytes is read in linear time, without an error', () => {
    fc.assert(fc.property(fc.string(), (header) => void parseChallenge(header)));
    expect(parseChallenge(`Basic ${',\t '.repeat(50_000)}`)).toEqual({ scheme: 'basic' });
  });
});
