import { describe, expect, it } from '@jest/globals';
import { failureOf, redact, saysDamaged } from '../../../../runtime/remote/git/failures.ts';

describe('failureOf', () => {
  it.each([
    ["fatal: unable to access 'https://h/': Could not resolve host: h", 'transient'],
    ["fatal: unable to access 'https://h/': The requested URL returned error: 502", 'transient'],
    [
      'error: RPC failed; curl 56\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output',
      'transient',
    ],
    ['fatal: write error: No space left on device\nfatal: early EOF', 'transient'],
    ["error: cannot lock ref 'refs/slipway/a'", 'transient'],
    ["fatal: unable to access 'https://h/': The requested URL returned error: 429", 'rate-limited'],
    [
      'remote: You have exceeded a secondary rate limit\nfatal: The requested URL returned error: 403',
      'rate-limited',
    ],
    ["fatal: Authentication failed for 'https://h/'", 'denied'],
    ["fatal: could not read Username for 'https://h': terminal prompts disabled", 'denied'],
    ['git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'denied'],
    ['Host key verification failed.', 'denied'],
    ["fatal: unable to access 'https://h/': SSL certificate problem: self signed", 'denied'],
    ["remote: Repository not found.\nfatal: repository 'https://h/' not found", 'not-found'],
    ["fatal: '/x' does not appear to be a git repository", 'not-found'],
    ['fatal: remote error: upload-pack: not our ref e', 'conflict'],
    ["fatal: couldn't find remote ref refs/heads/x", 'conflict'],
    ["fatal: transport 'file' not allowed", 'invalid'],
    ['fatal: something unheard of', 'transient'],
    ['', 'transient'],
  ])('%j is %s', (stderr, fault) => {
    const error = failureOf({ action: 'fetch from h', subject: 'h', stderr, otherwise: 'transient' });
    expect(error.fault).toBe(fault);
    expect(error.message).toMatch(/^git could not fetch from h: ./);
  });

  it('gives the lines that tell, without secrets', () => {
    const stderr =
      "warning: noise\nfatal: unable to access 'https://me:pass@h/x': token t%2Fk t/k \u001b[31m\n";
    const { message } = failureOf({
      action: 'read',
      subject: 'h',
      stderr,
      secrets: ['t/k'],
      otherwise: 'invalid',
    });
    expect(message).toBe("git could not read: fatal: unable to access 'https://h/x': token *** *** [31m");
  });
});

it('redact leaves line breaks and text of any language', () => {
  expect(redact('Größe\nzwei\r\n\u0000\u0007ssh://u@h')).toBe('Größe\nzwei\n\nssh://h');
});

it('saysDamaged tells a broken mirror from a broken network', () => {
  expect(saysDamaged('error: object file objects/aa/bb is empty')).toBe(true);
  expect(saysDamaged('fatal: packed object 1 (stored in x) is corrupt')).toBe(true);
  expect(saysDamaged("fatal: not a git repository: '/x'")).toBe(true);
  expect(saysDamaged('fatal: early EOF')).toBe(false);
  expect(saysDamaged('fatal: the remote end hung up unexpectedly')).toBe(false);
});
