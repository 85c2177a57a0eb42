import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Fixture, fetchAll } from './fixture.ts';

type Entries = Parameters<Fixture['rawTree']>[1];

/** A repository with these entries at its root. */
function serve(fixture: Fixture, make: (blob: (text: string) => string) => Entries) {
  fixture.repository('repo');
  const head = fixture.commitTree(
    'repo',
    fixture.rawTree(
      'repo',
      make((text) => fixture.blob('repo', text)),
    ),
  );
  const client = fixture.client();
  return { head, client, url: fixture.url('repo'), out: join(fixture.folder, 'out', 'here') };
}

describe('materialize', () => {
  it('writes files, modes, links and empty folders of submodules, with one fetch', async () => {
    await using fixture = await Fixture.start();
    const { head, client, url, out } = serve(fixture, (blob) => [
      ['100644', '.gitattributes', blob('* text eol=crlf ident filter=lfs working-tree-encoding=UTF-16\n')],
      ['120000', 'link', blob('../../outside')],
      ['160000', 'module', 'e'.repeat(40)],
      ['100755', 'run.sh', blob('#!/bin/sh\n$Id$\n')],
      ['40000', 'sub', fixture.rawTree('repo', [['100644', 'file', blob('content\n')]])],
    ]);
    await fetchAll(client, url);
    fixture.requests();
    await client.materialize(url, head, '', out);
    expect(fixture.requests('fetch').map(({ wants }) => wants.length)).toEqual([4]);
    expect(readdirSync(out).sort()).toEqual(['.gitattributes', 'link', 'module', 'run.sh', 'sub']);
    expect(readlinkSync(join(out, 'link'))).toBe('../../outside');
    expect(readdirSync(join(out, 'module'))).toEqual([]);
    expect(lstatSync(join(out, 'run.sh')).mode & 0o111).not.toBe(0);
    expect(lstatSync(join(out, 'sub/file')).mode & 0o111).toBe(0);
    // bytes as they are stored: no line ends, keywords or filters of attributes
    expect(readFileSync(join(out, 'run.sh'), 'utf8')).toBe('#!/bin/sh\n$Id$\n');

    await client.materialize(url, head, 'sub', join(fixture.folder, 'second'));
    expect(readdirSync(join(fixture.folder, 'second'))).toEqual(['file']);
    expect(fixture.requests()).toEqual([]);
  });

  it('wants an empty folder and an existing directory', async () => {
    await using fixture = await Fixture.start();
    const { head, client, url, out } = serve(fixture, (blob) => [['100644', 'file', blob('x')]]);
    await fetchAll(client, url);
    await expect(client.materialize(url, head, 'nothing', out)).rejects.toMatchObject({ fault: 'not-found' });
    await expect(client.materialize(url, head, 'file', out)).rejects.toMatchObject({ fault: 'not-found' });
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'file'), 'mine');
    await expect(client.materialize(url, head, '', out)).rejects.toMatchObject({ fault: 'invalid' });
    expect(readFileSync(join(out, 'file'), 'utf8')).toBe('mine');
  });

  it.each<[string, (fixture: Fixture, blob: (text: string) => string) => Entries]>([
    ['a name that leads up', (_, blob) => [['100644', '../escaped', blob('x')]]],
    [
      'a folder that leads up',
      (f, blob) => [['40000', '..', f.rawTree('repo', [['100644', 'escaped', blob('x')]])]],
    ],
    ['a hook', (f, blob) => [['40000', '.git', f.rawTree('repo', [['100755', 'escaped', blob('x')]])]]],
    [
      'a hook in other letters',
      (f, blob) => [['40000', '.GiT', f.rawTree('repo', [['100755', 'escaped', blob('x')]])]],
    ],
    [
      'a hook as NTFS reads it',
      (f, blob) => [['40000', 'git~1', f.rawTree('repo', [['100755', 'escaped', blob('x')]])]],
    ],
    [
      'a hook as HFS+ reads it',
      (f, blob) => [['40000', '.g\u200cit', f.rawTree('repo', [['100755', 'escaped', blob('x')]])]],
    ],
    [
      'a link and a folder of one name',
      (f, blob) => [
        ['120000', 'a', blob('..')],
        ['40000', 'a', f.rawTree('repo', [['100644', 'escaped', blob('x')]])],
      ],
    ],
  ])('writes nothing outside: %s', async (_, make) => {
    await using fixture = await Fixture.start();
    const { head, client, url, out } = serve(fixture, (blob) => make(fixture, blob));
    // git's check of what it receives is the first wall
    await expect(fetchAll(client, url)).rejects.toMatchObject({ fault: 'invalid' });
    expect(fixture.requests('fetch')).toHaveLength(1);
    // the second one, for objects that came in nevertheless
    const [mirror = ''] = readdirSync(fixture.mirrors).filter((name) => name.endsWith('.git'));
    cpSync(join(fixture.path('repo'), 'objects'), join(fixture.mirrors, mirror, 'objects'), {
      recursive: true,
    });
    await expect(client.materialize(url, head, '', out)).rejects.toMatchObject({ fault: 'invalid' });
    expect(existsSync(join(fixture.folder, 'escaped'))).toBe(false);
    expect(existsSync(join(fixture.folder, 'out', 'escaped'))).toBe(false);
    expect(
      existsSync(join(fixture.folder, 'out'))
        ? readdirSync(join(fixture.folder, 'out'), { recursive: true })
        : [],
    ).not.toContainEqual(expect.stringContaining('escaped'));
  });
});
