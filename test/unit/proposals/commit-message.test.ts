import { describe, expect, it } from '@jest/globals';
import type { Commit } from '../../../runtime/ports/index.ts';
import { formatCommitMessage, ownCommit } from '../../../runtime/proposals/commit-message.ts';

const change = 'a'.repeat(64);
const bot = { name: 'Release Bot', email: 'bot@example.com' };
const ann = { name: 'Ann', email: 'ann@example.com' };
const wanted = {
  subject: 'Update web',
  lines: ['image web:v2', 'built'],
  change,
  installation: 'prod',
  author: bot,
  signOff: true,
};
const ours = formatCommitMessage(wanted);

function carried(over: Partial<Commit>) {
  return ownCommit({ message: ours, parents: ['base'], author: bot, committer: bot, ...over });
}

describe('the commit message', () => {
  it('has a subject, a list and trailers', () => {
    expect(ours).toBe(
      `Update web\n\n* image web:v2\n* built\n\nSlipway-Change: ${change}\nSlipway-Installation: prod\nSlipway-Author: bot@example.com\nSigned-off-by: Release Bot <bot@example.com>\n`,
    );
    expect(formatCommitMessage({ ...wanted, signOff: false })).not.toContain('Signed-off');
  });
});

describe('a commit of ours', () => {
  it.each([
    ['as we made it', {}],
    ['with empty lines after it', { message: `${ours}\n\n` }],
  ])('carries its change and installation: %s', (_, over) =>
    expect(carried(over)).toEqual({ change, installation: 'prod' }),
  );

  it.each([
    ['that a person has amended', { committer: ann }],
    ['that a person has amended and taken over', { author: ann, committer: ann }],
    ['amended by a namesake', { committer: { ...bot, email: 'other@example.com' } }],
    ['merged with another', { parents: ['base', 'other'] }],
    ['without a parent', { parents: [] }],
    ['squashed with the commit of a person', { message: `${ours}\nAlso fix the ports\n` }],
    ['quoted', { message: `Revert "Update web"\n\n> Slipway-Change: ${change}\n` }],
    ['with a change that is too short', { message: ours.replace(change, 'abc') }],
    ['that names no installation', { message: ours.replace(/Slipway-Installation.*\n/, '') }],
    ['of a person', { message: 'Fix the ports\n' }],
    ['with no message', { message: '' }],
  ])('is ours no more: one %s', (_, over) => expect(carried(over)).toBeUndefined());
});
