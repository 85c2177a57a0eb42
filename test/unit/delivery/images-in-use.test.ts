import { describe, expect, it } from '@jest/globals';
import { imagesInUse } from '../../../runtime/delivery/images-in-use.ts';
import type { PairFacts, UnitFacts } from '../../../runtime/delivery/observed.ts';
import type { ProposalFacts } from '../../../runtime/proposals/life.ts';
import {
  byName,
  edited,
  facts,
  imageFacts,
  pair,
  proposed,
  pushed,
  readyFacts,
  rejected,
  unitFacts,
  unitsIn,
  upToDateFacts,
} from '../../support/delivery-facts.ts';

const used = (pairs: readonly PairFacts[], units: readonly UnitFacts[] = []) =>
  Array.from(imagesInUse(byName(pairs), units), ({ application }) => application);

const ready = readyFacts();
const [unit] = unitsIn([ready]);
if (!unit) throw new Error('a unit');

describe('the images that something is about to be made of', () => {
  it.each<[string, ProposalFacts, Partial<UnitFacts>, string[]]>([
    ['is to be pushed', {}, {}, ['web']],
    ['is pushed and has no pull request', pushed(unit), {}, ['web']],
    ['is proposed', proposed(unit), {}, []],
    ['was rejected', rejected(unit), {}, []],
    ['is edited by a person', edited, {}, []],
    ['cannot be read', {}, { problem: { reason: 'down', retryable: true } }, []],
  ])('are the ones of a change that %s', (_, proposal, over, expected) => {
    expect(used([ready], [unitFacts(unit, proposal, over)])).toEqual(expected);
  });

  it('are the ones that lack their release tag', () => {
    const untagged = facts({ image: imageFacts(pair(), { released: false }) });
    expect(used([untagged])).toEqual(['web']);
    expect(used([upToDateFacts()])).toEqual([]);
  });

  it('are the parents of an image that is not built, for as long as it is needed', () => {
    const base = pair({ application: 'base' });
    const child = pair({ application: 'child', parents: [{ application: 'base' }] });
    const parent = upToDateFacts({ pair: base, image: imageFacts(base) });
    expect(used([parent, facts({ pair: child })])).toEqual(['base']);
    expect(used([parent, readyFacts({ pair: child })])).toEqual([]);
  });
});
