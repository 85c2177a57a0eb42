import { describe, expect, it } from '@jest/globals';
import { toPortError } from '../../../../runtime/remote/github/errors.ts';
import { PortError } from '../../../../runtime/ports/index.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const asked = { subject: 'kubeflow/manifests', host: 'github.com', purpose: 'list the open pull requests' };
const refusal = (status: number, message: string, headers: Record<string, string> = {}) =>
  Object.assign(new Error(message), { status, response: { headers } });
const told = (error: unknown, more = {}) => toPortError(error, { ...asked, ...more }, NOW);

describe('toPortError', () => {
  it.each([
    ['retry-after, in seconds', { 'retry-after': '30' }, 30_000],
    [
      'the reset of a spent limit',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 90) },
      90_000,
    ],
    ['a reset that is past', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0' }, 1_000],
    ['nothing but the words', {}, 60_000],
  ])('reads the wait from %s', (_what, headers, retryAfter) => {
    expect(told(refusal(403, 'rate limit', headers))).toMatchObject({ fault: 'rate-limited', retryAfter });
  });

  it('takes a 403 with a limit that is not spent as denied', () => {
    const headers = { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': '1' };
    expect(told(refusal(403, 'Forbidden', headers))).toMatchObject({
      fault: 'denied',
      retryAfter: undefined,
    });
  });

  it('names the switch that keeps workflows from opening pull requests', () => {
    const words = 'GitHub Actions is not permitted to create or approve pull requests.';
    expect(told(refusal(403, words))).toMatchObject({
      fault: 'denied',
      remedy: expect.stringContaining('Workflow permissions'),
    });
  });

  it('names the setting of a credential that is not valid', () => {
    expect(told(refusal(401, 'Bad credentials')).remedy).toContain('forges.github.com.token');
  });

  it('keeps long answers short and secrets away', () => {
    const { message } = told(refusal(502, `tok-1 ${'<p>\n'.repeat(10_000)}`), { secret: 'tok-1' });
    expect(message.length).toBeLessThan(700);
    expect(message).not.toContain('tok-1');
  });

  it('digs out why nothing came', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    const error = told(new Error('Unknown Error', { cause: new TypeError('fetch failed', { cause }) }));
    expect(error.fault).toBe('transient');
    expect(error.message).toContain('ECONNREFUSED');
    const timeout = new Error('x', { cause: new DOMException('The operation was aborted', 'TimeoutError') });
    expect(told(timeout).message).toContain('no answer in time');
  });

  it('names the address that was tried', () => {
    const error = Object.assign(new Error('fetch failed'), {
      request: { url: 'http://127.0.0.1:39109/repos/o/n/pulls' },
    });
    expect(told(error).remedy).toBe('check that 127.0.0.1:39109 is reachable from here');
    expect(told(new Error('fetch failed')).remedy).toBe('check that github.com is reachable from here');
  });

  it('leaves what is told already, and tells our own ending', () => {
    const known = new PortError('denied', 'x', 'told');
    expect(told(known)).toBe(known);
    expect(told(new Error('aborted'), { signal: AbortSignal.abort() }).fault).toBe('cancelled');
  });
});
