import { type Graph, withTensors } from '../graph/graph.ts';
import type { Cut } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';
import type { Heap } from '../wasm/heap.ts';
import { solveF64 } from '../wasm/linear_f64.ts';
import { rowsOf, tensorsOf } from './consumers.ts';
import { ridged } from './ridge.ts';
import type { Survey } from './survey.ts';

/**
 * The graph before a cut, with what the doomed channels contributed handed to the ones that stay: the layers that read them get the
 * weights and biases that come nearest to their outputs, by least squares over data (He, Zhang and Sun, "Channel Pruning for
 * Accelerating Very Deep Neural Networks", 2017).
 */
export function reconstruct(heap: Heap, graph: Graph, cut: Cut, { consumers, grams }: Survey): Graph {
  const changed = consumers.flatMap((consumer) => {
    const goes = cut.get(consumer.x);
    if (!goes?.includes(1) || !goes.includes(0)) return [];
    if (graph.tensors[layerOf(consumer.node)!.weights].mask) return []; // least squares would bring masked weights back
    const { rows } = rowsOf(graph, consumer);
    handOver(
      heap,
      rows,
      ridged(grams.get(consumer.node)!, consumer),
      (k) => k < consumer.columns && goes[k % consumer.channels] === 1,
    );
    return tensorsOf(graph, consumer, rows);
  });
  return withTensors(graph, new Map(changed));
}

/** Makes rows W [out, n] those W' that make (W' - W) H (W' - W)' least where the columns that go are 0: H[S, G] W_G is solved for H[S, S]. */
function handOver(heap: Heap, rows: Float64Array, h: Float64Array, goes: (column: number) => boolean): void {
  const n = Math.sqrt(h.length);
  const columns = Array.from({ length: n }, (_, k) => k);
  const [gone, stays] = [columns.filter(goes), columns.filter((k) => !goes(k))];
  const among = new Float64Array(stays.length ** 2);
  stays.forEach((k, i) => {
    stays.forEach((l, j) => {
      among[i * stays.length + j] = h[k * n + l];
    });
  });
  const right = new Float64Array((rows.length / n) * stays.length);
  for (let o = 0; o * n < rows.length; o++) {
    for (const g of gone) {
      const weight = rows[o * n + g];
      for (let i = 0; i < stays.length; i++) right[o * stays.length + i] += weight * h[g * n + stays[i]];
    }
  }
  const more = solveF64(heap, among, right);
  for (let o = 0; o * n < rows.length; o++) {
    for (const g of gone) rows[o * n + g] = 0;
    for (let i = 0; i < stays.length; i++) rows[o * n + stays[i]] += more[o * stays.length + i];
  }
}
