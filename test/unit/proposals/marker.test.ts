import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closedByUs, formatMarker, markClosed, parseMarker } from '../../../runtime/proposals/marker.ts';

const markers = fc.record({
  installation: fc.string(),
  version: fc.string(),
  applications: fc.array(fc.oneof(fc.string(), fc.constantFrom(' -->', '<!-- slipway: '))),
  change: fc.string(),
});
const marker = { installation: 'prod', version: 'v1', applications: ['web'], change: 'abc' };

describe('the marker', () => {
  it('comes back from any body that it ends, also once that is closed', () => {
    fc.assert(
      fc.property(markers, fc.string(), fc.string(), (value, before, why) => {
        const body = `${before}\n${formatMarker(value)}`;
        expect(parseMarker(body)).toEqual(value);
        expect(parseMarker(markClosed(body, why.replaceAll('<', '')))).toEqual(value);
      }),
    );
  });

  it('is the last one: text above cannot pose as it', () => {
    const forged = formatMarker({ ...marker, installation: 'evil' });
    expect(parseMarker(`${forged}\n${formatMarker(marker)}`)).toEqual(marker);
  });

  it.each([
    '',
    'no marker',
    '<!-- slipway: {',
    '<!-- slipway: {} -->',
    '<!-- slipway: [1] -->',
    '<!-- slipway: x -->',
  ])('is not in %j', (body) => expect(parseMarker(body)).toBeUndefined());
});

describe('closing', () => {
  it('marks once and says why', () => {
    const closed = markClosed(formatMarker(marker), 'superseded by #2.');
    expect(closed).toContain('**Closed by Slipway:** superseded by #2.');
    expect(closedByUs(closed)).toBe(true);
    expect(markClosed(closed, 'again')).toBe(closed);
    expect(closedByUs(formatMarker(marker))).toBe(false);
  });
});
