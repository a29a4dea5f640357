import { CompressError } from './errors.ts';
import { importTflite } from './formats/tflite/index.ts';
import { type Graph, isInteger } from './graph/graph.ts';
import { toInteger } from './run/integer.ts';
import { foldActivations } from './simplify/activation.ts';
import { foldNorms } from './simplify/norm.ts';
import type { Model, QuantizeOptions } from './stage.ts';

/**
 * Reads a trained network: a `.tflite` file, float, hybrid or full-integer (whose integers are kept exactly).
 *
 * Batch, height, width, channels stand in this order (NHWC) in every tensor of it.
 *
 * @throws CompressError `bad-file` for bytes that are no whole `.tflite` file, `unsupported` naming the first operator or type that is not known
 */
export function loadModel(bytes: Uint8Array): Model {
  if (bytes.length === 0) throw new CompressError('bad-file', 'the model file is empty', 'give a complete .tflite file');
  return modelOf(importTflite(bytes));
}

/** A model of a graph that was read from a file; an integer one keeps its scheme through later stages. */
export function modelOf(graph: Graph): Model {
  const scheme = schemeOf(graph);
  return { graph, facts: scheme ? { quantize: scheme } : {} };
}

export const isIntegerGraph = (graph: Graph): boolean =>
  graph.nodes.some((n) => n.outputs.some((t) => isInteger(graph.tensors[t].dtype) && graph.tensors[t].quant !== null));

function schemeOf(graph: Graph): QuantizeOptions | null {
  if (!isIntegerGraph(graph)) return null;
  const layerBits = Object.fromEntries(
    graph.nodes.flatMap(({ name, inputs }) => (graph.tensors[inputs[1]]?.dtype === 'i4' ? [[name, 4 as const]] : [])),
  );
  const activations16 = graph.tensors.some((t) => t.dtype === 'i16' && !t.data);
  return { weightBits: 8, layerBits, activationBits: activations16 ? 16 : 8, calibrator: 'mse', examples: 512 };
}

/** The graph as a file holds it: batch normalization folded, integers where the model is quantized. */
export function asStored({ graph, facts }: Model): Graph {
  if (isIntegerGraph(graph)) return graph;
  const folded = foldActivations(foldNorms(graph));
  return facts.quantize ? toInteger(folded) : folded;
}
