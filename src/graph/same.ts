import type { Graph, Values } from './graph.ts';

/** Whether two graphs compute the same, number by number: the same nodes between tensors of the same shapes and constants. Quantization records, masks and names of tensors aside. */
export function sameNetwork(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  const wiring = ({ inputs, outputs, nodes }: Graph) => [
    inputs,
    outputs,
    nodes.map((n) => [n.name, n.op, n.inputs, n.outputs, n.attrs]),
  ];
  if (a.tensors.length !== b.tensors.length || JSON.stringify(wiring(a)) !== JSON.stringify(wiring(b))) return false;
  return a.tensors.every((t, i) => {
    const other = b.tensors[i];
    return t.dtype === other.dtype && t.shape.join() === other.shape.join() && sameValues(t.data, other.data);
  });
}

function sameValues(a: Values | null, b: Values | null): boolean {
  if (a === b || !a || !b) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
