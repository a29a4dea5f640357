import { CompressError } from '../errors.ts';
import type { Graph, Node, Tensor } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { withFreshStates } from './fresh_states.ts';

const known = new WeakMap<Graph, Map<number, Graph>>();

/**
 * The float graph of a network that keeps state as one that answers to a whole example: all of its calls one after another, with the state
 * as tensors that go from each to the next, and zeros before the first. Its inputs are those of all calls along the first axis, its outputs
 * those of the last call; weights are shared. Tensors of the last call keep their numbers; of the same graph always the same one. With one
 * call it is the graph with fresh states.
 *
 * @throws CompressError `unsupported` for an operator whose state cannot be carried over several calls
 */
export function unrolled(graph: Graph, calls: number): Graph {
  if (calls === 1) return withFreshStates(graph);
  const found = known.get(graph) ?? new Map<number, Graph>();
  known.set(graph, found);
  const result = found.get(calls) ?? unroll(graph, calls);
  found.set(calls, result);
  return result;
}

/** Takes whole axes, at any size. */
const FAR = 0x7fffffff;

function unroll(graph: Graph, calls: number): Graph {
  const tensors: Tensor[] = graph.tensors.map(({ variable, ...t }) => t);
  const nodes: Node[] = [];
  const inputs = graph.inputs.map((t) => {
    const [n, first = 1, ...rest] = graph.tensors[t].shape;
    return tensors.push({ ...tensors[t], name: `${tensors[t].name}/calls`, shape: [n, calls * first, ...rest] }) - 1;
  });
  const changing = changingTensors(graph);
  nodes.push(...graph.nodes.filter((node) => !changing.has(node.outputs[0])));
  const state = new Map<number, number>();
  for (let call = 0; call < calls; call++) {
    const own = new Map<number, number>();
    const here = (t: number): number => {
      if (!changing.has(t) || call === calls - 1) return t;
      const copy = own.get(t) ?? tensors.push({ ...tensors[t], name: `${tensors[t].name}/call_${call}` }) - 1;
      own.set(t, copy);
      return copy;
    };
    graph.inputs.forEach((t, i) => {
      nodes.push(partOf(tensors[t], inputs[i], here(t), call));
    });
    for (const node of graph.nodes) {
      if (!changing.has(node.outputs[0])) continue;
      const kept = stateOf(graph, node);
      const read = node.inputs.map((t, place) => (place === kept ? (state.get(t) ?? -1) : here(t)));
      const outputs = node.outputs.map(here);
      if (kept === null) {
        nodes.push({ ...node, inputs: read, outputs });
        continue;
      }
      const before = node.inputs[kept];
      const next = tensors.push({ ...tensors[before], name: `${tensors[before].name}/call_${call}` }) - 1;
      state.set(before, next);
      const attrs = { ...node.attrs, apart: tensors[before].shape };
      nodes.push({ ...node, inputs: read, outputs: [...outputs, next], attrs });
    }
  }
  return { ...graph, tensors, nodes, inputs };
}

/** Tensors that differ from call to call. */
function changingTensors(graph: Graph): Set<number> {
  const found = new Set(graph.inputs);
  for (const { inputs, outputs } of graph.nodes) {
    if (inputs.some((t) => t >= 0 && (found.has(t) || graph.tensors[t].variable))) for (const t of outputs) found.add(t);
  }
  return found;
}

/** The place of a node's state; null where it keeps none. */
function stateOf({ tensors }: Graph, { name, op, inputs }: Node): number | null {
  const places = inputs.flatMap((t, place) => (tensors[t]?.variable ? [place] : []));
  if (!places.length) return null;
  const { carried } = rowOf(op);
  if (places.length === 1 && places[0] === carried) return carried;
  throw new CompressError(
    'unsupported',
    `the state of "${name}" (${op}) cannot be carried over the calls of an example in training`,
    'give each example as one call: a layer that reads whole sequences takes it whole; or leave out the stages that train',
  );
}

/** What call number `call` reads of an input of all calls. */
function partOf({ name, shape }: Tensor, all: number, to: number, call: number): Node {
  const pick = (place: number, otherwise: number) => shape.map((_, i) => (i === 1 ? place * shape[1] : otherwise));
  const attrs = { begin: pick(call, 0), end: pick(call + 1, FAR), strides: shape.map(() => 1), shrink: [] };
  return { name: `${name}/part_${call}`, op: 'stridedSlice', inputs: [all], outputs: [to], attrs };
}
