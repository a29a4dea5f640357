import { type Graph, type Tensor, withTensors } from '../graph/graph.ts';
import type { Cut } from '../run/channels.ts';
import { ridged, rowsOf } from './elimination.ts';
import { cholesky, solveInPlace } from './linear_algebra.ts';
import type { Consumer } from './grams.ts';
import type { Survey } from './survey.ts';
import { layerOf } from '../run/layers.ts';

/**
 * The graph before a cut, with what the doomed channels contributed handed to the ones that stay: the layers that read them get the
 * weights and biases that come nearest to their outputs, by least squares over data (He, Zhang and Sun, "Channel Pruning for
 * Accelerating Very Deep Neural Networks", 2017).
 */
export function reconstruct(graph: Graph, cut: Cut, { consumers, grams }: Survey): Graph {
  const changes = new Map<number, Tensor>();
  for (const consumer of consumers) {
    const goes = cut.get(consumer.x);
    if (!goes?.includes(1) || !goes.includes(0)) continue;
    const { weights: w, bias: b } = layerOf(consumer.node)!;
    if (graph.tensors[w].mask) continue; // least squares would bring masked weights back
    const { weights, bias } = fit(graph, consumer, goes, ridged(grams.get(consumer.node)!, consumer));
    changes.set(w, { ...graph.tensors[w], data: weights });
    if (bias) changes.set(b, { ...graph.tensors[b], data: bias });
  }
  return withTensors(graph, changes);
}

/** Rows W' that make (W' - W) H (W' - W)' least where the columns that go are 0. */
function fit(graph: Graph, consumer: Consumer, goes: Uint8Array, h: Float64Array) {
  const { rows, out } = rowsOf(graph, consumer);
  const n = rows.length / out;
  const stays = Array.from({ length: n }, (_, k) => k).filter((k) => k >= consumer.columns || !goes[k % consumer.channels]);
  const size = stays.length;
  const among = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) among[i * size + j] = h[stays[i] * n + stays[j]];
  const l = cholesky(among, size);
  const weights = new Float32Array(out * consumer.columns);
  const bias = consumer.bias ? new Float32Array(out) : null;
  const right = new Float64Array(size);
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += h[stays[i] * n + k] * rows[o * n + k];
      right[i] = sum;
    }
    solveInPlace(l, size, right);
    stays.forEach((k, i) => {
      if (k < consumer.columns) weights[o * consumer.columns + k] = right[i];
      else bias![o] = right[i];
    });
  }
  return { weights, bias };
}
