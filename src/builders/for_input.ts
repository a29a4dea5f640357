import { CompressError } from '../errors.ts';
import { type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { reinitialized } from './reinitialize.ts';

type Shape = readonly number[];

/**
 * The same layers for an example of another shape, with random weights: filters read the channels that come, poolings over the whole of their input stay so, and so do
 * reshapes that only add or leave out axes of 1.
 *
 * @param given what the graph's input is given by a dataset, and `wanted` what it shall be given
 * @throws CompressError `shape-mismatch` where a layer cannot read it
 */
export function builtFor(graph: Graph, given: Shape, wanted: Shape, seed: number): Graph {
  const tensors = [...graph.tensors];
  const resize = (t: number, shape: Shape) => {
    if (String(tensors[t].shape) === String(shape)) return;
    const { fileOrder: _, ...old } = tensors[t];
    const data = old.data && new Float32Array(sizeOf(shape));
    tensors[t] = { ...old, shape, data } as Tensor;
  };
  const [input] = graph.inputs;
  resize(input, [1, ...inputFor(tensors[input].shape.slice(1), given, wanted)]);
  const nodes = graph.nodes.map((old) => {
    const [before, now] = [graph, { tensors }].map((of) => of.tensors[old.inputs[0]].shape);
    const node = sameView(wholePool(old, before, now), before, now, graph.tensors[old.outputs[0]].shape);
    const shapes = () => node.inputs.map((t) => (t < 0 ? null : tensors[t].shape));
    for (const [place, axis, size] of constantsBehind(old, graph, shapes())) {
      const t = node.inputs[place];
      resize(t, tensors[t].shape.with(axis, size));
    }
    rowOf(node.op)
      .infer(shapes(), node.attrs)
      .forEach((shape, i) => {
        resize(node.outputs[i], shape);
      });
    return node;
  });
  graph.outputs.forEach((t) => {
    if (String(tensors[t].shape) === String(graph.tensors[t].shape)) return;
    throw new CompressError(
      'shape-mismatch',
      `"${tensors[t].name}" would have the shape [${tensors[t].shape}] instead of [${graph.tensors[t].shape}]`,
      'leave this front end out, or give a network that ends in a pooling or a dense layer',
    );
  });
  return reinitialized({ ...graph, tensors, nodes }, seed);
}

/** The input's own axes, where it has more or less of them than an example of the data. */
function inputFor(shape: Shape, given: Shape, wanted: Shape): Shape {
  if (shape.length === 1) return [sizeOf(wanted)];
  const full = [...Array<number>(Math.max(0, given.length - wanted.length)).fill(1), ...wanted];
  let next = 0;
  const made = shape.map((d) => (d === given[next] ? full[next++] : d));
  if (next === given.length && next === full.length) return made;
  throw new CompressError(
    'shape-mismatch',
    `the network takes [${shape}], which is not known to be examples of [${given}]`,
    'give a network whose input has the axes of the features',
  );
}

/** Constants of a node that follow its input: [place, axis, size]. */
function constantsBehind(
  { op, attrs, inputs }: Node,
  { tensors }: Graph,
  [now]: readonly (Shape | null)[],
): (readonly [place: number, axis: number, size: number])[] {
  const { channels, layer } = rowOf(op);
  const before = inputs.map((t) => (t < 0 ? null : tensors[t].shape));
  const cut = channels(attrs as never, before as never);
  const width = now!.at(-1)!;
  const isConstant = ([place]: readonly number[]) => place > 0 && inputs[place] >= 0 && tensors[inputs[place]].data !== null;
  if (cut.kind === 'mix') return cut.in.filter(isConstant).map(([place, axis]) => [place, axis, width]);
  if (cut.kind === 'keep')
    return cut.along.filter(isConstant).map(([place, axis]) => [place, axis, width * (cut.multiplier ?? 1)]);
  if (cut.kind === 'fixed' && cut.flattens && layer) return [[layer.weights, 1, sizeOf(now!.slice(1))]];
  return [];
}

/** A reshape that adds or leaves out axes of 1, as before a convolution in time: the others have the new sizes. */
function sameView(node: Node, before: Shape, now: Shape, after: Shape): Node {
  const { shape } = node.attrs as { readonly shape?: Shape };
  const axes = [...before.keys()].filter((axis) => before[axis] !== 1);
  if (
    !shape ||
    rowOf(node.op).memory !== 'view' ||
    String(axes.map((axis) => before[axis])) !== String(after.filter((n) => n !== 1))
  )
    return node;
  let next = 0;
  const sizes = after.map((n) => (n === 1 ? 1 : now[axes[next++]]));
  return { ...node, attrs: { ...node.attrs, shape: shape.map((n, axis) => (n > 0 ? sizes[axis] : n)) } };
}

/** A pooling over all of its input is one over all of the new one. */
function wholePool(node: Node, before: Shape, now: Shape): Node {
  const { filter } = node.attrs as { readonly filter?: Shape };
  if (!filter || node.inputs.length > 1 || String(filter) !== String(before.slice(1, 3))) return node;
  return { ...node, attrs: { ...node.attrs, filter: now.slice(1, 3) } };
}
