export interface DagNode {
  readonly name: string;
  /** Names of the nodes that come before it. */
  readonly parents: readonly string[];
}

/**
 * Parents before children, otherwise in the given order.
 * Throws an `Error` for a parent that does not exist, a name given twice, and a cycle, which it spells out.
 */
export function topologicalOrder<Node extends DagNode>(nodes: readonly Node[]): Node[] {
  const byName = new Map<string, Node>();
  for (const node of nodes) {
    if (byName.has(node.name)) throw new Error(`${JSON.stringify(node.name)} is given twice: rename one`);
    byName.set(node.name, node);
  }
  const ordered = new Set<Node>();
  for (const node of nodes) visit(node, byName, ordered);
  return [...ordered];
}

/** Depth first with its own stack: a chain may be longer than the call stack. */
function visit<Node extends DagNode>(
  start: Node,
  byName: ReadonlyMap<string, Node>,
  ordered: Set<Node>,
): void {
  if (ordered.has(start)) return;
  const path = new Map<string, { readonly node: Node; next: number }>([
    [start.name, { node: start, next: 0 }],
  ]);
  const open = [start.name];
  for (let name = open.at(-1); name !== undefined; name = open.at(-1)) {
    const frame = path.get(name);
    const wanted = frame?.node.parents[frame.next];
    if (frame === undefined || wanted === undefined) {
      if (frame !== undefined) ordered.add(frame.node);
      path.delete(name);
      open.pop();
      continue;
    }
    frame.next++;
    const parent = byName.get(wanted);
    if (parent === undefined) throw unknownParent(name, wanted);
    if (path.has(wanted)) throw cycle([...open.slice(open.indexOf(wanted)), wanted]);
    if (ordered.has(parent)) continue;
    path.set(wanted, { node: parent, next: 0 });
    open.push(wanted);
  }
}

function unknownParent(child: string, parent: string): Error {
  return new Error(
    `${JSON.stringify(child)} depends on ${JSON.stringify(parent)}, which does not exist: add it, or correct the name`,
  );
}

function cycle(names: readonly string[]): Error {
  return new Error(`images depend on each other in a circle: ${names.join(' → ')}: remove one of these`);
}
