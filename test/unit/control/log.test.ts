import { PassThrough } from 'node:stream';

import { describe, expect, it } from '@jest/globals';

import { createLogger, silentLogger, type LogOptions } from '../../../runtime/control/log.ts';
import { PortError } from '../../../runtime/ports/errors.ts';

async function setUp(options: LogOptions = {}) {
  const stream = new PassThrough();
  const logger = await createLogger({ ...options, stream });
  const text = () => String(stream.read() ?? '');
  return { logger, text, entry: () => JSON.parse(text()) as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one object a line: level in words, time, message, metadata', async () => {
    const { logger, entry } = await setUp();
    logger.child({ system: 'delivery' }).info('pass ended', { rounds: 2 });
    const { time, ...rest } = entry();
    expect(rest).toEqual({ level: 'info', message: 'pass ended', system: 'delivery', rounds: 2 });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('keeps to its level', async () => {
    const { logger, text } = await setUp({ level: 'warn' });
    logger.debug('quiet');
    logger.info('quiet');
    expect(text()).toBe('');
    logger.warn('heard');
    expect(text()).toContain('heard');
  });

  it('writes of a mistake its stack and cause, of an error of a port what a person needs', async () => {
    const { logger, entry } = await setUp();
    logger.error('failed', {
      error: new PortError('denied', 'repository', 'no access', { remedy: 'ask', cause: new Error('401') }),
      mistake: new TypeError('no function', { cause: new Error('deeper') }),
    });
    const { error, mistake } = entry();
    expect(error).toEqual({
      type: 'PortError',
      message: 'no access',
      fault: 'denied',
      subject: 'repository',
      remedy: 'ask',
    });
    expect(mistake).toMatchObject({
      type: 'TypeError',
      stack: expect.stringContaining('log.test') as unknown,
      cause: { type: 'Error', message: 'deeper' },
    });
  });

  it('lets no secret through, in fields, bindings, texts and errors', async () => {
    const { logger, text } = await setUp();
    const secret = 'ghp_abcdefghijklmnopqrst';
    logger.child({ token: 'hidden-1' }).error(`using ${secret}`, {
      request: { headers: { Authorization: 'hidden-2', 'set-cookie': ['hidden-3'] } },
      url: 'https://user:hidden-4@host/path',
      error: new Error('fetch https://x-access-token:hidden-5@host failed', {
        cause: 'Bearer hidden-6-hidden',
      }),
    });
    const line = text();
    expect(line).not.toMatch(/hidden|ghp_a/);
    expect(line).toContain('https://[redacted]@host/path');
  });

  it('writes lines for a person on request', async () => {
    const { logger, text } = await setUp({ format: 'pretty' });
    logger.info('pass ended', { rounds: 2 });
    expect(text()).toMatch(/INFO.*pass ended[\s\S]*rounds: 2/);
  });

  it('has one that says nothing', () => {
    expect(silentLogger.child({ a: 1 })).toBe(silentLogger);
  });
});
