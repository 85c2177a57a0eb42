import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerParser, type Answer } from '../../../../runtime/remote/git/cat-file.ts';

const OID = 'a'.repeat(40);

/** Feeds the bytes in pieces that end at the given places. */
function parse(
  bytes: Buffer,
  cuts: readonly number[],
  reader: { readonly hasContent: (index: number) => boolean; readonly limit?: number },
): Answer[] {
  const answers: Answer[] = [];
  const parser = new AnswerParser({
    ...reader,
    hasContent: () => reader.hasContent(answers.length),
    onAnswer: (answer) => answers.push(answer),
  });
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  for (const [index, end] of ends.entries()) parser.push(bytes.subarray(ends[index - 1] ?? 0, end));
  return answers;
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
        expect(parse(output, cuts, { hasContent: () => true }).map((each) => each?.content)).toEqual(
          contents.map((content) => content ?? undefined),
        );
      }),
    );
  });

  it('reads headers alone', () => {
    const output = `${OID} commit 12\nabc1234 ambiguous\nx^{commit} missing\n${'b'.repeat(64)} tree 0\n`;
    expect(parse(Buffer.from(output), [], { hasContent: () => false })).toEqual([
      { oid: OID, type: 'commit', size: 12 },
      undefined,
      undefined,
      { oid: 'b'.repeat(64), type: 'tree', size: 0 },
    ]);
  });

  it('takes content only where it was asked for', () => {
    const output = `${OID} blob 4\n${OID} blob 4\n1234\n${OID} blob 4\n`;
    expect(parse(Buffer.from(output), [45, 50], { hasContent: (index) => index === 1 })).toEqual([
      { oid: OID, type: 'blob', size: 4 },
      { oid: OID, type: 'blob', size: 4, content: Buffer.from('1234') },
      { oid: OID, type: 'blob', size: 4 },
    ]);
  });

  it('reads past what is over the limit', () => {
    const output = `${OID} blob 5\n12345\n${OID} blob 4\n1234\n`;
    expect(parse(Buffer.from(output), [50, 51, 60], { hasContent: () => true, limit: 4 })).toEqual([
      { oid: OID, type: 'blob', size: 5 },
      { oid: OID, type: 'blob', size: 4, content: Buffer.from('1234') },
    ]);
  });

  it('refuses what it does not know', () => {
    expect(() => parse(Buffer.from('fatal: no\n'), [], { hasContent: () => true })).toThrow(
      'git cat-file said "fatal: no"',
    );
  });
});
