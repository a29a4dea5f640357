import { Builder } from 'flatbuffers';
import { bytesOf, type DType, type Graph, type Signature, type Tensor, type Values } from '../../graph/graph.ts';
import { packInt4 } from '../../graph/int4.ts';
import { inferShapes, isBatchable } from '../../run/compile.ts';
import type { Written } from '../format.ts';
import { withFiles } from './archive.ts';
import { operatorsText, stillTrue } from './attachments.ts';
import { type FlatField, writeBytes, writeFloats, writeInts, writeLongs, writeOffsets, writeTable } from './flat_write.ts';
import { type FileGraph, type FileOperator, lower } from './lower.ts';
import {
  BUFFER,
  IDENTIFIER,
  METADATA,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  OPTIONS,
  PLACEHOLDER,
  QUANTIZATION,
  RESOURCE,
  SIGNATURE,
  SUBGRAPH,
  TENSOR,
  TENSOR_MAP,
  TYPES,
  VERSION,
} from './schema.ts';
import { isHandle } from './streams.ts';
import { operatorVersion } from './versions.ts';

/**
 * Writes a TensorFlow Lite file. The same graph gives the same bytes, and reading them gives the same graph.
 *
 * @throws CompressError `not-ready` for a graph with batch normalization, `unsupported` for padding TFLite cannot say
 */
export const exportTflite = (graph: Graph): Uint8Array => writeTflite(graph).bytes;

/** The same, with what of the model's own file is no longer true. */
export function writeTflite(graph: Graph): Written {
  const lowered = lower(graph);
  const builder = new Builder(1 << 16);
  const written: number[] = [writeTable(builder, {})];
  const buffers = writeBuffers(builder, lowered, written);
  const codes = new Map<string, number>();
  const operators = lowered.operators.map((o) => writeOperator(builder, o, codes, lowered));
  const { kept, notes } = stillTrue(
    graph,
    operatorsText(lowered.operators.map((o) => ({ code: o.code, version: versionOf(o, lowered) }))),
  );
  const shapes = kept?.anyBatch && isBatchable(graph) ? inferShapes(graph, 2) : [];
  const tensors = lowered.tensors.map((t, i) => writeTensor(builder, t, buffers.get(i) ?? 0, shapes[i] ?? t.shape));
  const subgraphs = [writeSubgraph(builder, graph.name, { operators, tensors, inputs: graph.inputs, outputs: lowered.outputs })];
  const { beginning } = lowered;
  if (beginning) {
    const own = writeBuffers(builder, beginning, written);
    const operators = beginning.operators.map((o) => writeOperator(builder, o, codes, beginning));
    const tensors = beginning.tensors.map((t, i) => writeTensor(builder, t, own.get(i) ?? 0, t.shape));
    subgraphs.push(writeSubgraph(builder, 'beginning', { operators, tensors, inputs: [], outputs: [] }));
  }
  const metadata = (kept?.metadata ?? []).map(({ name, bytes }) => {
    const buffer = written.push(writeTable(builder, { [BUFFER.data]: ['offset', writeBytes(builder, bytes)] })) - 1;
    return writeTable(builder, { [METADATA.name]: ['offset', builder.createString(name)], [METADATA.buffer]: ['i32', buffer] });
  });
  const signatures = (kept?.signatures ?? []).map((s) => writeSignature(builder, s, graph.inputs, lowered.outputs));
  const model = writeTable(builder, {
    [MODEL.metadata]: ['offset', metadata.length ? writeOffsets(builder, metadata) : 0],
    [MODEL.signatures]: ['offset', signatures.length ? writeOffsets(builder, signatures) : 0],
    [MODEL.version]: ['i32', VERSION],
    [MODEL.buffers]: ['offset', writeOffsets(builder, written)],
    [MODEL.description]: ['offset', builder.createString(kept?.description || 'Thumbnet')],
    [MODEL.subgraphs]: ['offset', writeOffsets(builder, subgraphs)],
    [MODEL.operatorCodes]: [
      'offset',
      writeOffsets(
        builder,
        [...codes.keys()].map((key) => writeCode(builder, key)),
      ),
    ],
  });
  builder.finish(model, IDENTIFIER);
  return { bytes: withFiles(builder.asUint8Array().slice(), kept?.files ?? {}), notes };
}

/** A buffer for each constant, behind those that are there. @returns their places by tensor */
function writeBuffers(builder: Builder, { tensors }: FileGraph, written: number[]): Map<number, number> {
  const places = new Map<number, number>();
  tensors.forEach((t, i) => {
    if (!t.data) return;
    places.set(i, written.push(writeTable(builder, { [BUFFER.data]: ['offset', writeBytes(builder, bytesFor(t))] })) - 1);
  });
  return places;
}

type Subgraph = Readonly<Record<'operators' | 'tensors' | 'inputs' | 'outputs', readonly number[]>>;

const writeSubgraph = (builder: Builder, name: string, { operators, tensors, inputs, outputs }: Subgraph): number =>
  writeTable(builder, {
    [SUBGRAPH.name]: ['offset', builder.createString(name)],
    [SUBGRAPH.operators]: ['offset', writeOffsets(builder, operators)],
    [SUBGRAPH.outputs]: ['offset', writeInts(builder, outputs)],
    [SUBGRAPH.inputs]: ['offset', writeInts(builder, inputs)],
    [SUBGRAPH.tensors]: ['offset', writeOffsets(builder, tensors)],
  });

