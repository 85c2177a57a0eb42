import { describe, expect, it } from '@jest/globals';
import { evaluateInputs, InputsMemo } from '../../../runtime/delivery/observe-sources.ts';
import type { Git } from '../../../runtime/ports/index.ts';
import { commits, pair, source } from '../../support/delivery-facts.ts';
import { fake } from '../../support/fake.ts';

const { signal } = new AbortController();
const file = (path: string) => ({ mode: '100644', oid: path.padEnd(40, '0'), path });

function repositoryOf(files: number) {
  const listed: string[] = [];
  const entries = [file('Dockerfile'), ...Array.from({ length: files }, (_, index) => file(`f${index}`))];
  const git = fake<Git>({
    entry: (_, __, path) => Promise.resolve(path === 'Dockerfile' ? file(path) : undefined),
    list: (_, commit) => {
      listed.push(commit);
      return Promise.resolve(entries);
    },
    blobs: (_, oids) =>
      Promise.resolve(new Map(oids.map((oid) => [oid, Buffer.from('FROM scratch\nCOPY . /\n')]))),
  });
  return { git, listed };
}

describe('inputs', () => {
  it('are worked out once for each commit', async () => {
    const { git, listed } = repositoryOf(2);
    const memo = new InputsMemo();
    const evaluation = { pair: pair(), commit: commits.new };
    for (let pass = 0; pass < 3; pass += 1) {
      const inputsOf = await evaluateInputs(source.url, [evaluation], { git }, memo, signal);
      expect(inputsOf(evaluation.pair, commits.new)).toMatchObject({ ok: true });
      expect(inputsOf(evaluation.pair, commits.old)).toBeUndefined();
    }
    expect(listed).toEqual([commits.new]);
  });

  it('are there for the pass even where they are too many to remember', async () => {
    const { git, listed } = repositoryOf(300_001);
    const memo = new InputsMemo();
    const evaluation = { pair: pair(), commit: commits.new };
    for (let pass = 0; pass < 2; pass += 1) {
      const inputsOf = await evaluateInputs(source.url, [evaluation], { git }, memo, signal);
      const inputs = inputsOf(evaluation.pair, commits.new);
      expect(inputs?.ok && inputs.value.entries.length).toBe(300_002);
      expect(memo.get(evaluation.pair, commits.new)).toBeUndefined();
    }
    expect(listed).toHaveLength(2);
  });

  it('of a pair without Dockerfile or folder are a problem that says where', async () => {
    const { git } = repositoryOf(1);
    const evaluation = { pair: pair({ dockerfile: 'gone/Dockerfile' }), commit: commits.new };
    const inputsOf = await evaluateInputs(source.url, [evaluation], { git }, new InputsMemo(), signal);
    expect(inputsOf(evaluation.pair, commits.new)).toEqual({
      ok: false,
      problem: { reason: `there is no gone/Dockerfile on main of ${source.url}`, retryable: false },
    });
  });
});
