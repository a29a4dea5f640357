import { CompressError } from './errors.ts';
import { otherFormat } from './formats/recognize.ts';
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
 * @throws CompressError `bad-file` for bytes that are no whole `.tflite` file, `unsupported` naming the first operator or type that is not known,
 *   or another format
 */
export function loadModel(file: Uint8Array | ArrayBuffer): Model {
  const bytes = file instanceof ArrayBuffer ? new Uint8Array(file) : file;
  if (!(bytes instanceof Uint8Array)) {
    throw new CompressError(
      'bad-option',
      'loadModel is given no bytes',
      'give the content of a .tflite file: a Uint8Array or an ArrayBuffer',
    );
  }
  if (bytes.length === 0) throw new CompressError('bad-file', 'the model file is empty', 'give a complete .tflite file');
  const other = otherFormat(bytes);
  if (other) {
    const fix = 'convert the model with tf.lite.TFLiteConverter, or by way of TensorFlow';
    throw new CompressError('unsupported', `this looks like ${other}, and only .tflite files are read in this version`, fix);
  }
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
