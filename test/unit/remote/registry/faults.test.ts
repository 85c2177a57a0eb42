import { describe, expect, it } from '@jest/globals';
import { denied, explain, parseRetryAfter, refusal } from '../../../../runtime/remote/registry/faults.ts';
import { locate } from '../../../../runtime/remote/registry/names.ts';

const answer = (status: number, body = '', headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  body: Buffer.from(body),
});
const errors = (code: string, message: string) => JSON.stringify({ errors: [{ code, message }] });

describe('a refusal', () => {
  it.each([
    [400, 'invalid'],
    [401, 'denied'],
    [403, 'denied'],
    [404, 'not-found'],
    [405, 'invalid'],
    [408, 'transient'],
    [409, 'conflict'],
    [413, 'invalid'],
    [429, 'rate-limited'],
    [500, 'transient'],
    [503, 'transient'],
  ])('of status %i is %s', (status, fault) => {
    expect(refusal('gcr.io/a', 'cannot be read', answer(status))).toMatchObject({
      fault,
      subject: 'gcr.io/a',
    });
  });

  it('says how long to wait', () => {
    expect(refusal('a', 'b', answer(429, '', { 'retry-after': '7' }))).toMatchObject({ retryAfter: 7000 });
    const now = Date.UTC(2024, 0, 1);
    expect(parseRetryAfter('Mon, 01 Jan 2024 00:01:00 GMT', now)).toBe(60_000);
    expect(parseRetryAfter('Sun, 31 Dec 2023 00:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter(null, now)).toBeUndefined();
  });

  it('quotes the registry on one line of bounded length', () => {
    expect(explain(answer(403, errors('DENIED', 'no\n\u001b[31m quota')))).toBe('403 DENIED: no [31m quota');
    expect(explain(answer(403, errors('DENIED', 'x'.repeat(5000)))).length).toBeLessThan(320);
    expect(explain(answer(502, '<html>Bad gateway'))).toBe('502');
  });
});

describe('a denial', () => {
  it('names the host to log in to and the key of the settings', () => {
    const location = locate('gcr.io/a/b', { 'gcr.io': { endpoint: 'https://mirror.example' } });
    const error = denied(location, answer(401), ['docker-credential-desktop is not on PATH']);
    expect(error.message).toBe(
      'mirror.example denies access to a/b (401); docker-credential-desktop is not on PATH',
    );
    expect(error.remedy).toBe(
      'run `docker login mirror.example`, or set registries."gcr.io".username and password in the settings',
    );
  });

  it('knows how to log in to Google', () => {
    expect(denied(locate('eu.gcr.io/a'), answer(403), []).remedy).toContain(
      'gcloud auth application-default login',
    );
  });
});
