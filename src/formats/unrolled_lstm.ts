import { compact, type Graph, type Node } from '../graph/graph.ts';
import type { Lstm } from '../ops/lstm.ts';
import { Draft } from './draft.ts';
import { type Recurrent, together, unrolled } from './recurrent.ts';

/** Places of operands: weights for the input and for the hidden state, biases; gates stand as input, forget, cell, output. */
const [INPUT, HIDDEN, BIAS] = [1, 5, 12];
const ORDER = [0, 1, 3, 2];

/** The LSTMs of a float graph as the operators they consist of, each call from zeros. `names`: theirs. */
export function withoutFloatLstms(graph: Graph): { readonly graph: Graph; readonly names: readonly string[] } {
  const isFloat = ({ op, inputs }: Node) => op === 'lstm' && graph.tensors[inputs[0]].dtype === 'f32';
  const names = graph.nodes.filter(isFloat).map((n) => n.name);
  if (!names.length) return { graph, names };
  const draft = new Draft();
  draft.tensors.push(...graph.tensors);
  const same = new Map<number, number>();
  const now = (t: number) => same.get(t) ?? t;
  for (const node of graph.nodes) {
    const next = { ...node, inputs: node.inputs.map(now) };
    if (!isFloat(node)) draft.nodes.push(next);
    else {
      const y = addLstm(draft, next);
      draft.rename(y, node.name);
      same.set(node.outputs[0], y);
    }
  }
  const made = { ...graph, tensors: draft.tensors, nodes: draft.nodes, outputs: graph.outputs.map(now) };
  return { graph: compact(made), names };
}

function addLstm(draft: Draft, node: Node): number {
  const { timeMajor } = node.attrs as unknown as Lstm;
  const to = {
    emit: (op: string, inputs: readonly number[], attrs: Node['attrs']) => to.emitAll(op, inputs, attrs)[0],
    emitAll: (op: string, inputs: readonly number[], attrs: Node['attrs']) =>
      draft.emit(op, inputs, attrs, `${node.name}/${op}${draft.tensors.length}`),
    constant: (part: string, shape: readonly number[], values: ArrayLike<number>) =>
      draft.constant(`${node.name}/${part}`, shape, values),
  };
  const turn = (t: number) => (timeMajor ? to.emit('transpose', [t], { perm: [1, 0, 2] }) : t);
  const x = turn(node.inputs[0]);
  const { steps } = unrolled(to, x, draft.tensors[x].shape, weightsOf(draft, node));
  return turn(together(to, steps));
}

function weightsOf({ tensors }: Draft, { inputs, attrs }: Node): Recurrent {
  const hidden = tensors[inputs[INPUT]].shape[0];
  const gates = (first: number, size: number) => {
    const out = new Float32Array(4 * size);
    ORDER.forEach((gate, i) => {
      const t = inputs[first + gate];
      if (t >= 0) out.set(tensors[t].data as Float32Array, i * size);
    });
    return out;
  };
  return {
    kind: 'lstm',
    hidden,
    weights: gates(INPUT, hidden * tensors[inputs[INPUT]].shape[1]),
    recurrent: gates(HIDDEN, hidden * hidden),
    bias: gates(BIAS, hidden),
    newBias: null,
    reverse: false,
    cellClip: (attrs as unknown as Lstm).cellClip,
  };
}
