import { describe, expect, it } from '@jest/globals';
import { classify } from '../../../../runtime/local/builder/classify.ts';
import type { Outcome } from '../../../../runtime/local/builder/classify.ts';

function verdict(tail: string, more: Partial<Outcome> = {}): string {
  const { kind, reason } = classify({
    tool: 'buildah',
    phase: 'build',
    status: 1,
    signal: null,
    tail,
    ...more,
  });
  return `${kind} ${reason}`;
}

const refused = 'dial tcp 127.0.0.1:1: connect: connection refused';

describe('a failed build', () => {
  it.each([
    [
      'Error: building at STEP "COPY missing /": copier: stat: "/missing": no such file or directory',
      'permanent BuildFailed',
    ],
    ['Error: building at STEP "RUN make": while running runtime: exit status 2', 'permanent BuildFailed'],
    [
      'ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2',
      'permanent BuildFailed',
    ],
    [
      'ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 137',
      'transient OutOfMemory',
    ],
    ['Error: building at STEP "RUN make": while running runtime: exit status 137', 'transient OutOfMemory'],
    [
      'Error: committing container: copying layers: write /var/x: no space left on device',
      'transient DiskFull',
    ],
    [
      `Error: creating build container: initializing source docker://h/b:1: pinging container registry h: Get "https://h/v2/": ${refused}`,
      'transient BaseImageUnavailable',
    ],
    [
      'ERROR: failed to solve: busybox: failed to resolve source metadata for docker.io/library/busybox:latest: failed to do request: Head "https://r/v2/": dial tcp: lookup r: no such host',
      'transient BaseImageUnavailable',
    ],
    [
      'ERROR: failed to solve: h/b:9: failed to resolve source metadata for h/b:9: h/b:9: not found',
      'permanent BaseImageNotFound',
    ],
    [
      'Error: creating build container: initializing source docker://h/b:1: reading manifest 1 in h/b: manifest unknown: manifest unknown',
      'permanent BaseImageNotFound',
    ],
    [
      'Error: creating build container: short-name "b:9" did not resolve to an alias and no unqualified-search registries are defined',
      'permanent BaseImageNotFound',
    ],
    [
      'Error: creating build container: initializing source docker://docker.io/library/b:1: reading manifest 1: toomanyrequests: rate limit',
      'transient BaseImageUnavailable',
    ],
    [
      'ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'transient BuilderUnavailable',
    ],
    [
      `ERROR: failed to solve: failed to push h/x:1: failed to do request: ${refused}`,
      'transient PushFailed',
    ],
    ['', 'permanent BuildFailed'],
  ])('that says %j', (tail, expected) => {
    expect(verdict(tail)).toBe(expected);
  });

  it('is not excused by what the commands of its Dockerfile print', () => {
    const said = `Error: creating build container: initializing source docker://h/b:1: ${refused}`;
    expect(verdict(`${said}\nError: building at STEP "RUN test": while running runtime: exit status 1`)).toBe(
      'permanent BuildFailed',
    );
    expect(
      verdict(
        `npm error ${refused}\nError: building at STEP "RUN npm ci": while running runtime: exit status 1`,
      ),
    ).toBe('permanent BuildFailed');
  });

  it('that was killed met the limits of the machine', () => {
    expect(verdict('', { status: null, signal: 'SIGKILL' })).toBe('transient OutOfMemory');
    expect(verdict('', { status: null, signal: 'SIGTERM' })).toBe('transient BuilderKilled');
  });
});

describe('a failed push', () => {
  it.each([
    [`Error: pushing image "x" to "docker://h/x:1": ${refused}`, 'transient PushFailed'],
    [
      'Error: pushing image: received unexpected HTTP status: 503 Service Unavailable',
      'transient PushFailed',
    ],
    ['unauthorized: authentication required', 'transient PushDenied'],
    ['Error: writing blob: denied: permission denied', 'transient PushDenied'],
    ['Error: storing blob: no space left on device', 'transient DiskFull'],
  ])('that says %j', (tail, expected) => {
    expect(verdict(tail, { phase: 'push' })).toBe(expected);
  });
});

describe('a custom command', () => {
  it.each([
    [75, 'transient CommandAskedToRetry'],
    [1, 'permanent BuildFailed'],
    [127, 'permanent BuildFailed'],
  ])('that ends with %i', (status, expected) => {
    expect(verdict('no space left on device', { tool: 'command', status })).toBe(expected);
  });
});

it('always says something', () => {
  expect(classify({ tool: 'docker', phase: 'build', status: 3, signal: null, tail: '' }).message).toContain(
    '3',
  );
  expect(
    classify({ tool: 'docker', phase: 'build', status: null, signal: 'SIGSEGV', tail: '' }).message,
  ).toContain('SIGSEGV');
});
