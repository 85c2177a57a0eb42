import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { buildKey } from '../../../runtime/source/build-key.ts';

const entry = (path: string, oid = 'a'.repeat(40), mode = '100644') => ({ mode, oid, path });
const inputs = {
  dockerfile: 'components/common/Dockerfile',
  target: 'runtime',
  platforms: ['linux/amd64'],
  buildArgs: { VERSION: '${commit}', BASE: 'x' },
  entries: [entry('components/common/b'), entry('components/common/a', 'b'.repeat(40), '100755')],
  parents: [`gcr.io/p/base@sha256:${'c'.repeat(64)}`],
};

describe('buildKey', () => {
  it('is the sha256 of this JSON', () => {
    const json =
      '{"buildArgs":{"BASE":"x","VERSION":"${commit}"},"dockerfile":"components/common/Dockerfile",' +
      `"entries":[["100755","${'b'.repeat(40)}","components/common/a"],["100644","${'a'.repeat(40)}","components/common/b"]],` +
      `"parents":["gcr.io/p/base@sha256:${'c'.repeat(64)}"],"platforms":["linux/amd64"],"target":"runtime","v":1}`;
    const expected = createHash('sha256').update(json).digest('hex');
    expect(buildKey(inputs)).toBe(expected);
    expect(expected).toBe('36e7f5b43f9764ba4061b842dcd212be8ec2a76e475a3596933cc6a581421ccb');
  });

  it('says null for the last stage', () => {
    const json =
      '{"buildArgs":{},"dockerfile":"Dockerfile","entries":[],"parents":[],"platforms":[],"target":null,"v":1}';
    expect(
      buildKey({ dockerfile: 'Dockerfile', platforms: [], buildArgs: {}, entries: [], parents: [] }),
    ).toBe(createHash('sha256').update(json).digest('hex'));
  });

  it('does not depend on the order of what has none', () => {
    const turned = {
      ...inputs,
      platforms: ['linux/arm64', 'linux/amd64', 'linux/arm64'],
      entries: inputs.entries.toReversed(),
      buildArgs: { BASE: 'x', VERSION: '${commit}' },
    };
    expect(buildKey(turned)).toBe(buildKey({ ...inputs, platforms: ['linux/amd64', 'linux/arm64'] }));
  });

  it.each([
    ['dockerfile', { dockerfile: 'Dockerfile' }],
    ['target', { target: undefined }],
    ['platforms', { platforms: ['linux/arm64'] }],
    ['build argument', { buildArgs: { VERSION: '1', BASE: 'x' } }],
    ['content', { entries: [entry('components/common/b', 'd'.repeat(40))] }],
    ['mode', { entries: [entry('components/common/b', 'a'.repeat(40), '100755')] }],
    ['parent', { parents: [`gcr.io/p/base@sha256:${'d'.repeat(64)}`] }],
  ])('changes with the %s', (_, change) => {
    expect(buildKey({ ...inputs, ...change })).not.toBe(buildKey(inputs));
  });
});
