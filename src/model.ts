import { CompressError } from './errors.ts';
import { type FileModel, type ReadOptions, readFile } from './formats/index.ts';
import { type Graph, isInteger } from './graph/graph.ts';
import { QUANTIZE_DEFAULTS } from './quant/defaults.ts';
import { integersOf, isQuantized } from './quant/imported.ts';
import { edgesFor, type IoType, withEdges, withoutEdges } from './run/edges.ts';
import { withFlattens, withoutFlattens } from './run/flattens.ts';
import { toInteger } from './run/integer.ts';
import { layerOf } from './run/layers.ts';
import { foldActivations } from './simplify/activation.ts';
import { foldNorms } from './simplify/norm.ts';
import type { Model, QuantizeOptions } from './stage.ts';

/**
 * Reads a trained network from a file of any known format (`.tflite`: float, hybrid or full-integer, whose integers are kept exactly).
 * Await it: reading may load what the format needs.
 *
 * Batch, height, width, channels are in this order (NHWC) in every tensor of it.
 *
 * @throws CompressError `bad-file` for bytes that are no whole model file, `unsupported` naming the first operator or type that is not known,
 *   or what the file is instead
 */
export function loadModel(file: Uint8Array | ArrayBuffer, options: ReadOptions = {}): Model | Promise<Model> {
  const bytes = file instanceof ArrayBuffer ? new Uint8Array(file) : file;
  if (!(bytes instanceof Uint8Array)) {
    const fix = 'give the content of a model file: a Uint8Array or an ArrayBuffer';
    throw new CompressError('bad-option', 'loadModel is given no bytes', fix);
  }
  const found = readFile(bytes, options);
  return found instanceof Promise ? found.then(modelOf) : modelOf(found);
}

/** A model that was read from a file; an integer one keeps its scheme through later stages. */
function modelOf(file: FileModel): Model {
  const read = isQuantized(file.graph) ? integersOf(file.graph) : file.graph;
  const inside = withoutEdges(read);
  const graph = withFlattens(inside?.graph ?? read);
  const scheme = schemeOf(graph);
  const facts = {
    ...(scheme && { quantize: scheme }),
    ...(inside && { edges: inside.edges }),
    ...(file.notes.length && { notes: file.notes }),
  };
  return { graph, facts };
}

export const isIntegerGraph = (graph: Graph): boolean =>
  graph.nodes.some((n) => n.outputs.some((t) => isInteger(graph.tensors[t].dtype) && graph.tensors[t].quant !== null));

function schemeOf(graph: Graph): QuantizeOptions | null {
  if (!isIntegerGraph(graph)) return null;
  const layerBits = Object.fromEntries(
    graph.nodes.flatMap((node) => (graph.tensors[layerOf(node)?.weights ?? -1]?.dtype === 'i4' ? [[node.name, 4 as const]] : [])),
  );
  return { ...QUANTIZE_DEFAULTS, layerBits, ...activationBitsOf(graph) };
}

/** Of a graph with layers of both widths: 8, and the layers of 16. */
function activationBitsOf({ nodes, tensors }: Graph): Partial<QuantizeOptions> {
  const made = nodes.filter((n) => n.op !== 'quantize' && tensors[n.outputs[0]].quant);
  const wide = made.filter((n) => tensors[n.outputs[0]].dtype === 'i16');
  const isMixed = wide.length > 0 && made.some((n) => tensors[n.outputs[0]].dtype === 'i8');
  if (!isMixed)
    return { activationBits: wide.length || tensors.some((t) => t.dtype === 'i16' && !t.data && !t.variable) ? 16 : 8 };
  return { layerActivationBits: Object.fromEntries(wide.filter(layerOf).map((n) => [n.name, 16 as const])) };
}

/**
 * The graph as a file holds it: batch normalization folded, integers where the model is quantized, with the types of its inputs and outputs.
 *
 * @param io another type for them than the model came with
 * @throws CompressError `bad-option` for a type that its numbers cannot have
 */
export function asStored({ graph, facts }: Model, io?: IoType): Graph {
  return betweenEdges({ graph: storedInside(graph, facts), facts }, io);
}

/** The graph of a model, integers or floats with their records, with the conversions of its file or those that `io` asks for. */
export function betweenEdges({ graph: given, facts }: Model, io?: IoType): Graph {
  const graph = withoutFlattens(given);
  const isQuantized = graph.inputs.some((t) => graph.tensors[t].quant);
  const type = io ?? (isQuantized ? facts.io : undefined);
  const edges = type ? edgesFor(graph, type) : facts.edges;
  return edges ? withEdges(graph, edges) : graph;
}

function storedInside(graph: Graph, facts: Model['facts']): Graph {
  if (isIntegerGraph(graph)) return graph;
  const folded = foldActivations(foldNorms(graph));
  return facts.quantize ? toInteger(folded) : folded;
}
