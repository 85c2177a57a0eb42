import { isAlias, isCollection, visit } from 'yaml';
import type { ParsedNode } from 'yaml';
import type { PairNode } from './layout.ts';
import type { Address, Step, YamlText } from './yaml-text.ts';

/** The way from the root of a document to what is to be edited, as far as it exists. */
export interface Trail {
  readonly nodes: readonly ParsedNode[];
  /** The deepest one that exists; undefined for a key without a value and for an empty document. */
  readonly end: ParsedNode | undefined;
  /** One per step, as YAML has them: `8080` may be a number. */
  readonly keys: readonly unknown[];
  /** Pair of the last key, when its parent is a mapping. */
  readonly pair: PairNode | undefined;
  readonly missing: readonly Step[];
}

/**
 * Walks to the address without following aliases. What stands at another place too (through an anchor) is refused:
 * it would change there by the way.
 */
export function editableTrail(yaml: YamlText, at: Address): Trail {
  const nodes: ParsedNode[] = [];
  const keys: unknown[] = [];
  let pair: PairNode | undefined;
  let node: ParsedNode | null = yaml.documents[at.document]?.contents ?? null;
  for (const [depth, step] of at.steps.entries()) {
    if (node !== null) {
      refuseShared(yaml, at, node);
      nodes.push(node);
    }
    const child = node === null ? undefined : yaml.child(node, step);
    if (child === undefined) {
      return { nodes, end: node ?? undefined, keys, pair, missing: at.steps.slice(depth) };
    }
    keys.push(child.key);
    pair = child.pair;
    node = child.node;
  }
  if (node !== null) {
    refuseShared(yaml, at, node);
    nodes.push(node);
  }
  return { nodes, end: node ?? undefined, keys, pair, missing: [] };
}

export function isInFlow(nodes: readonly ParsedNode[]): boolean {
  return nodes.some((node) => isCollection(node) && node.flow === true);
}

function refuseShared(yaml: YamlText, at: Address, node: ParsedNode): void {
  if (isAlias(node)) {
    throw yaml.error(`is the alias *${node.source}, so an edit would change other places too`, {
      at,
      offset: node.range[0],
      remedy: `write the value out here, or edit the value that is anchored as &${node.source}`,
    });
  }
  const { anchor } = node;
  const document = yaml.documents[at.document];
  if (anchor === undefined || document === undefined) return;
  const uses: number[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.source !== anchor || alias.resolve(document) !== node) return;
      uses.push(yaml.place(alias.range?.[0] ?? 0).line);
    },
  });
  if (uses.length === 0) return;
  throw yaml.error(
    `is anchored as &${anchor} and used again on line ${uses.join(', ')}, which would change too`,
    {
      at,
      offset: node.range[0],
      remedy: `write the value out where *${anchor} stands`,
    },
  );
}
