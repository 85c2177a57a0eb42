import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseTree } from '../../../../runtime/remote/git/trees.ts';

const OID = 'a'.repeat(40);

function tree(...entries: readonly (readonly [mode: string, name: string | Buffer])[]): Buffer {
  return Buffer.concat(
    entries.flatMap(([mode, name]) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.from([0]),
      Buffer.from(OID, 'hex'),
    ]),
  );
}

describe('parseTree', () => {
  it('reads names that are legal, however odd', () => {
    const names = [
      'new\nline',
      'back\\slash',
      ' lead',
      '"quoted"',
      'ünï',
      '...',
      '.gitignore',
      '-rf',
      'git~1',
    ];
    expect(parseTree(tree(...names.map((name) => ['100644', name] as const)), OID)).toEqual(
      names.map((name) => ({ mode: '100644', name, oid: OID })),
    );
    expect(parseTree(tree(['40000', 'dir']), OID)).toEqual([{ mode: '040000', name: 'dir', oid: OID }]);
    expect(parseTree(Buffer.alloc(0), OID)).toEqual([]);
  });

  it('keeps names apart that are no UTF-8', () => {
    const entries = parseTree(tree(['100644', Buffer.from([0xff])], ['100644', Buffer.from([0xfe])]), OID);
    expect(entries).toHaveLength(2);
  });

  it.each(['', '.', '..', '.git', '.Git', 'a/b', '/a', '../a'])('refuses the name %j', (name) => {
    expect(() => parseTree(tree(['100644', name]), OID)).toThrow('which git refuses');
  });

  it('refuses a name that comes twice', () => {
    expect(() => parseTree(tree(['120000', 'a'], ['40000', 'a']), OID)).toThrow('"a"');
  });

  it('answers or refuses any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          return parseTree(Buffer.from(bytes), OID).every(({ oid }) => oid.length === 40);
        } catch (error) {
          return (error as Error).name === 'PortError';
        }
      }),
    );
  });

  it('refuses one that is cut short', () => {
    const whole = tree(['100644', 'a'], ['100644', 'b']);
    for (let end = 1; end < whole.length; end++)
      if (end !== whole.length / 2) expect(() => parseTree(whole.subarray(0, end), OID)).toThrow('malformed');
  });
});
