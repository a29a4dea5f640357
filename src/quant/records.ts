import { type Graph, type Node, type Quantization, type Tensor, withTensors } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { asRounded, realNumbers } from '../run/integer.ts';
import { type LayerTensors, layerOf } from '../run/layers.ts';
import { sharedScales } from '../run/shared_scales.ts';
import type { QuantizeOptions } from '../stage.ts';
import type { Heap } from '../wasm/heap.ts';
import { CALIBRATORS } from './calibrators.ts';
import { errorBy, type Histogram, type Range, recordOf } from './range.ts';
import { parametersOfRecurrent, recurrentTensors } from './recurrent.ts';
import { constantRange, weightRecord } from './weights.ts';
import { bitsOf } from './widths.ts';

/** A float graph with a quantization record on every tensor that computes; ranges of activations come from their histograms. */
export function withRecords(
  heap: Heap,
  graph: Graph,
  histograms: ReadonlyMap<number, Histogram>,
  options: QuantizeOptions,
  scaled: typeof weightRecord = weightRecord,
): Graph {
  const records = activationRecords(graph, histograms, options);
  const changes = new Map<number, Tensor>();
  for (const [t, quant] of records) changes.set(t, { ...graph.tensors[t], quant });
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    if (!layer || !graph.tensors[layer.weights].data) continue;
    const { x, weights: w, bias } = layer;
    const weights = graph.tensors[w];
    const bits = options.layerBits[node.name] ?? options.weightBits;
    const axis = options.weightScheme === 'tensor' ? null : scaleAxis(layer);
    const record = scaled(heap, weights, bits, axis, graph.tensors[bias] ?? null, records.get(x)!.scales[0]);
    changes.set(w, { ...weights, quant: record });
    if (bias >= 0) changes.set(bias, { ...graph.tensors[bias], quant: null });
  }
  for (const [t, tensor] of recurrentTensors(heap, graph, records, histograms, scaled)) changes.set(t, tensor);
  return withTensors(graph, changes);
}

/** A float graph with the weights of one layer rounded to `bits` bits. */
export function withRoundedWeights(heap: Heap, graph: Graph, node: Node, bits: 4 | 8): Graph {
  const layer = layerOf(node)!;
  const weights = graph.tensors[layer.weights];
  const quant = weightRecord(heap, weights, bits, scaleAxis(layer), null, 1);
  return withTensors(graph, new Map([[layer.weights, { ...weights, data: asRounded({ ...weights, quant }) }]]));
}

/** Along which axis weights have scales. */
const scaleAxis = ({ perChannel, axis }: LayerTensors): number | null => (perChannel ? axis : null);

function activationRecords(
  graph: Graph,
  histograms: ReadonlyMap<number, Histogram>,
  o: QuantizeOptions,
): Map<number, Quantization> {
  const root = sharedScales(graph);
  const calibrator = CALIBRATORS.get(o.calibrator);
  const ranges = new Map<number, Range>();
  const fixed = new Map<number, Range>();
  const widen = (t: number, [low, high]: Range) => {
    const known = ranges.get(root[t]);
    ranges.set(root[t], known ? [Math.min(known[0], low), Math.max(known[1], high)] : [low, high]);
  };
  const real = realNumbers(graph);
  const own = parametersOfRecurrent(graph);
  const widths = bitsOf(graph, o);
  const bits = (t: number) => widths.get(t) ?? o.activationBits;
  for (const [t, histogram] of histograms) if (!real.has(t)) widen(t, calibrator(histogram, bits(t)));
  for (const node of graph.nodes) {
    if (real.has(node.outputs[0])) continue;
    const { outputRange } = rowOf(node.op);
    const layer = layerOf(node);
    if (typeof outputRange !== 'string') fixed.set(root[node.outputs[0]], outputRange);
    for (const t of node.inputs) {
      const isOwn = own.has(t) || (layer && (t === layer.weights || t === layer.bias));
      if (t >= 0 && !isOwn && graph.tensors[t].data instanceof Float32Array) widen(t, constantRange(graph.tensors[t]));
    }
  }
  const symmetric = symmetricGroups(histograms, root, ranges, bits, o.activationScheme);
  const records = new Map<number, Quantization>();
  for (let t = 0; t < root.length; t++) {
    const range = ranges.get(root[t]);
    const isFixed = fixed.get(root[t]);
    if (real.has(t)) continue;
    const computes = histograms.has(t) || (ranges.has(root[t]) && root[t] === t) || isShared(graph, t, root, ranges);
    if (!computes || !range) continue;
    records.set(t, isFixed ? fixedRecord(isFixed, bits(t)) : recordOf(range, bits(t), symmetric(root[t], bits(t))));
  }
  return records;
}

/** A scheme that costs a value more than that part is the worse one; else symmetric, whose zero point is 0, is as good. */
const AS_GOOD = 1.01;

/** Whether a group of tensors that share a scale has its zero point at 0: as asked for, or where that errs no more on their histograms. */
function symmetricGroups(
  histograms: ReadonlyMap<number, Histogram>,
  root: Int32Array,
  ranges: ReadonlyMap<number, Range>,
  bits: (t: number) => 8 | 16,
  scheme: QuantizeOptions['activationScheme'],
): (group: number, bits: 8 | 16) => boolean {
  if (scheme !== 'auto') return (_, b) => b === 16 || scheme === 'symmetric';
  const errors = new Map<number, [symmetric: number, asymmetric: number]>();
  for (const [t, histogram] of histograms) {
    const range = ranges.get(root[t]);
    if (!range) continue;
    const sums = errors.get(root[t]) ?? [0, 0];
    for (const [i, isSymmetric] of [true, false].entries())
      sums[i] += errorBy(histogram, recordOf(range, bits(t), isSymmetric)).error;
    errors.set(root[t], sums);
  }
  return (group, b) => {
    const [symmetric, asymmetric] = errors.get(group) ?? [1, 0];
    return b === 16 || symmetric <= AS_GOOD * asymmetric;
  };
}

/** A constant, or state that is kept, with the scale of what is computed. */
const isShared = ({ tensors }: Graph, t: number, root: Int32Array, ranges: ReadonlyMap<number, Range>) =>
  (tensors[t].data instanceof Float32Array || tensors[t].variable) && root[t] !== t && ranges.has(root[t]);

/** A whole range of integers over the real values low..high: softmax [0, 1) is scale 1/256, zero -128; 16 bits are symmetric. */
function fixedRecord([low, high]: Range, bits: 8 | 16): Quantization {
  if (bits === 16) return { bits, scales: [high / 32768], zeros: [0], axis: null };
  const scale = (high - low) / 256;
  return { bits, scales: [scale], zeros: [-128 - low / scale], axis: null };
}
