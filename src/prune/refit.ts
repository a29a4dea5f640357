import type { Dataset } from '../data/index.ts';
import { type Graph, type Tensor, withTensors } from '../graph/graph.ts';
import type { Cut } from '../run/channels.ts';
import { observe } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';
import { ridged, ridgeOf, rowsOf } from './elimination.ts';
import { cholesky, solveInPlace } from './linear_algebra.ts';
import { adderOf, fittingExamples, gatherer, meansOf, newSums, placesOf, type Consumer, consumersOf, widthOf } from './grams.ts';
import { layerOf } from '../run/layers.ts';

/**
 * Fits the layers of a cut graph again, one after another, to what they gave before the cut: each makes good, by least squares over
 * data, what the cuts before it changed in what it reads (the asymmetric reconstruction of Zhang et al., "Accelerating Very Deep
 * Convolutional Networks", 2016).
 *
 * @param before the graph before the cut
 * @param after  the same without the channels of `cut`, node by node
 */
export function refit(heap: Heap, before: Graph, after: Graph, cut: Cut, data: Dataset, seed: number): Graph {
  if (before.nodes.length !== after.nodes.length) return after;
  const originals = new Map(consumersOf(before).map((r) => [before.nodes.indexOf(r.node), r]));
  const first = before.nodes.findIndex((node) => node.outputs.some((t) => cut.has(t)));
  let current = after;
  for (const place of after.nodes.keys()) {
    const original = originals.get(place);
    const consumer = consumersOf(current).find((r) => r.node === current.nodes[place]);
    if (place <= first || !original || !consumer || isMasked(current, consumer)) continue;
    const goes = cut.get(original.node.outputs[0]);
    const layer = { before, after: current, original, consumer };
    current = withTensors(
      current,
      fitted(layer, productsAround(heap, layer, data, seed), (o) => !goes?.[o]),
    );
  }
  return current;
}

/** Least squares would bring masked weights back. */
const isMasked = ({ tensors }: Graph, { node }: Consumer): boolean => tensors[layerOf(node)!.weights].mask !== undefined;

/** A layer of a cut graph, and the one it was. */
interface CutLayer {
  readonly before: Graph;
  readonly after: Graph;
  readonly original: Consumer;
  readonly consumer: Consumer;
}

/** Means of the products of what a layer reads now, n values a row: among themselves [n, n], and with the `was` values read before [n, was]. */
interface Products {
  readonly own: Float64Array;
  readonly cross: Float64Array;
  readonly n: number;
  readonly was: number;
}

function productsAround(heap: Heap, { before, after, original, consumer }: CutLayer, data: Dataset, seed: number): Products {
  return heap.scope(() => {
    const examples = fittingExamples(data, seed);
    const reads: { values: Float32Array; shape: readonly number[] }[] = [];
    const runBefore = observe(heap, before, examples);
    runBefore(({ operands }) => {
      const x = operands[original.x];
      return () => void reads.push({ values: heap.read(x) as Float32Array, shape: x.shape });
    });
    const [own, cross] = [newSums(heap, consumer, consumer), newSums(heap, consumer, original)];
    const [ownPlaces, samePlaces] = [placesOf(seed), placesOf(seed)];
    const runAfter = observe(heap, after, examples);
    runAfter(({ operands }) => {
      const now = operands[consumer.x];
      const x = gatherer(heap, consumer, now.shape, ownPlaces);
      const y = gatherer(heap, original, reads[0].shape, samePlaces);
      const steps = [adderOf(heap, own, x, x), adderOf(heap, cross, x, y)];
      return () => {
        x.gather(heap.read(now) as Float32Array);
        y.gather(reads.shift()!.values);
        for (const step of steps) step();
      };
    });
    return { own: meansOf(heap, own), cross: meansOf(heap, cross), n: widthOf(consumer), was: widthOf(original) };
  });
}

/** Weights and bias of the outputs that stay, drawn by a ridge towards those that are there. */
function fitted(layer: CutLayer, { own, cross, n, was }: Products, stays: (output: number) => boolean): Map<number, Tensor> {
  const { before, after, original, consumer } = layer;
  const { columns } = consumer;
  const { rows: target } = rowsOf(before, original);
  const { rows, out } = rowsOf(after, consumer);
  const ridge = ridgeOf(own, n, columns);
  const l = cholesky(ridged({ n, means: own }, consumer), n);
  const weights = new Float32Array(out * columns);
  const bias = new Float32Array(out);
  const kept = Array.from({ length: target.length / was }, (_, o) => o).filter(stays);
  const right = new Float64Array(n);
  kept.forEach((from, o) => {
    for (let i = 0; i < n; i++) {
      let sum = i < columns ? ridge * rows[o * n + i] : 0;
      for (let k = 0; k < was; k++) sum += cross[i * was + k] * target[from * was + k];
      right[i] = sum;
    }
    solveInPlace(l, n, right);
    weights.set(right.subarray(0, columns), o * columns);
    if (consumer.bias) bias[o] = right[columns];
  });
  const { weights: w, bias: b } = layerOf(consumer.node)!;
  const changes = new Map<number, Tensor>([[w, { ...after.tensors[w], data: weights }]]);
  if (consumer.bias) changes.set(b, { ...after.tensors[b], data: bias });
  return changes;
}
