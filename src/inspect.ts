import { bytesOf, type Graph, type Node, type Signature, sizeOf, type Tensor } from './graph/graph.ts';
import { asStored, isIntegerGraph } from './model.ts';
import { macsOf } from './run/cost.ts';
import type { Model } from './stage.ts';

export interface LayerFacts {
  readonly name: string;
  readonly op: string;
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** Of the output. */
  readonly dtype: string;
  readonly macs: number;
  /** Numbers in weights and biases. */
  readonly parameters: number;
  /** Of its weights and biases as a file holds them. */
  readonly bytes: number;
}

export interface TensorFacts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** real = scale * (q - zero); null for floats. */
  readonly scale: number | null;
  readonly zero: number | null;
}

export interface Inspection {
  readonly arithmetic: 'int8' | 'int16' | 'float';
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly layers: readonly LayerFacts[];
  readonly macs: number;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly file: FileFacts;
}

/** What the model's file says beside the network. */
export interface FileFacts {
  readonly description: string;
  /** By key: names of inputs and outputs. */
  readonly signatures: Readonly<Record<string, { readonly inputs: readonly string[]; readonly outputs: readonly string[] }>>;
  /** Names. */
  readonly metadata: readonly string[];
  readonly files: readonly string[];
  /** What of the file is not used. */
  readonly notes: readonly string[];
}

/**
 * Layers, shapes, types, MACs, parameters and bytes of a model as a file holds it: batch normalization folded, integers where it is
 * quantized. Shapes have the batch (1) in front, activations are NHWC.
 */
export function inspect(model: Model): Inspection {
  const graph = asStored(model);
  const { tensors } = graph;
  const layers = graph.nodes.map((node) => layerFacts(graph, node));
  const sum = (of: (l: LayerFacts) => number) => layers.reduce((n, l) => n + of(l), 0);
  const wide = tensors.some((t) => t.dtype === 'i16' && !t.data);
  return {
    arithmetic: isIntegerGraph(graph) ? (wide ? 'int16' : 'int8') : 'float',
    inputs: graph.inputs.map((t) => tensorFacts(tensors[t])),
    outputs: graph.outputs.map((t) => tensorFacts(tensors[t])),
    layers,
    macs: sum((l) => l.macs),
    parameters: sum((l) => l.parameters),
    weightBytes: sum((l) => l.bytes),
    file: fileFacts(model),
  };
}

function fileFacts({ graph: { attachments }, facts: { notes = [] } }: Model): FileFacts {
  const { description = '', signatures = [], metadata = [], files = {} } = attachments ?? {};
  const names = (list: Signature['inputs']) => list.map(([name]) => name);
  return {
    description,
    signatures: Object.fromEntries(signatures.map((s) => [s.key, { inputs: names(s.inputs), outputs: names(s.outputs) }])),
    metadata: metadata.map((m) => m.name),
    files: Object.keys(files),
    notes,
  };
}

function layerFacts(graph: Graph, node: Node): LayerFacts {
  const { tensors } = graph;
  const constants = node.inputs.filter((t) => t >= 0 && tensors[t].data).map((t) => tensors[t]);
  const output = tensors[node.outputs[0]];
  return {
    name: node.name,
    op: node.op,
    input: tensors[node.inputs[0]].shape,
    output: output.shape,
    dtype: output.dtype,
    macs: macsOf(graph, node),
    parameters: constants.reduce((n, t) => n + sizeOf(t.shape), 0),
    bytes: constants.reduce((n, t) => n + bytesOf(t.dtype, sizeOf(t.shape)), 0),
  };
}

const tensorFacts = ({ name, shape, dtype, quant }: Tensor): TensorFacts => ({
  name,
  shape,
  dtype,
  scale: quant?.scales[0] ?? null,
  zero: quant?.zeros[0] ?? null,
});
