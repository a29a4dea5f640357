import { compact, type Graph, newValues, type Tensor, type Values } from '../graph/graph.ts';

/**
 * A depthwise layer over one channel is an ordinary convolution, which has kernels of its own and whose filters pruning can take: the same
 * products in the same order, so that no output changes, not even by a bit.
 */
export function asConvolutions(graph: Graph): Graph {
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.map((node) => {
    const w = tensors[node.inputs[1]];
    if (node.op !== 'depthwiseConv2d' || tensors[node.inputs[0]].shape[3] !== 1 || !w.data) return node;
    const { multiplier: _, ...attrs } = node.attrs;
    const [x, , ...bias] = node.inputs;
    return { ...node, op: 'conv2d', attrs, inputs: [x, tensors.push(turned(w)) - 1, ...bias] };
  });
  return nodes.some((n, i) => n !== graph.nodes[i]) ? compact({ ...graph, tensors, nodes }) : graph;
}

/** [1, kh, kw, c] as [c, kh, kw, 1]; scales are along the first axis then. */
function turned(w: Tensor): Tensor {
  const [, kh, kw, c] = w.shape;
  const order = <T extends Values>(from: T, to: T): T => {
    for (let i = 0; i < from.length; i++) (to as Int8Array)[(i % c) * kh * kw + Math.floor(i / c)] = (from as Int8Array)[i];
    return to;
  };
  const { quant, mask } = w;
  return {
    ...w,
    shape: [c, kh, kw, 1],
    data: order(w.data!, newValues(w.dtype, w.data!.length)),
    quant: quant && { ...quant, axis: quant.axis === null ? null : 0 },
    ...(mask ? { mask: order(mask, new Uint8Array(mask.length)) } : {}),
  };
}
