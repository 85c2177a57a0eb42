import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { labelValue, runName } from '../../../runtime/source/run-name.ts';

const key = 'abcdef0123456789'.repeat(4);
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

describe('runName', () => {
  it('says pair, key and attempt', () => {
    expect(runName({ application: 'notebook-controller', version: 'v1-1', key, attempt: 3 })).toBe(
      'cd-notebook-controller-v1-1-abcdef01-3',
    );
  });

  it('keeps both ends of a long name', () => {
    const name = runName({ application: 'a'.repeat(40), version: `${'v'.repeat(30)}-end`, key, attempt: 1 });
    expect(name).toMatch(/^cd-a{10,}-[0-9a-f]{8}-v+-end-abcdef01-1$/u);
    expect(name).toHaveLength(63);
  });

  it('is a DNS label, different for different runs', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/u);
    const run = fc.record({ application: name, version: name, attempt: fc.integer({ min: 1, max: 999 }) });
    fc.assert(
      fc.property(run, run, (a, b) => {
        const names = [runName({ ...a, key }), runName({ ...b, key })];
        for (const each of names) expect(each).toMatch(label);
        const said = (one: typeof a) => `${one.application}-${one.version} ${one.attempt}`;
        if (said(a) !== said(b)) expect(names[0]).not.toBe(names[1]);
      }),
    );
    const pair = { version: 'v1', key, attempt: 1 };
    expect(runName({ ...pair, application: 'a.b' })).not.toBe(runName({ ...pair, application: 'a-b' }));
  });
});

describe('labelValue', () => {
  it.each(['', 'v1.1.0-gd3377cbd', 'A_b.c', 'x'.repeat(63)])('leaves %j', (text) => {
    expect(labelValue(text)).toBe(text);
  });

  it('makes anything else valid and keeps it apart', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 150 }), (text) => {
        expect(labelValue(text)).toMatch(/^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/u);
      }),
    );
    expect(labelValue('a/b')).not.toBe(labelValue('a b'));
    expect(labelValue(`${'x'.repeat(70)}1`)).not.toBe(labelValue(`${'x'.repeat(70)}2`));
  });
});
