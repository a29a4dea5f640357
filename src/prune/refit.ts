import type { Dataset } from '../data/index.ts';
import { type Graph, type Tensor, withTensors } from '../graph/graph.ts';
import type { Cut } from '../run/channels.ts';
import type { Heap } from '../wasm/heap.ts';
import { ridged, ridgeOf, rowsOf } from './elimination.ts';
import { cholesky, solveInPlace } from './linear_algebra.ts';
import { gatherer, productsOf, type Reader, readersOf, runnerOf } from './moments.ts';

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
  const originals = new Map(readersOf(before).map((r) => [before.nodes.indexOf(r.node), r]));
  const first = before.nodes.findIndex((node) => node.outputs.some((t) => cut.has(t)));
  let current = after;
  for (const place of after.nodes.keys()) {
    const original = originals.get(place);
    const reader = readersOf(current).find((r) => r.node === current.nodes[place]);
    if (place <= first || !original || !reader) continue;
    const goes = cut.get(original.node.outputs[0]);
    const layer = { before, after: current, original, reader };
    current = withTensors(
      current,
      fitted(layer, productsAround(heap, layer, data, seed), (o) => !goes?.[o]),
    );
  }
  return current;
}

/** A layer of a cut graph, and the one it was. */
interface CutLayer {
  readonly before: Graph;
  readonly after: Graph;
  readonly original: Reader;
  readonly reader: Reader;
}

/** Means of the products of what a layer reads now, n values a row: among themselves [n, n], and with the `was` values read before [n, was]. */
interface Products {
  readonly own: Float64Array;
  readonly cross: Float64Array;
  readonly n: number;
  readonly was: number;
}

function productsAround(heap: Heap, { before, after, original, reader }: CutLayer, data: Dataset, seed: number): Products {
  return heap.scope(() => {
    const [a, b] = [runnerOf(heap, after, data, seed), runnerOf(heap, before, data, seed)];
    const x = gatherer(heap, reader, a.shapeOf(reader.x), seed);
    const y = gatherer(heap, original, b.shapeOf(original.x), seed);
    const [own, cross] = [productsOf(heap, x, x), productsOf(heap, x, y)];
    const reads: Float32Array[] = [];
    b.forEachBatch((valuesOf) => reads.push(valuesOf(original.x)));
    let batch = 0;
    a.forEachBatch((valuesOf) => {
      x.gather(valuesOf(reader.x));
      y.gather(reads[batch++]);
      own.add();
      cross.add();
    });
    return { own: own.means(), cross: cross.means(), n: x.n, was: y.n };
  });
}

/** Weights and bias of the outputs that stay, drawn by a ridge towards those that are there. */
function fitted(layer: CutLayer, { own, cross, n, was }: Products, stays: (output: number) => boolean): Map<number, Tensor> {
  const { before, after, original, reader } = layer;
  const { columns } = reader;
  const { rows: target } = rowsOf(before, original);
  const { rows, out } = rowsOf(after, reader);
  const ridge = ridgeOf(own, n, columns);
  const l = cholesky(ridged({ n, products: own }, reader), n);
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
    if (reader.bias) bias[o] = right[columns];
  });
  const [, w, b] = reader.node.inputs;
  const changes = new Map<number, Tensor>([[w, { ...after.tensors[w], data: weights }]]);
  if (reader.bias) changes.set(b, { ...after.tensors[b], data: bias });
  return changes;
}
