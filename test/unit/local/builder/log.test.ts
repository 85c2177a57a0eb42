import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildEnvironment } from '../../../../runtime/local/builder/environment.ts';
import { lastLines } from '../../../../runtime/local/builder/log.ts';

it('gives the last lines without colours, progress and user info', () => {
  const text = '\u001b[31mred\u001b[0m\r\n10%\r20%\r100%\npulled https://user:secret@host/x\u0007\n\n';
  expect(lastLines(text)).toBe('red\n100%\npulled https://***@host/x');
});

it('gives at most 2 KiB of whole characters, whatever it is given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 5000, size: 'max' }), (text) => {
      const message = lastLines(text);
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(2048);
      expect(message).not.toMatch(/[^\P{Cc}\n\t]/u);
    }),
  );
  expect(lastLines('é'.repeat(3000))).toBe('é'.repeat(1024));
});

it('passes on what tools need, and nothing that may be a secret', () => {
  const passed = { PATH: '/bin', HOME: '/h', DOCKER_CONFIG: '/d', https_proxy: 'p', LC_ALL: 'C' };
  const kept = {
    GITHUB_TOKEN: 's',
    DOCKER_PASSWORD: 's',
    MY_PATH: 'x',
    SLIPWAY_SETTINGS: 'x',
    AWS_SECRET_ACCESS_KEY: 's',
  };
  expect(buildEnvironment({ ...passed, ...kept })).toEqual(passed);
});
