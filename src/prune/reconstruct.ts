import { type Graph, indexAlong, type Node, type Tensor } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { type Cut, channelsOf } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';
import type { Heap } from '../wasm/heap.ts';
import { solveF64 } from '../wasm/linear_f64.ts';
import { rowsOf, tensorsOf } from './consumers.ts';
import { ridged } from './ridge.ts';
import type { Survey } from './survey.ts';

/**
 * What layers have in place of their weights and biases so that the cut channels count for nothing: where least squares can fit
 * them, those that come nearest to their outputs over data (He, Zhang and Sun, "Channel Pruning for Accelerating Very Deep Neural
 * Networks", 2017), else zeros.
 */
export function reconstruct(heap: Heap, graph: Graph, cut: Cut, { consumers, grams }: Survey): Map<number, Tensor> {
  const fitted = new Map(consumers.map((consumer, i) => [consumer.node, { consumer, gram: grams[i] }]));
  const ofInputs = (node: Node): [number, Tensor][] => {
    const removed = cut.get(node.inputs[0]);
    const channels = channelsOf(graph, node);
    if ((channels.kind !== 'mix' && channels.kind !== 'grouped') || !removed?.includes(1)) return [];
    const found = fitted.get(node);
    // Least squares would bring masked weights back.
    const isLeft = !removed.includes(0) || graph.tensors[layerOf(node)?.weights ?? -1]?.mask;
    if (isLeft || !found?.gram.means.every(Number.isFinite)) return silenced(graph, node, channels.in, removed);
    const { consumer, gram } = found;
    const { rows } = rowsOf(graph, consumer);
    handOver(heap, rows, ridged(gram, consumer), (k) => k < consumer.columns && removed[k % consumer.channels] === 1);
    return tensorsOf(graph, consumer, rows);
  };
  return new Map(graph.nodes.flatMap((node) => [...ofInputs(node), ...ofState(graph, node, cut)]));
}

/** The next step of an LSTM reads the channels that the one before made. */
function ofState(graph: Graph, node: Node, cut: Cut): [number, Tensor][] {
  const { recurrent } = rowOf(node.op);
  const removed = cut.get(node.outputs[0]);
  if (!recurrent || recurrent.output === null || !removed?.includes(1)) return [];
  const own = recurrent.weights.filter((w) => w.of === recurrent.output);
  return silenced(
    graph,
    node,
    own.map((w): [number, number] => [w.weights, 1]),
    removed,
  );
}

/** Operands of a node with zeros wherever they meet channels that are cut. */
function silenced(
  graph: Graph,
  { inputs }: Node,
  places: readonly (readonly [number, number])[],
  removed: Uint8Array,
): [number, Tensor][] {
  return places.flatMap(([operand, axis]): [number, Tensor][] => {
    const tensor = graph.tensors[inputs[operand]];
    if (!(tensor?.data instanceof Float32Array)) return [];
    const channel = indexAlong(tensor.shape, axis);
    return [[inputs[operand], { ...tensor, data: tensor.data.map((w, i) => (removed[channel(i) % removed.length] ? 0 : w)) }]];
  });
}

/** Makes rows W [out, n] those W' that make (W' - W) H (W' - W)' least where the columns that are cut are 0: H[S, G] W_G is solved for H[S, S]. */
function handOver(heap: Heap, rows: Float64Array, h: Float64Array, removed: (column: number) => boolean): void {
  const n = Math.sqrt(h.length);
  const columns = Array.from({ length: n }, (_, k) => k);
  const [gone, stays] = [columns.filter(removed), columns.filter((k) => !removed(k))];
  const rowOf = (k: number) => {
    const row = new Float64Array(stays.length);
    for (let i = 0; i < row.length; i++) row[i] = h[k * n + stays[i]];
    return row;
  };
  const among = new Float64Array(stays.length ** 2);
  stays.forEach((k, i) => {
    among.set(rowOf(k), i * stays.length);
  });
  const right = new Float64Array((rows.length / n) * stays.length);
  for (const g of gone) {
    const row = rowOf(g);
    for (let o = 0, at = 0; o * n < rows.length; o++) {
      const weight = rows[o * n + g];
      for (let i = 0; i < row.length; i++, at++) right[at] += weight * row[i];
    }
  }
  const more = solveF64(heap, among, right);
  for (let o = 0; o * n < rows.length; o++) {
    for (const g of gone) rows[o * n + g] = 0;
    for (let i = 0; i < stays.length; i++) rows[o * n + stays[i]] += more[o * stays.length + i];
  }
}
