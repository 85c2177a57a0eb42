import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { changeId, groupChangeId } from '../../../runtime/proposals/change.ts';

const targets = [{ kind: 'path', file: 'a.yaml', repository: 'r' }];

describe('changeId', () => {
  it('is the same in every release: it decides what was rejected', () => {
    expect(changeId({ targets, key: 'k' })).toBe(
      '5ddd7254659854d1b5e7cef21d541717ac8a3c93e10fd5a232ecc5b6b27b4dc2',
    );
  });

  it('minds neither the order of fields nor anything but targets and key', () => {
    const turned = [{ repository: 'r', file: 'a.yaml', kind: 'path' }];
    expect(changeId({ targets: turned, key: 'k' })).toBe(changeId({ targets, key: 'k' }));
    expect(changeId({ targets, key: 'l' })).not.toBe(changeId({ targets, key: 'k' }));
    expect(changeId({ targets: [], key: 'k' })).not.toBe(changeId({ targets, key: 'k' }));
  });
});

describe('groupChangeId', () => {
  it('minds the members and not their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), (changes) => {
        expect(groupChangeId(changes.toReversed())).toBe(groupChangeId(changes));
        expect(groupChangeId(changes.slice(1))).not.toBe(groupChangeId(changes));
      }),
    );
  });
});
