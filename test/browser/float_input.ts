import type { Graph, Node, Tensor } from '../../src/graph/graph.ts';

/**
 * The graph with float inputs and outputs: a quantize node before each quantized input, a dequantize node behind each quantized output. Whole
 * numbers without a scale (indices) stay.
 */
export function withFloatInputs(graph: Graph): Graph {
  const tensors = [...graph.tensors];
  const float = (t: number) => {
    tensors.push({ ...tensors[t], name: `${tensors[t].name}_float`, dtype: 'f32', quant: null } satisfies Tensor);
    return tensors.length - 1;
  };
  const bridge = (op: string, from: number, to: number): Node => ({
    name: `${op}_${from}`,
    op,
    inputs: [from],
    outputs: [to],
    attrs: {},
  });
  const before: Node[] = [];
  const behind: Node[] = [];
  const inputs = graph.inputs.map((t) => {
    if (!tensors[t].quant) return t;
    const f = float(t);
    before.push(bridge('quantize', f, t));
    return f;
  });
  const outputs = graph.outputs.map((t) => {
    if (!tensors[t].quant) return t;
    const f = float(t);
    behind.push(bridge('dequantize', t, f));
    return f;
  });
  return { ...graph, tensors, nodes: [...before, ...graph.nodes, ...behind], inputs, outputs };
}