function writeSignature(builder: Builder, signature: Signature, inputs: readonly number[], outputs: readonly number[]): number {
  const maps = (list: Signature['inputs'], tensors: readonly number[]) =>
    writeOffsets(
      builder,
      list.map(([name, place]) =>
        writeTable(builder, {
          [TENSOR_MAP.name]: ['offset', builder.createString(name)],
          [TENSOR_MAP.tensor]: ['i32', tensors[place]],
        }),
      ),
    );
  return writeTable(builder, {
    [SIGNATURE.inputs]: ['offset', maps(signature.inputs, inputs)],
    [SIGNATURE.outputs]: ['offset', maps(signature.outputs, outputs)],
    [SIGNATURE.key]: ['offset', builder.createString(signature.key)],
  });
}

function writeCode(builder: Builder, key: string): number {
  const [code, version] = key.split(' ').map(Number);
  return writeTable(builder, {
    [OPERATOR_CODE.shortCode]: ['i8', Math.min(code, PLACEHOLDER)],
    [OPERATOR_CODE.version]: ['i32', version, 1],
    [OPERATOR_CODE.code]: ['i32', code],
  });
}

function versionOf({ code, options, inputs, outputs }: FileOperator, { tensors }: FileGraph): number {
  const scale = (t: number) => tensors[t]?.quant?.scales[0] ?? 0;
  return operatorVersion({
    code,
    options,
    dtypes: inputs.map((t) => tensors[t]?.dtype ?? null),
    shapes: inputs.map((t) => tensors[t]?.shape ?? null),
    output: tensors[outputs[0]]?.dtype ?? null,
    rescale: scale(outputs[0]) ? (scale(inputs[0]) * scale(inputs[1])) / scale(outputs[0]) : 0,
  });
}

function writeOperator(builder: Builder, operator: FileOperator, codes: Map<string, number>, lowered: FileGraph): number {
  const { code, options, inputs, outputs, intermediates } = operator;
  const key = `${code} ${versionOf(operator, lowered)}`;
  if (!codes.has(key)) codes.set(key, codes.size);
  const { type } = OPTIONS[code];
  return writeTable(builder, {
    [OPERATOR.code]: ['i32', codes.get(key)!],
    [OPERATOR.inputs]: ['offset', writeInts(builder, inputs)],
    [OPERATOR.outputs]: ['offset', writeInts(builder, outputs)],
    [OPERATOR.optionsType]: ['i8', type],
    [OPERATOR.options]: ['offset', type ? writeOptions(builder, code, options) : 0],
    [OPERATOR.intermediates]: ['offset', intermediates.length ? writeInts(builder, intermediates) : 0],
  });
}

function writeOptions(builder: Builder, code: number, options: FileOperator['options']): number {
  const fields: Record<number, FlatField> = {};
  for (const [name, value] of Object.entries(options)) {
    const { id, kind, otherwise } = OPTIONS[code].fields[name];
    if (kind === 'text') fields[id] = ['offset', builder.createString(String(value))];
    else if (kind === 'i32s') fields[id] = ['offset', writeInts(builder, value as number[])];
    else fields[id] = [kind === 'bool' ? 'i8' : kind, Number(value), Number(otherwise ?? 0)];
  }
  return writeTable(builder, fields);
}

const TYPE_OF = new Map(Object.entries(TYPES).map(([number, type]) => [type, Number(number)]));

/** @param two the shape for two examples: a dimension that changes may be of any size */
function writeTensor(builder: Builder, tensor: Tensor, buffer: number, two: readonly number[]): number {
  const { quant, shape } = tensor;
  const any = shape.some((d, i) => d !== two[i])
    ? writeInts(
        builder,
        shape.map((d, i) => (d === two[i] ? d : -1)),
      )
    : 0;
  const quantization =
    quant && tensor.dtype !== 'f32'
      ? writeTable(builder, {
          [QUANTIZATION.scale]: ['offset', writeFloats(builder, quant.scales)],
          [QUANTIZATION.zeroPoint]: ['offset', writeLongs(builder, quant.zeros)],
          [QUANTIZATION.dimension]: ['i32', quant.axis ?? 0],
        })
      : 0;
  return writeTable(builder, {
    [TENSOR.shape]: ['offset', writeInts(builder, tensor.shape)],
    [TENSOR.type]: ['i8', isHandle(tensor) ? RESOURCE : TYPE_OF.get(tensor.dtype)!],
    [TENSOR.buffer]: ['i32', buffer],
    [TENSOR.name]: ['offset', builder.createString(tensor.name)],
    [TENSOR.quantization]: ['offset', quantization],
    [TENSOR.shapeSignature]: ['offset', any],
    [TENSOR.isVariable]: ['i8', Number(tensor.variable ?? false)],
  });
}

function bytesFor({ dtype, data }: Tensor): Uint8Array {
  return dtype === 'i4' ? packInt4(data as Int8Array) : new Uint8Array(littleEndian(data!, dtype));
}

/** The values' own bytes: every host that runs Wasm with typed arrays is little-endian. */
function littleEndian(values: Values, dtype: DType): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, bytesOf(dtype, values.length));
}
