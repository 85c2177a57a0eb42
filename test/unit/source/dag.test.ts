import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { topologicalOrder } from '../../../runtime/source/dag.ts';

const names = (nodes: readonly { name: string }[]) => nodes.map((node) => node.name);

describe('topologicalOrder', () => {
  it('puts parents first and keeps the order otherwise', () => {
    const order = topologicalOrder([
      { name: 'child', parents: ['base', 'tools'] },
      { name: 'other', parents: [] },
      { name: 'tools', parents: ['base'] },
      { name: 'base', parents: [] },
    ]);
    expect(names(order)).toEqual(['base', 'tools', 'child', 'other']);
    const independent = ['c', 'a', 'b'].map((name) => ({ name, parents: [] }));
    expect(topologicalOrder(independent)).toEqual(independent);
  });

  it('spells a cycle out', () => {
    const nodes = [
      { name: 'outside', parents: ['a'] },
      { name: 'a', parents: ['b'] },
      { name: 'b', parents: ['c'] },
      { name: 'c', parents: ['a'] },
    ];
    expect(() => topologicalOrder(nodes)).toThrow('in a circle: a → b → c → a: remove');
    expect(() => topologicalOrder([{ name: 'a', parents: ['a'] }])).toThrow('a → a');
  });

  it('refuses unknown parents and names given twice', () => {
    expect(() => topologicalOrder([{ name: 'a', parents: ['b'] }])).toThrow(
      '"a" depends on "b", which does not',
    );
    expect(() => topologicalOrder(['a', 'a'].map((name) => ({ name, parents: [] })))).toThrow('given twice');
  });

  it('bears a long chain', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => ({
      name: String(index),
      parents: index === 19_999 ? [] : [String(index + 1)],
    }));
    expect(topologicalOrder(chain)[0]?.name).toBe('19999');
  });

  it('puts every parent before its children in any graph without cycles', () => {
    const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
      fc.tuple(
        fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }),
        fc.shuffledSubarray(
          Array.from({ length: size }, (_, index) => index),
          { minLength: size },
        ),
      ),
    );
    fc.assert(
      fc.property(graph, ([edges, order]) => {
        const nodes = order.map((index) => ({
          name: String(index),
          parents: edges
            .filter(([child, parent]) => child === index && parent < child)
            .map(([, parent]) => String(parent)),
        }));
        const sorted = names(topologicalOrder(nodes));
        expect([...sorted].sort()).toEqual(names(nodes).sort());
        for (const { name, parents } of nodes)
          for (const parent of parents) expect(sorted.indexOf(parent)).toBeLessThan(sorted.indexOf(name));
      }),
    );
  });
});
