import { Builder } from 'flatbuffers';
import { bytesOf, type DType, type Graph, type Tensor, type Values } from '../../graph/graph.ts';
import { packInt4 } from '../../graph/int4.ts';
import { type FlatField, writeBytes, writeFloats, writeInts, writeLongs, writeOffsets, writeTable } from './flat.ts';
import { type FileOperator, type Lowered, lower } from './lower.ts';
import {
  BUFFER,
  IDENTIFIER,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  OPTIONS,
  PLACEHOLDER,
  QUANTIZATION,
  SUBGRAPH,
  TENSOR,
  TYPES,
  VERSION,
} from './schema.ts';
import { operatorVersion } from './versions.ts';

/**
 * Writes a TensorFlow Lite file. The same graph gives the same bytes, and reading them gives the same graph.
 *
 * @throws CompressError `not-ready` for a graph with batch normalization, `unsupported` for padding TFLite cannot say
 */
export function exportTflite(graph: Graph): Uint8Array {
  const lowered = lower(graph);
  const builder = new Builder(1 << 16);
  const buffers = new Map<number, number>();
  const written: number[] = [writeTable(builder, {})];
  lowered.tensors.forEach((t, i) => {
    if (t.data)
      buffers.set(i, written.push(writeTable(builder, { [BUFFER.data]: ['offset', writeBytes(builder, bytesFor(t))] })) - 1);
  });
  const codes = new Map<string, number>();
  const operators = lowered.operators.map((o) => writeOperator(builder, o, codes, lowered));
  const tensors = lowered.tensors.map((t, i) => writeTensor(builder, t, buffers.get(i) ?? 0));
  const subgraph = writeTable(builder, {
    [SUBGRAPH.name]: ['offset', builder.createString(graph.name)],
    [SUBGRAPH.operators]: ['offset', writeOffsets(builder, operators)],
    [SUBGRAPH.outputs]: ['offset', writeInts(builder, lowered.outputs)],
    [SUBGRAPH.inputs]: ['offset', writeInts(builder, graph.inputs)],
    [SUBGRAPH.tensors]: ['offset', writeOffsets(builder, tensors)],
  });
  const model = writeTable(builder, {
    [MODEL.version]: ['i32', VERSION],
    [MODEL.buffers]: ['offset', writeOffsets(builder, written)],
    [MODEL.description]: ['offset', builder.createString('Thumbnet')],
    [MODEL.subgraphs]: ['offset', writeOffsets(builder, [subgraph])],
    [MODEL.operatorCodes]: [
      'offset',
      writeOffsets(
        builder,
        [...codes.keys()].map((key) => writeCode(builder, key)),
      ),
    ],
  });
  builder.finish(model, IDENTIFIER);
  return builder.asUint8Array().slice();
}

function writeCode(builder: Builder, key: string): number {
  const [code, version] = key.split(' ').map(Number);
  return writeTable(builder, {
    [OPERATOR_CODE.shortCode]: ['i8', Math.min(code, PLACEHOLDER)],
    [OPERATOR_CODE.version]: ['i32', version, 1],
    [OPERATOR_CODE.code]: ['i32', code],
  });
}

function writeOperator(builder: Builder, operator: FileOperator, codes: Map<string, number>, { tensors }: Lowered): number {
  const { code, options, inputs, outputs, intermediates } = operator;
  const scale = (t: number) => tensors[t]?.quant?.scales[0] ?? 0;
  const version = operatorVersion({
    code,
    options,
    dtypes: inputs.map((t) => tensors[t]?.dtype ?? null),
    shapes: inputs.map((t) => tensors[t]?.shape ?? null),
    output: tensors[outputs[0]].dtype,
    rescale: scale(outputs[0]) ? (scale(inputs[0]) * scale(inputs[1])) / scale(outputs[0]) : 0,
  });
  const key = `${code} ${version}`;
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
    if (kind === 'i32s') fields[id] = ['offset', writeInts(builder, value as number[])];
    else fields[id] = [kind === 'bool' ? 'i8' : kind, Number(value), Number(otherwise ?? 0)];
  }
  return writeTable(builder, fields);
}

const TYPE_OF = new Map(Object.entries(TYPES).map(([number, type]) => [type, Number(number)]));

function writeTensor(builder: Builder, tensor: Tensor, buffer: number): number {
  const { quant } = tensor;
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
    [TENSOR.type]: ['i8', TYPE_OF.get(tensor.dtype)!],
    [TENSOR.buffer]: ['i32', buffer],
    [TENSOR.name]: ['offset', builder.createString(tensor.name)],
    [TENSOR.quantization]: ['offset', quantization],
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
