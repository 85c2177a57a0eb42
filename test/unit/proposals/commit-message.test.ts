import { describe, expect, it } from '@jest/globals';
import { changeOf, formatCommitMessage } from '../../../runtime/proposals/commit-message.ts';

const change = 'a'.repeat(64);
const signOff = { name: 'Release Bot', email: 'bot@example.com' };
const ours = formatCommitMessage({
  subject: 'Update web',
  lines: ['image web:v2', 'built'],
  change,
  signOff,
});

describe('the commit message', () => {
  it('has a subject, a list and trailers', () => {
    expect(ours).toBe(
      `Update web\n\n* image web:v2\n* built\n\nSlipway-Change: ${change}\nSigned-off-by: Release Bot <bot@example.com>\n`,
    );
    expect(formatCommitMessage({ subject: 'Update web', lines: ['a'], change })).not.toContain('Signed-off');
  });

  it.each([
    ['ours', ours, change],
    ['signed off by a person too', `${ours}Signed-off-by: A Person <person@example.com>\n`, change],
    ['with empty lines after it', `${ours}\n\n`, change],
    ['squashed with the commit of a person', `${ours}\nAlso fix the ports\n`, undefined],
    ['quoted', `Revert "Update web"\n\n> Slipway-Change: ${change}\n`, undefined],
    ['too short', 'Update\n\nSlipway-Change: abc\n', undefined],
    ['of a person', 'Fix the ports\n', undefined],
    ['empty', '', undefined],
  ])('carries its change: %s', (_, message, expected) => expect(changeOf(message)).toBe(expected));
});
