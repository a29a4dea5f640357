import { withRelabelsMoved } from '../formats/layout.ts';
import { withDroppedAxes } from '../formats/tidy.ts';
import { type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';

/** Channels are the last axis: behind such a transpose nothing is known of them. */
const movesChannels = ({ nodes }: Graph): boolean =>
  nodes.some(({ op, attrs }) => op === 'transpose' && (attrs.perm as number[]).at(-1) !== (attrs.perm as number[]).length - 1);

const moved = ({ nodes, tensors }: Graph): number =>
  nodes.reduce((n, { op, outputs }) => n + (op === 'transpose' ? sizeOf(tensors[outputs[0]].shape) : 0), 0);

/**
 * The graph whose transposes that move the channels are carried along until two meet, a mean is taken over other axes instead, or a dense layer
 * reads its features in another order; the same graph where that leaves no less to move. Integers stay the same, bit for bit.
 */
export function foldTransposes(graph: Graph): Graph {
  // Masks and state would have to move as well.
  if (!movesChannels(graph) || graph.tensors.some((t) => t.mask || t.variable)) return graph;
  const other = withDroppedAxes(withRelabelsMoved(withKeptAxes(graph)));
  return moved(other) < moved(graph) ? other : graph;
}

/** Reductions that keep their axes, each with a reshape behind it: axes are only renumbered where all are there. */
function withKeptAxes(graph: Graph): Graph {
  const tensors: Tensor[] = [...graph.tensors];
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const { axes, keepDims } = node.attrs as { readonly axes?: unknown; readonly keepDims?: unknown };
    if (!Array.isArray(axes) || keepDims !== false) return [node];
    const [x, y] = [node.inputs[0], node.outputs[0]].map((t) => tensors[t]);
    const shape = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
    const kept = tensors.push({ ...y, name: `${y.name}/kept`, shape }) - 1;
    const reshape = { name: `${node.name}/dropped`, op: 'reshape', inputs: [kept], outputs: node.outputs };
    return [
      { ...node, outputs: [kept], attrs: { ...node.attrs, keepDims: true } },
      { ...reshape, attrs: { shape: y.shape.length === 2 ? [0, -1] : y.shape } },
    ];
  });
  return { ...graph, tensors, nodes };
}
