import { CompressError } from '../../errors.ts';
import { type DType, type Quantization, showShape, sizeOf, type Tensor } from '../../graph/graph.ts';
import { MOST_ELEMENTS } from '../checked.ts';
import { dtypeOf, valuesFrom } from '../values.ts';
import { badFile, type FlatFile, type FlatTable } from './flat.ts';
import { BUFFER, QUANTIZATION, RESOURCE, TENSOR, TYPE_NAMES, TYPES } from './schema.ts';

/** All tensors of a subgraph; half floats become f32. */
export function readTensors(file: FlatFile, tables: readonly FlatTable[], buffers: readonly FlatTable[]): Tensor[] {
  return tables.map((table, i) => readTensor(file, table, buffers, i));
}

function readTensor(file: FlatFile, table: FlatTable, buffers: readonly FlatTable[], index: number): Tensor {
  const name = table.string(TENSOR.name) || `tensor${index}`;
  const where = `tensor ${index} "${name}"`;
  const number = table.i8(TENSOR.type);
  // which variable it is, VAR_HANDLE says (streams.ts)
  if (number === RESOURCE) return { name, shape: [], dtype: 'i32', data: null, quant: null };
  const type = TYPES[number];
  if (!type || table.has(TENSOR.sparsity)) {
    const kind = type ? 'sparse' : (TYPE_NAMES[number] ?? `type ${number}`);
    throw new CompressError(
      'unsupported',
      `${where} is ${kind}`,
      'convert the model with dense float32, int16, int8 or int4 tensors',
    );
  }
  const shape = table.i32s(TENSOR.shape);
  // tensors that only hold a scale (LSTM's intermediates) may be empty; findProblem refuses an empty tensor in use
  if (shape.some((d) => d < 0) || sizeOf(shape) > MOST_ELEMENTS) {
    throw badFile(`${where} has the shape ${showShape(shape)}`, 'convert the model with fixed input shapes');
  }
  const dtype = dtypeOf(type);
  const data = constantBytes(file, table, buffers, where);
  const variable = table.bool(TENSOR.isVariable);
  // TensorFlow Lite refuses it too (core/interpreter_builder.cc).
  if (variable && data)
    throw new CompressError(
      'unsupported',
      `${where} is state with values of its own`,
      'export the model with state that begins at zero',
    );
  return {
    name,
    shape,
    dtype,
    data: data && valuesFrom(data, type, sizeOf(shape), (what) => badFile(`${where} ${what}`)),
    quant: readQuantization(table.table(TENSOR.quantization), dtype, shape, where),
    ...(variable ? { variable } : {}),
  };
}

function constantBytes(file: FlatFile, table: FlatTable, buffers: readonly FlatTable[], where: string): Uint8Array | null {
  const place = table.u32(TENSOR.buffer);
  if (place === 0) return null;
  if (place >= buffers.length) throw badFile(`${where} names buffer ${place} of ${buffers.length}`);
  const buffer = buffers[place];
  const offset = buffer.u64(BUFFER.offset);
  if (offset > 1) {
    const size = buffer.u64(BUFFER.size);
    file.need(offset, size);
    return file.bytes.subarray(offset, offset + size);
  }
  const bytes = buffer.bytes(BUFFER.data);
  return bytes.length ? bytes : null;
}

const BITS: Partial<Record<DType, Quantization['bits']>> = { i4: 4, i8: 8, u8: 8, i16: 16, i32: 32, i64: 64 };

function readQuantization(table: FlatTable | null, dtype: DType, shape: readonly number[], where: string): Quantization | null {
  if (table?.u8(QUANTIZATION.detailsType)) {
    const fix = 'convert the model with one scale for each tensor or channel';
    throw new CompressError('unsupported', `${where} is quantized in blocks or by a scheme of its own`, fix);
  }
  const bits = BITS[dtype];
  const scales = table?.f32s(QUANTIZATION.scale) ?? [];
  if (!table || !bits || scales.length === 0) return null;
  const stated = table.i64s(QUANTIZATION.zeroPoint);
  // a bias has one dimension, even where older converters wrote more
  const axis = scales.length > 1 ? (shape.length === 1 ? 0 : table.i32(QUANTIZATION.dimension)) : null;
  const zeros = stated.length ? stated : scales.map(() => 0);
  if (axis !== null && scales.length !== shape[axis]) {
    throw badFile(`${where} has ${scales.length} scales along dimension ${axis} of ${showShape(shape)}`);
  }
  if (zeros.length !== scales.length || !scales.every((s) => s >= 0 && s < Number.POSITIVE_INFINITY)) {
    throw badFile(`${where} has scales ${scales.slice(0, 4).join(', ')} and ${zeros.length} zero points for ${scales.length}`);
  }
  if (!zeros.every((z) => Math.abs(z) <= 2 ** 31)) throw badFile(`${where} has a zero point beyond 32 bits`);
  return { bits, scales, zeros, axis };
}
