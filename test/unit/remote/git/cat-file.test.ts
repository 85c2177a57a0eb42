import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerParser } from '../../../../runtime/remote/git/cat-file.ts';

const OID = 'a'.repeat(40);

/** Feeds the bytes in pieces that end at the given places. */
function parse(bytes: Buffer, cuts: readonly number[], parser: AnswerParser) {
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return ends.flatMap((end, index) => parser.push(bytes.subarray(ends[index - 1] ?? 0, end)));
}

describe('AnswerParser', () => {
  it('gives the same answers however the output is cut', () => {
    const answer = fc.option(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)));
    fc.assert(
      fc.property(fc.array(answer), fc.array(fc.nat()), (contents, cuts) => {
        const output = Buffer.concat(
          contents.map((content) =>
            content
              ? Buffer.concat([Buffer.from(`${OID} blob ${content.length}\n`), content, Buffer.from('\n')])
              : Buffer.from(`${OID} missing\n`),
          ),
        );
        expect(parse(output, cuts, new AnswerParser(true)).map((each) => each?.content)).toEqual(
          contents.map((content) => content ?? undefined),
        );
      }),
    );
  });

  it('reads headers alone', () => {
    const output = `${OID} commit 12\nabc1234 ambiguous\nx^{commit} missing\n${'b'.repeat(64)} tree 0\n`;
    expect(new AnswerParser(false).push(Buffer.from(output))).toEqual([
      { oid: OID, type: 'commit', size: 12 },
      undefined,
      undefined,
      { oid: 'b'.repeat(64), type: 'tree', size: 0 },
    ]);
  });

  it('reads past what is over the limit', () => {
    const output = `${OID} blob 5\n12345\n${OID} blob 4\n1234\n`;
    expect(parse(Buffer.from(output), [50, 51, 60], new AnswerParser(true, 4))).toEqual([
      { oid: OID, type: 'blob', size: 5 },
      { oid: OID, type: 'blob', size: 4, content: Buffer.from('1234') },
    ]);
  });

  it('refuses what it does not know', () => {
    expect(() => new AnswerParser(true).push(Buffer.from('fatal: no\n'))).toThrow(
      'git cat-file said "fatal: no"',
    );
  });
});
