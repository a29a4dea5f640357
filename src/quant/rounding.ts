/** Rounding of weights by what a layer answers, not by each weight alone. */
import type { Dataset } from '../data/index.ts';
import { type Graph, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { leastWeightScale } from '../ops/requant.ts';
import type { Patch } from '../ops/op.ts';
import { patchOf, type Window } from '../ops/window.ts';
import { type Consumer, consumersOf, rowsOf, tensorsOf, widthOf } from '../prune/consumers.ts';
import { gatherer, placesOf } from '../prune/grams.ts';
import { type CutLayer, fitted, meansAround, sideBySide } from '../prune/refit.ts';
import { ridged } from '../prune/ridge.ts';
import { settled } from '../prune/settle.ts';
import type { Carried } from '../run/carry.ts';
import { layerOf } from '../run/layers.ts';
import type { QuantizeOptions } from '../stage.ts';
import { withoutRecords } from '../train/fake.ts';
import type { Heap } from '../wasm/heap.ts';
import { solveF64 } from '../wasm/linear_f64.ts';
import { weightRange } from '../wasm/stats.ts';
import { weightRecord } from './weights.ts';

export type Rounding = QuantizeOptions['rounding'];

/** Sweeps over the weights of a layer, at most. */
const SWEEPS = 20;

/**
 * The graph with weights of whole steps, chosen so that each layer answers on examples what it answers in floats, reading what the layers before it
 * now give it. `gptq`: one weight after another is rounded to the nearest, and those after it take over what that changes (Frantar et al., "GPTQ",
 * 2023). `learned`: from there, weights move up or down a step as long as that brings the layer nearer to its answers, which is the aim of Nagel et
 * al. ("Up or Down? Adaptive Rounding for Post-Training Quantization", 2020), solved by descent in single weights. Biases take over what they can.
 * Layers of more weights to an output than least squares is worth stay as they are.
 *
 * @param records the graph with the records of its weights
 * @param bits    layers whose weights have so many are rounded so
 */
export function withLearnedRounding(
  heap: Heap,
  records: Graph,
  { rounding, bits, data, seed }: { rounding: Rounding; bits: readonly number[]; data: Dataset; seed: number },
): Graph {
  if (rounding === 'nearest') return records;
  const float = withoutRecords(records);
  const isRounded = (w: number) => bits.includes(records.tensors[w].quant?.bits ?? 0);
  const layers = new Map(consumersOf(float).map((c) => [float.nodes.indexOf(c.node), c]));
  const places = float.nodes.flatMap((node, place) => {
    const layer = layerOf(node);
    return layer && isRounded(layer.weights) && (layers.has(place) || node.op === 'depthwiseConv2d') ? [place] : [];
  });
  if (!places.length) return records;
  const wanted = new Set(places);
  const walked = sideBySide(heap, float, float, places[places.length - 1], data, seed, (place, current, was, now) => {
    if (!wanted.has(place)) return current;
    const { x, weights, bias } = layerOf(float.nodes[place])!;
    const input = records.tensors[x].quant?.scales[0] ?? 1;
    const record = { weights: records.tensors[weights], bias, input, rounding };
    const consumer = layers.get(place);
    const changed = consumer
      ? mixing(heap, float, current, consumer, record, was.of(x), now.of(x), seed)
      : depthwise(heap, current, place, record, was.of(x), now.of(x), seed);
    return withTensors(current, new Map(changed));
  });
  const rounded = places.flatMap((place) => {
    const { weights, bias } = layerOf(float.nodes[place])!;
    return bias >= 0 ? [weights, bias] : [weights];
  });
  return withTensors(
    records,
    new Map(
      rounded.map((t) => {
        const [from, data] = [records.tensors[t].data as Float32Array, walked.tensors[t].data as Float32Array];
        if (data !== from) originals.set(data, from);
        return [t, { ...records.tensors[t], data }];
      }),
    ),
  );
}

/**
 * The weights and the bias of one layer rounded to `bits` bits by what it answers, all else being as it is.
 *
 * @param h what the layer reads: its Gram matrix with a ridge
 */
export function roundedAlone(heap: Heap, graph: Graph, consumer: Consumer, h: Float64Array, bits: 4 | 8): [number, Tensor][] {
  const { weights: w, perChannel, axis } = layerOf(consumer.node)!;
  const quant = weightRecord(heap, graph.tensors[w], bits, perChannel ? axis : null, null, 1);
  const record: Record = { weights: { ...graph.tensors[w], quant }, bias: -1, input: 1, rounding: 'gptq' };
  const { columns } = consumer;
  const grid = gridOf(record, (row, column) => row * columns + column);
  const { rows } = rowsOf(graph, consumer);
  return tensorsOf(graph, consumer, rounded(heap, { h, n: widthOf(consumer), target: rows, columns }, grid, 'gptq'));
}

/** What weights and biases were before they were rounded. */
const originals = new WeakMap<Float32Array, Float32Array>();

/** A graph with the weights and biases that it had before `withLearnedRounding`, as far as they are the same since. */
export function beforeRounding(graph: Graph): Graph {
  const changed = graph.tensors.flatMap((t, i): [number, Tensor][] => {
    const data = t.data instanceof Float32Array ? originals.get(t.data) : undefined;
    return data ? [[i, { ...t, data }]] : [];
  });
  return withTensors(graph, new Map(changed));
}

interface Record {
  /** With its record. */
  readonly weights: Tensor;
  readonly bias: number;
  /** Scale of the input. */
  readonly input: number;
  readonly rounding: Rounding;
}

/** Tensors of a layer that mixes channels. */
function mixing(
  heap: Heap,
  before: Graph,
  current: Graph,
  consumer: Consumer,
  record: Record,
  was: readonly Carried[],
  now: readonly Carried[],
  seed: number,
): [number, Tensor][] {
  const kept = Array.from({ length: record.weights.shape[0] }, (_, o) => o);
  const layer: CutLayer = { original: consumer, consumer, kept };
  const means = meansAround(heap, before, layer, was, now, seed);
  const target = fitted(heap, current, layer, means);
  const { columns } = consumer;
  const grid = gridOf(record, (row, column) => row * columns + column);
  const rows = rounded(heap, { h: ridged(means.gram, consumer), n: widthOf(consumer), target, columns }, grid, record.rounding);
  const found = tensorsOf(current, consumer, rows);
  return fits(found, record) ? found : [];
}

/** Values that a weight may have: whole steps of its scale, and 0 where a mask says so. */
interface Grid {
  readonly step: (row: number) => number;
  readonly low: number;
  readonly high: number;
  readonly isFixed: (row: number, column: number) => boolean;
}

function gridOf({ weights: { quant, mask } }: Record, place: (row: number, column: number) => number): Grid {
  const [low, high] = weightRange(quant!.bits as 4 | 8);
  const { scales } = quant!;
  return {
    step: (row) => scales[row % scales.length],
    low,
    high,
    isFixed: (row, column) => mask !== undefined && mask[place(row, column)] === 0,
  };
}

interface Problem {
  readonly h: Float64Array;
  readonly n: number;
  readonly target: Float64Array;
  readonly columns: number;
}

function rounded(heap: Heap, problem: Problem, grid: Grid, rounding: Rounding, first = 0): Float64Array {
  const { step, low, high, isFixed } = grid;
  const allow = (row: number, column: number, value: number) => {
    const s = step(first + row);
    return isFixed(first + row, column) ? 0 : s * Math.max(low, Math.min(high, Math.round(value / s)));
  };
  const rows = settled(heap, { ...problem, allow });
  return rounding === 'learned' ? descended(rows, problem, grid, first) : rows;
}

/** Single weights move by a step while that lowers (W - T) H (W - T)', the bias always being the best for them. */
function descended(
  rows: Float64Array,
  { h, n, target, columns }: Problem,
  { step, low, high, isFixed }: Grid,
  first: number,
): Float64Array {
  const c = withoutBias(h, n, columns);
  const found = rows.slice();
  const off = new Float64Array(columns);
  const pull = new Float64Array(columns);
  for (let row = 0; row * n < rows.length; row++) {
    const s = step(first + row);
    for (let i = 0; i < columns; i++) off[i] = found[row * n + i] - target[row * n + i];
    for (let i = 0; i < columns; i++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += c[i * columns + k] * off[k];
      pull[i] = sum;
    }
    for (let sweep = 0, moved = true; moved && sweep < SWEEPS; sweep++) {
      moved = false;
      for (let i = 0; i < columns; i++) {
        const by = pull[i] > 0 ? -s : s;
        const q = Math.round((found[row * n + i] + by) / s);
        if (s * c[i * columns + i] >= 2 * Math.abs(pull[i]) * (1 - 1e-9) || q < low || q > high || isFixed(first + row, i))
          continue;
        found[row * n + i] = s * q;
        for (let k = 0; k < columns; k++) pull[k] += by * c[i * columns + k];
        moved = true;
      }
    }
    if (columns === n) continue;
    let shift = 0;
    for (let i = 0; i < columns; i++) shift += h[columns * n + i] * (found[row * n + i] - target[row * n + i]);
    found[row * n + columns] = target[row * n + columns] - shift / h[columns * n + columns];
  }
  return found;
}

/** What is left of H for the weights where the bias takes over all that it can. */
function withoutBias(h: Float64Array, n: number, columns: number): Float64Array {
  const c = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let k = 0; k < columns; k++) {
      const shared = columns < n ? (h[i * n + columns] * h[k * n + columns]) / h[columns * n + columns] : 0;
      c[i * columns + k] = h[i * n + k] - shared;
    }
  }
  return c;
}

/** Whether the new bias fits 32 bits beside the scales. */
function fits(changed: readonly [number, Tensor][], { weights: { quant }, bias, input }: Record): boolean {
  const tensor = changed.find(([t]) => t === bias)?.[1] ?? null;
  const least = leastWeightScale(tensor, input, quant!.axis !== null);
  return quant!.scales.every((s, c) => s >= least(c));
}

/** Tensors of a depthwise layer: each channel is a small problem of its own. */
function depthwise(
  heap: Heap,
  current: Graph,
  place: number,
  record: Record,
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
    let trace = 0;
    for (let k = 0; k < columns; k++) trace += h[k * n + k];
    const ridge = (1e-3 * trace) / columns + 1e-12;
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
