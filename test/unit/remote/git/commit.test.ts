import { describe, expect, it } from '@jest/globals';
import { parseCommit } from '../../../../runtime/remote/git/commit.ts';

const OID = 'a'.repeat(40);
const TREE = `tree ${'b'.repeat(40)}`;
const PERSON = 'A U Thor <a@example.com> 1700000000 +0200';

function parse(head: readonly string[], message: string, encoding: BufferEncoding = 'utf8') {
  return parseCommit(OID, Buffer.from(`${head.join('\n')}\n\n${message}`, encoding));
}

describe('parseCommit', () => {
  it('reads a signed merge', () => {
    const head = [
      TREE,
      `parent ${'c'.repeat(40)}`,
      `parent ${'d'.repeat(40)}`,
      `author ${PERSON}`,
      `committer C <c@example.com> 1700000001 -0330`,
      'gpgsig -----BEGIN SSH SIGNATURE-----',
      ' parent e',
      ' -----END SSH SIGNATURE-----',
    ];
    expect(parse(head, 'Subject\n\nauthor x\ntree y\n')).toEqual({
      oid: OID,
      tree: 'b'.repeat(40),
      parents: ['c'.repeat(40), 'd'.repeat(40)],
      author: { name: 'A U Thor', email: 'a@example.com' },
      committer: { name: 'C', email: 'c@example.com' },
      committedAt: 1_700_000_001_000,
      message: 'Subject\n\nauthor x\ntree y\n',
    });
  });

  it('decodes other encodings, and survives those that nobody knows', () => {
    const head = [TREE, 'author Gr\u00fc\u00df <g@example.com> 1 +0000', `committer ${PERSON}`];
    expect(parse([...head, 'encoding ISO-8859-1'], 'sch\u00f6n', 'latin1')).toMatchObject({
      author: { name: 'Gr\u00fc\u00df' },
      message: 'sch\u00f6n',
    });
    expect(parse([...head, 'encoding nonsense'], 'sch\u00f6n', 'latin1').message).toBe('sch\u00f6n');
  });

  it('survives what old tools wrote', () => {
    expect(parse([TREE, 'author <> 0 +0000', 'committer nobody'], '')).toMatchObject({
      parents: [],
      author: { name: '', email: '' },
      committer: { name: '', email: '' },
      committedAt: 0,
      message: '',
    });
    expect(parseCommit(OID, Buffer.from(`${TREE}\n`)).message).toBe('');
    expect(() => parseCommit(OID, Buffer.from('nothing'))).toThrow('names no tree');
  });
});
