import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeFolder } from '../../../runtime/ports/folder.ts';

describe('makeFolder', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-folder-'));
  });
  afterAll(() => rm(root, { recursive: true }));

  it('makes those above it too, and takes one that exists', async () => {
    const path = join(root, 'a/b/c');
    await makeFolder(path, 'x');
    await makeFolder(path, 'x');
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('says what is in the way, and the remedy', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    const told = { name: 'PortError', fault: 'denied', remedy: 'name another' };
    await expect(makeFolder(file, 'name another')).rejects.toMatchObject(told);
    await expect(makeFolder(join(file, 'below/it'), 'name another')).rejects.toMatchObject(told);
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('ends where a file system takes no folders', async () => {
    await expect(makeFolder('/proc/nosuch/below', 'name another')).rejects.toMatchObject({
      fault: 'denied',
      subject: '/proc/nosuch/below',
    });
  });
});
