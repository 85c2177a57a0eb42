import { describe, expect, it } from '@jest/globals';
import { applicationVersionKind } from '../../../runtime/api/application-version.ts';

const spec = { application: 'kfam', version: 'v1-1' };

describe('what is stored of a pair', () => {
  it('loses a status that does not fit: it can be found again', () => {
    expect(applicationVersionKind.parse({ spec, status: { state: 'of a later Slipway' } })).toEqual({ spec });
  });

  it("refuses a person's word that it cannot read", () => {
    expect(() => applicationVersionKind.parse({ spec: { ...spec, hold: 'until further notice' } })).toThrow();
  });
});
