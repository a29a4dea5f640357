/** Rounding of weights by what a layer answers, not by each weight alone. */
import type { Dataset } from '../data/index.ts';
import { type Graph, type Tensor, withTensors } from '../graph/graph.ts';
import { type Consumer, consumersOf, rowsOf, tensorsOf, widthOf } from '../prune/consumers.ts';
import { type CutLayer, fitted, meansAround, sideBySide } from '../prune/refit.ts';
import { ridged } from '../prune/ridge.ts';
import type { Carried } from '../run/carry.ts';
import { layerOf } from '../run/layers.ts';
import { withoutRecords } from '../train/fake.ts';
import type { Heap } from '../wasm/heap.ts';
import { depthwise } from './depthwise.ts';
import { fits, gridOf, type RoundedLayer, type Rounding, rounded } from './grid.ts';
import { weightRecord } from './weights.ts';

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
  const changed = places.flatMap((place) => {
    const { weights, bias } = layerOf(float.nodes[place])!;
    return bias >= 0 ? [weights, bias] : [weights];
  });
  return withTensors(records, new Map(changed.map((t) => [t, { ...records.tensors[t], data: walked.tensors[t].data }])));
}

/**
 * The weights and the bias of one layer rounded to `bits` bits by what it answers, all else being as it is.
 *
 * @param h what the layer reads: its Gram matrix with a ridge
 */
export function roundedAlone(heap: Heap, graph: Graph, consumer: Consumer, h: Float64Array, bits: 4 | 8): [number, Tensor][] {
  const { weights: w, perChannel, axis } = layerOf(consumer.node)!;
  const quant = weightRecord(heap, graph.tensors[w], bits, perChannel ? axis : null, null, 1);
  const record: RoundedLayer = { weights: { ...graph.tensors[w], quant }, bias: -1, input: 1, rounding: 'gptq' };
  const { columns } = consumer;
  const grid = gridOf(record, (row, column) => row * columns + column);
  const { rows } = rowsOf(graph, consumer);
  return tensorsOf(graph, consumer, rounded(heap, { h, n: widthOf(consumer), target: rows, columns }, grid, 'gptq'));
}

/** Tensors of a layer that mixes channels. */
function mixing(
  heap: Heap,
  before: Graph,
  current: Graph,
  consumer: Consumer,
  record: RoundedLayer,
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
