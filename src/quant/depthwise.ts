/** Rounding of depthwise weights by what each channel answers. */
import { type Graph, sizeOf, type Tensor } from '../graph/graph.ts';
import type { Patch } from '../ops/op.ts';
import { patchOf, type Window } from '../ops/window.ts';
import type { Consumer } from '../prune/consumers.ts';
import { gatherer, placesOf } from '../prune/grams.ts';
import { ridgeOf } from '../prune/ridge.ts';
import type { Carried } from '../run/carry.ts';
import { layerOf } from '../run/layers.ts';
import type { Heap } from '../wasm/heap.ts';
import { solveF64 } from '../wasm/linear_f64.ts';
import { fits, gridOf, type RoundedLayer, rounded } from './grid.ts';

/** Tensors of a depthwise layer: each channel is a small problem of its own. */
export function depthwise(
  heap: Heap,
  current: Graph,
  place: number,
  record: RoundedLayer,
  was: readonly Carried[],
  now: readonly Carried[],
  seed: number,
): [number, Tensor][] {
  const node = current.nodes[place];
  const { weights: w, bias: b, x } = layerOf(node)!;
  const [, height, width, depth] = current.tensors[x].shape;
  const [, kh, kw, channels] = current.tensors[w].shape;
  const multiplier = channels / depth;
  const data = current.tensors[w].data as Float32Array;
  const biases = b >= 0 ? (current.tensors[b].data as Float32Array) : null;
  const columns = kh * kw;
  const n = columns + (biases ? 1 : 0);
  const patch = patchOf(node.attrs as unknown as Window, [height, width], [kh, kw]);
  const { own, cross } = momentsOf(heap, { node, x, patch, depth, columns: columns * depth }, was, now, seed);
  const weights = data.slice();
  const shifts = biases?.slice() ?? null;
  for (let channel = 0; channel < channels; channel++) {
    const from = Math.floor(channel / multiplier);
    const row = Float64Array.from({ length: n }, (_, k) => (k < columns ? data[k * channels + channel] : biases![channel]));
    const [h, c] = [own, cross].map((all) => part(all[from], columns + 1, n));
    const ridge = ridgeOf({ n, means: h }, { columns });
    for (let k = 0; k < columns; k++) h[k * n + k] += ridge;
    // What the layer answered, times what it reads now.
    const right = Float64Array.from(row, (v, k) => {
      let sum = k < columns ? ridge * v : 0;
      for (let i = 0; i < n; i++) sum += row[i] * c[i * n + k];
      return sum;
    });
    const target = solveF64(heap, h, right);
    const grid = gridOf(record, (r, k) => k * channels + r);
    const found = rounded(heap, { h, n, target, columns }, grid, record.rounding, channel);
    for (let k = 0; k < columns; k++) weights[k * channels + channel] = found[k];
    if (shifts) shifts[channel] = found[columns];
  }
  const changed: [number, Tensor][] = [[w, { ...current.tensors[w], data: weights }]];
  if (shifts) changed.push([b, { ...current.tensors[b], data: shifts }]);
  return fits(changed, record) ? changed : [];
}

/** The first n rows and columns of a matrix. */
const part = (all: Float64Array, size: number, n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, i) => all[Math.floor(i / n) * size + (i % n)]);

/** By channel: means of the products of what a window reads now with itself, and of what it read with what it reads now; the constant 1 last. */
function momentsOf(
  heap: Heap,
  { node, x, patch, depth, columns }: { node: Consumer['node']; x: number; patch: Patch; depth: number; columns: number },
  was: readonly Carried[],
  now: readonly Carried[],
  seed: number,
): { own: Float64Array[]; cross: Float64Array[] } {
  const size = columns / depth + 1;
  const consumer: Consumer = { node, x, channels: depth, patch, columns, bias: false };
  const matrices = () => Array.from({ length: depth }, () => new Float64Array(size * size));
  const [own, cross] = [matrices(), matrices()];
  let count = 0;
  heap.scope(() => {
    const [places, same] = [placesOf(seed), placesOf(seed)];
    now.forEach(({ shape, values }, at) => {
      const rows = heap.scope(() => {
        const [a, b] = [values, was[at].values].map((v) => heap.tensor('f32', shape, v as Float32Array));
        const [reads, read] = [gatherer(heap, consumer, a, places), gatherer(heap, consumer, b, same)];
        reads.gather();
        read.gather();
        return [heap.read(reads.rows), heap.read(read.rows)] as Float32Array[];
      });
      const [is, before] = rows;
      const each = sizeOf([is.length / columns]);
      count += each;
      const [u, v] = [new Float64Array(size).fill(1), new Float64Array(size).fill(1)];
      for (let row = 0; row < each; row++) {
        for (let c = 0; c < depth; c++) {
          for (let k = 0; k < size - 1; k++) {
            u[k] = is[row * columns + k * depth + c];
            v[k] = before[row * columns + k * depth + c];
          }
          for (let i = 0, to = 0; i < size; i++) {
            for (let k = 0; k < size; k++, to++) {
              own[c][to] += u[i] * u[k];
              cross[c][to] += v[i] * u[k];
            }
          }
        }
      }
    });
  });
  for (const all of [...own, ...cross]) for (let i = 0; i < all.length; i++) all[i] /= count;
  return { own, cross };
}
