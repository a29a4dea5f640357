import type { FakeQuantize } from '../ops/fake_quantize.ts';
import type { Graph, Node, Tensor } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';

/**
 * The graph in which every tensor with a quantization record is rounded before it is read: activations by their record, weights
 * symmetrically by what they are at that moment. Biases have 32 bits and stay as they are.
 */
export function withFakeQuantization(graph: Graph): Graph {
  const tensors: Tensor[] = [...graph.tensors];
  const nodes: Node[] = [];
  const rounded = new Map<number, number>();
  const round = (t: number, attrs: FakeQuantize): number => {
    const known = rounded.get(t);
    if (known !== undefined) return known;
    const { name, shape } = tensors[t];
    const out = tensors.push({ name: `${name}/rounded`, shape, dtype: 'f32', data: null, quant: null }) - 1;
    nodes.push({ name: `${name}/round`, op: 'fakeQuantize', inputs: [t], outputs: [out], attrs: { ...attrs } });
    rounded.set(t, out);
    return out;
  };
  for (const t of graph.inputs) roundActivation(tensors[t], t, round);
  for (const node of graph.nodes) {
    const { trainable, memory } = rowOf(node.op);
    const inputs = node.inputs.map((t, place) => {
      if (t < 0) return t;
      const { data, quant } = tensors[t];
      if (!data) return rounded.get(t) ?? t;
      if (!quant || !trainable.includes(place) || tensors[t].shape.length < 2) return t;
      return round(t, { bits: quant.bits as 4 | 8, fixed: null, axis: quant.axis });
    });
    nodes.push({ ...node, inputs });
    if (memory !== 'view') for (const t of node.outputs) roundActivation(tensors[t], t, round);
  }
  return { ...graph, tensors, nodes, outputs: graph.outputs.map((t) => rounded.get(t) ?? t) };
}

function roundActivation({ quant }: Tensor, t: number, round: (t: number, a: FakeQuantize) => number): void {
  if (!quant || quant.bits > 16) return;
  round(t, { bits: quant.bits as 8 | 16, fixed: { scales: quant.scales, zeros: quant.zeros }, axis: null });
}
