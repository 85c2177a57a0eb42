import { describe, expect, it } from '@jest/globals';
import type { Edit, PushedBranch } from '../../../runtime/delivery/actions.ts';
import { changedFiles } from '../../../runtime/delivery/changed-files.ts';
import { createGuards } from '../../../runtime/delivery/guards.ts';
import { observeTargets, TargetsMemo } from '../../../runtime/delivery/observe-targets.ts';
import { ManualClock } from '../../../runtime/control/clock.ts';
import { PortError, type Git } from '../../../runtime/ports/index.ts';
import { commits, desired, now, pair, target } from '../../support/delivery-facts.ts';
import { fake } from '../../support/fake.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const latin1 = Buffer.from('# caf\u00e9\nimage: gcr.io/p/web:v1\n', 'latin1');
const kustomization = 'images:\n- name: gcr.io/p/web\n  newTag: v1\n';
const limit = 100;

/** A repository of these files; one that is larger than the limit cannot be read. */
function repository(files: Readonly<Record<string, string | Buffer>>): Git {
  const entry = (path: string) => ({ mode: '100644', oid: path, path });
  return fake<Git>({
    entry: (_, _commit, path) => Promise.resolve(path in files ? entry(path) : undefined),
    list: () => Promise.resolve(Object.keys(files).map(entry)),
    blobs: (_, oids) => {
      const contents = oids.map((oid) => [oid, Buffer.from(files[oid] ?? '')] as const);
      const large = contents.find(([, content]) => content.length > limit);
      return large
        ? Promise.reject(new PortError('invalid', large[0], `${large[0]} is too large`))
        : Promise.resolve(new Map(contents));
    },
  });
}

function changed(files: Readonly<Record<string, string | Buffer>>, also: readonly string[] = []) {
  const edit: Edit = {
    target: target({ also }),
    file: 'web/kustomization.yaml',
    from: { name: 'gcr.io/p/web', tag: 'v1' },
    to: { name: 'gcr.io/p/web', tag: 'v2', digest },
  };
  const branch = { parent: commits.base, edits: [edit] } as unknown as PushedBranch;
  return changedFiles('r', branch, repository(files), new AbortController().signal);
}

describe('the files that a branch changes', () => {
  it('keep every byte that is no UTF-8', async () => {
    const files = await changed({ 'web/kustomization.yaml': kustomization, 'tests/golden.yaml': latin1 }, [
      'tests/**',
    ]);
    const golden = files.find(({ path }) => path === 'tests/golden.yaml');
    if (!golden) throw new Error('it is changed');
    const expected = latin1.toString('latin1').replace(':v1', `:v2@${digest}`);
    expect(Buffer.from(golden.after, golden.encoding)).toEqual(Buffer.from(expected, 'latin1'));
  });

  it('keep their byte order mark', async () => {
    const [file] = await changed({ 'web/kustomization.yaml': `\uFEFF${kustomization}` });
    expect(file?.after).toMatch(/^\uFEFFimages:/);
  });

  it('are none at all where a target is no UTF-8', async () => {
    const content = Buffer.from(`# caf\u00e9\n${kustomization}`, 'latin1');
    await expect(changed({ 'web/kustomization.yaml': content })).rejects.toMatchObject({
      fault: 'invalid',
      message: 'web/kustomization.yaml of r is not UTF-8',
    });
  });

  it('leave out what is too large to read among all those that a glob selects', async () => {
    const files = await changed(
      {
        'web/kustomization.yaml': kustomization,
        'large.bin': `gcr.io/p/web:v1 ${'x'.repeat(limit)}`,
        'other.yaml': 'image: gcr.io/p/web:v1\n',
        'unrelated.yaml': 'image: gcr.io/p/web:v1.2\n',
      },
      ['**'],
    );
    expect(files.map(({ path }) => path).sort()).toEqual(['other.yaml', 'web/kustomization.yaml']);
  });
});

describe('a target that is no UTF-8', () => {
  it('is a problem of its pair that says so', async () => {
    const [place] = pair().targets;
    if (!place) throw new Error('a place');
    const file = 'web/v1/kustomization.yaml';
    const git = repository({ [file]: Buffer.from(`# caf\u00e9\n${kustomization}`, 'latin1') });
    const refs = {
      head: () => ({ ok: true as const, value: commits.base }),
      branches: [],
      problem: () => undefined,
    };
    const found = await observeTargets(
      desired([pair({ targets: [place] })]),
      refs,
      { git },
      new TargetsMemo(),
      createGuards(new ManualClock(now)),
      new AbortController().signal,
    );
    expect(found.get(place)).toEqual({
      ok: false,
      problem: { reason: `${file} on main is not UTF-8; convert it`, retryable: false },
    });
  });
});
