import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Secrets } from '../../../../runtime/remote/secrets/secrets.ts';

const SECRET = 'hunter2';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'slipway-secrets-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe('a secret', () => {
  it('in the environment is read each time, without the line break that files leave', async () => {
    const environment: Record<string, string> = { TOKEN: `${SECRET}\n` };
    const secrets = new Secrets(environment);
    expect(await secrets.read({ env: 'TOKEN' })).toBe(SECRET);
    environment['TOKEN'] = 'renewed';
    expect(await secrets.read({ env: 'TOKEN' })).toBe('renewed');
  });

  it('in a file is read each time', async () => {
    const file = write('token', `${SECRET}\n`);
    const secrets = new Secrets({});
    expect(await secrets.read({ file })).toBe(SECRET);
    write('token', 'renewed');
    expect(await secrets.read({ file })).toBe('renewed');
  });

  it('of several lines keeps them', async () => {
    const key = '-----BEGIN KEY-----\nAAAA\n-----END KEY-----';
    expect(await new Secrets({}).read({ file: write('key', `${key}\n`) })).toBe(key);
  });

  it.each([
    ['is not set', {}],
    ['is empty', { TOKEN: '' }],
    ['is blank', { TOKEN: ' \n' }],
  ])('in a variable that %s is not found', async (_, environment) => {
    await expect(new Secrets(environment).read({ env: 'TOKEN' })).rejects.toMatchObject({
      fault: 'not-found',
      subject: 'TOKEN',
      remedy: 'set TOKEN',
    });
  });

  it('in a file that is missing, empty or a folder is not found', async () => {
    const secrets = new Secrets({});
    for (const file of [path.join(folder, 'missing'), write('empty', '\n'), folder])
      await expect(secrets.read({ file })).rejects.toMatchObject({ fault: 'not-found', subject: file });
  });

  const asRoot = process.getuid?.() === 0;
  (asRoot ? it.skip : it)('in a file that may not be read is denied', async () => {
    const file = write('closed', SECRET);
    chmodSync(file, 0o000);
    await expect(new Secrets({}).read({ file })).rejects.toMatchObject({ fault: 'denied' });
  });

  it('that nothing refers to is a mistake', async () => {
    await expect(new Secrets({}).read({})).rejects.toMatchObject({ fault: 'invalid' });
  });
});
