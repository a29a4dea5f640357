import type { Dataset } from '../data/index.ts';
import { type Graph, type Node, withTensors } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { realNumbers, toFloat, toInteger } from '../run/integer.ts';
import { layerOf } from '../run/layers.ts';
import { withLogits } from '../run/logits.ts';
import type { Explanation, LayerLoss } from '../run/losses.ts';
import { drawExamples, type Examples, visitBatches } from '../run/observe.ts';
import { foldActivations } from '../simplify/activation.ts';
import { foldNorms } from '../simplify/norm.ts';
import { withFakeQuantization, withoutRecords } from '../train/fake.ts';
import type { Heap } from '../wasm/heap.ts';
import { activationCause, weightCause } from './causes.ts';
import { answersOf, asRun, outputError, realsOf } from './output_error.ts';

/** Examples that are run: each tensor of each is kept. */
const EXAMPLES = 32;
/** A layer that alone disturbs answers by less, or by less than this part of all layers, is no cause. */
const [NEGLIGIBLE, PART] = [1e-4, 0.1];

/**
 * What each layer of a quantized network loses by rounding, measured against the same network in floats on examples of the train part, and why.
 *
 * @param given     a graph of integers, or of floats with records
 * @param unrounded the same with the weights that it had before they were rounded
 */
export function explainQuantization(heap: Heap, given: Graph, data: Dataset, seed: number, unrounded = given): Explanation {
  const [records, before] = [given, unrounded].map((graph) => asRun(foldActivations(foldNorms(toFloat(graph)))));
  const examples = drawExamples(data, EXAMPLES, seed, 'calibrate');
  const count = examples.order.length;
  const floats = withoutRecords(before);
  const should = answersOf(heap, floats, examples);
  const integers = toInteger(records);
  const values = [floats, integers].map((graph) => valuesOf(heap, graph, roundedTensors(records), examples));
  const error = (graph: Graph) => outputError(answersOf(heap, graph, examples), should, count);
  const alone = (t: number) =>
    error(withFakeQuantization(onlyRecordOf(withLogits(records), withLogits(floats), t), 'fixed').graph);
  const layers = roundedTensors(records).map((t): LayerLoss => {
    const node = records.nodes.find((n) => n.outputs.includes(t));
    const weights = weightsOf(records, node);
    const [real, rounded] = values.map((all) => all.get(t)!);
    const [outputAlone, weightsAlone] = [alone(t), weights === null ? null : alone(weights)];
    const isWeights = weightsAlone !== null && weightsAlone > outputAlone;
    const cause = isWeights
      ? weightCause(records, node!, weights!, values[0].get(layerOf(node!)!.x))
      : activationCause(records.tensors[t], real, records.inputs.includes(t));
    return {
      name: node?.name ?? records.tensors[t].name,
      op: node?.op ?? 'input',
      bits: records.tensors[t].quant!.bits,
      ...distance(real, rounded),
      ...{ outputAlone, weightsAlone, cause: Math.max(outputAlone, weightsAlone ?? 0) > NEGLIGIBLE ? cause : null },
    };
  });
  return { outputError: error(integers), examples: count, layers, causes: worst(layers) };
}

function worst(layers: readonly LayerLoss[]): Explanation['causes'] {
  const aloneOf = (l: LayerLoss) => Math.max(l.outputAlone, l.weightsAlone ?? 0);
  const all = layers.reduce((s, l) => s + aloneOf(l), 0);
  return layers
    .flatMap((l) => (l.cause && aloneOf(l) > PART * all ? [{ ...l.cause, layer: l.name, alone: aloneOf(l) }] : []))
    .sort((a, b) => b.alone - a.alone)
    .slice(0, 3);
}

/** Inputs and outputs of layers that become integers, in order; what is only another shape of one is left out. */
function roundedTensors(records: Graph): number[] {
  const real = realNumbers(records);
  const made = records.nodes.flatMap((n) => (rowOf(n.op).memory === 'view' ? [] : n.outputs));
  const reached = new Set(withLogits(records).nodes.flatMap((n) => n.outputs));
  const isRounded = (t: number) => records.tensors[t].quant !== null && records.tensors[t].dtype === 'f32' && !real.has(t);
  return [...records.inputs, ...made.filter((t) => reached.has(t))].filter(isRounded);
}

function weightsOf({ tensors }: Graph, node: Node | undefined): number | null {
  const layer = node && layerOf(node);
  return layer && tensors[layer.weights].data && tensors[layer.weights].quant ? layer.weights : null;
}

function onlyRecordOf(records: Graph, floats: Graph, t: number): Graph {
  return withTensors(floats, new Map([[t, records.tensors[t]]]));
}

function valuesOf(heap: Heap, graph: Graph, tensors: readonly number[], examples: Examples): Map<number, Float64Array> {
  const parts = new Map(tensors.map((t) => [t, [] as Float64Array[]]));
  visitBatches(heap, graph, examples, ({ operands }) => {
    for (const [t, list] of parts) list.push(realsOf(heap, operands[t]));
  });
  return new Map([...parts].map(([t, list]) => [t, joined(list)]));
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function distance(a: Float64Array, b: Float64Array): Pick<LayerLoss, 'error' | 'cosine' | 'largest'> {
  let [aa, bb, ab, dd, largest] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = a[i] - b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
    dd += d * d;
    largest = Math.max(largest, Math.abs(d));
  }
  const length = Math.sqrt(aa * bb);
  return {
    error: dd === 0 ? 0 : dd / Math.max(aa, Number.MIN_VALUE),
    cosine: length > 0 ? ab / length : dd === 0 ? 1 : 0,
    largest,
  };
}
