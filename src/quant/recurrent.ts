/** Records of operators with several weights and state (LSTM, SVDF), by TFLite's quantization specification. */
import type { Graph, Node, Quantization, Tensor } from '../graph/graph.ts';
import { type Recurrent, rowOf } from '../ops/index.ts';
import type { Program } from '../run/compile.ts';
import type { Heap, HeapTensor } from '../wasm/heap.ts';
import { type Histogram, recordOf } from './range.ts';
import { constantRange, type weightRecord } from './weights.ts';

interface Found {
  readonly node: Node;
  readonly recurrent: Recurrent;
  /** Its own state. */
  readonly state: number;
}

/** The recurrent operators of a float graph that have state. */
function recurrentIn({ nodes, tensors }: Graph): Found[] {
  return nodes.flatMap((node) => {
    const { recurrent } = rowOf(node.op);
    const state = recurrent ? (node.inputs[recurrent.own.place] ?? -1) : -1;
    return recurrent && state >= 0 && tensors[state].dtype === 'f32' ? [{ node, recurrent, state }] : [];
  });
}

/** State with a scale of its own, which is measured. */
export const ownStates = (graph: Graph): number[] => recurrentIn(graph).map((f) => f.state);

/** Where a program has the values of each: of a sequence those behind every step. */
export function placesOfStates({ graph, steps, operands }: Program): Map<number, HeapTensor> {
  const saved = new Map(steps.map((s) => [s.node, s.saved]));
  return new Map(
    recurrentIn(graph).map(({ node, recurrent, state }) => [
      state,
      recurrent.isSequence ? saved.get(node)!.at(-1)! : operands[state],
    ]),
  );
}

/** Operands of recurrent operators that are no activations. */
export function parametersOfRecurrent(graph: Graph): Set<number> {
  return new Set(
    recurrentIn(graph).flatMap(({ node, recurrent: { weights } }) =>
      weights.flatMap((w) => [node.inputs[w.weights], w.bias === null ? -1 : (node.inputs[w.bias] ?? -1)]),
    ),
  );
}

/** Their weights, biases and states with records. @param records of activations */
export function recurrentTensors(
  heap: Heap,
  graph: Graph,
  records: ReadonlyMap<number, Quantization>,
  histograms: ReadonlyMap<number, Histogram>,
  scaled: typeof weightRecord,
): Map<number, Tensor> {
  const changes = new Map<number, Tensor>();
  const set = (t: number, quant: Quantization | null) => void changes.set(t, { ...graph.tensors[t], quant });
  for (const { node, recurrent, state } of recurrentIn(graph)) {
    const { inputs, outputs } = node;
    const { own, output, weights, wide } = recurrent;
    const quant = stateRecord(graph.tensors[state], histograms.get(state)!, own.power);
    const scaleOf = (place: number) =>
      place === own.place ? quant : records.get(place === output ? outputs[0] : inputs[place])!;
    set(state, quant);
    if (output !== null) set(inputs[output], records.get(outputs[0])!);
    for (const { weights: place, bias, of } of weights) {
      const b = bias === null ? -1 : (inputs[bias] ?? -1);
      const tensor = graph.tensors[inputs[place]];
      const isWide = wide.includes(place) && quant.bits === 16;
      set(
        inputs[place],
        isWide
          ? recordOf(constantRange(tensor), 16)
          : scaled(heap, tensor, 8, null, graph.tensors[b] ?? null, scaleOf(of).scales[0]),
      );
      if (b >= 0) set(b, null);
    }
  }
  return changes;
}

/**
 * 16 bits, or as many as it had. What calls before leave cannot be seen from examples of one call: a state keeps the range that its file has,
 * unless it is seen to go beyond.
 */
function stateRecord({ quant }: Tensor, { low, high }: Histogram, power: boolean): Quantization {
  if (!power) {
    const bits = (quant?.bits ?? 16) as 8 | 16;
    const isWithin = quant && Math.max(-low, high) <= quant.scales[0] * 2 ** (bits - 1);
    return isWithin ? quant : recordOf([low, high], bits, true);
  }
  let top = quant ? 32768 * quant.scales[0] : 2 ** -14;
  while (top < Math.max(-low, high)) top *= 2;
  return { bits: 16, scales: [top / 32768], zeros: [0], axis: null };
}
