import { bytesOf, sizeOf } from './graph/graph.ts';
import { asStored, isIntegerGraph } from './model.ts';
import { rowOf } from './ops/index.ts';
import type { Model } from './stage.ts';

export interface LayerFacts {
  readonly name: string;
  readonly op: string;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly dtype: string;
  readonly macs: number;
  /** Numbers in weights and biases. */
  readonly parameters: number;
  readonly bytes: number;
}

export interface TensorFacts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
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
}

/** Layers, shapes, types, MACs, parameters and bytes of a model. */
export function inspect(model: Model): Inspection {
  const graph = asStored(model);
  const { tensors } = graph;
  const layers = graph.nodes.map((node): LayerFacts => {
    const constants = node.inputs.filter((t) => t >= 0 && tensors[t].data);
    const shapes = (list: readonly number[]) => list.map((t) => (t < 0 ? null : tensors[t].shape));
    const dtypes = (list: readonly number[]) => list.map((t) => (t < 0 ? null : tensors[t].dtype));
    const { macs } = rowOf(node.op).cost({
      x: shapes(node.inputs),
      y: node.outputs.map((t) => tensors[t].shape),
      dtypes: { x: dtypes(node.inputs), y: node.outputs.map((t) => tensors[t].dtype) },
      attrs: node.attrs,
      core: { kind: 'dsp' },
    });
    return {
      name: node.name,
      op: node.op,
      input: tensors[node.inputs[0]].shape,
      output: tensors[node.outputs[0]].shape,
      dtype: tensors[node.outputs[0]].dtype,
      macs,
      parameters: constants.reduce((n, t) => n + sizeOf(tensors[t].shape), 0),
      bytes: constants.reduce((n, t) => n + bytesOf(tensors[t].dtype, sizeOf(tensors[t].shape)), 0),
    };
  });
  const sum = (of: (l: LayerFacts) => number) => layers.reduce((n, l) => n + of(l), 0);
  const facts = (t: number): TensorFacts => {
    const { name, shape, dtype, quant } = tensors[t];
    return { name, shape, dtype, scale: quant?.scales[0] ?? null, zero: quant?.zeros[0] ?? null };
  };
  const wide = tensors.some((t) => t.dtype === 'i16' && !t.data);
  return {
    arithmetic: isIntegerGraph(graph) ? (wide ? 'int16' : 'int8') : 'float',
    inputs: graph.inputs.map(facts),
    outputs: graph.outputs.map(facts),
    layers,
    macs: sum((l) => l.macs),
    parameters: sum((l) => l.parameters),
    weightBytes: sum((l) => l.bytes),
  };
}
