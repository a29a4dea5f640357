import { type DType, showShape, sizeOf, type Tensor, type Values } from '../../graph/graph.ts';
import { unpackInt4 } from '../../graph/int4.ts';
import { MOST_ELEMENTS } from '../checked.ts';
import type { ReadOptions } from '../format.ts';
import { dtypeOf, type StoredType, valuesFrom } from '../values.ts';
import { badFile, unsupported } from './decode.ts';
import type { TensorProto } from './generated/onnx_pb.ts';

/** TensorProto.DataType. Doubles and unsigned integers beyond 8 bits are read as the nearest type. */
const STORED: Readonly<Record<number, StoredType | 'f64' | 'u16' | 'u32' | 'u64' | 'u4'>> = {
  1: 'f32',
  2: 'u8',
  3: 'i8',
  4: 'u16',
  5: 'i16',
  6: 'i32',
  7: 'i64',
  9: 'bool',
  10: 'f16',
  11: 'f64',
  12: 'u32',
  13: 'u64',
  16: 'bf16',
  21: 'u4',
  22: 'i4',
};

const NAMES =
  'UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64 COMPLEX64 COMPLEX128 BFLOAT16'.split(
    ' ',
  );

export const typeName = (type: number): string => NAMES[type] ?? `type ${type}`;

/** What integers of another width are kept as. */
const KEPT: Readonly<Record<string, DType>> = { f64: 'f32', u16: 'i32', u32: 'i64', u64: 'i64', u4: 'u8' };

/** The type in a graph of what the file calls `type`. @param where what it is, in a message */
export function graphType(type: number, where: string): DType {
  const stored = STORED[type];
  if (!stored) throw unsupported(`${where} is ${typeName(type)}`, 'export the model with float32 tensors');
  return KEPT[stored] ?? dtypeOf(stored as StoredType);
}

const EXTERNAL = 1;

/** A constant of the file; one kept in another file beside it makes a promise. */
export function readConstant(proto: TensorProto, options: ReadOptions): Tensor | Promise<Tensor> {
  const name = proto.name || 'constant';
  const where = `the constant "${name}"`;
  const shape = proto.dims.map(Number);
  const dtype = graphType(proto.dataType, where);
  if (shape.some((d) => d < 0) || sizeOf(shape) > MOST_ELEMENTS) throw badFile(`${where} has the shape ${showShape(shape)}`);
  const made = (data: Values): Tensor => ({ name, shape, dtype, data, quant: null });
  const raw = (bytes: Uint8Array) => made(fromRaw(bytes, proto.dataType, sizeOf(shape), where));
  if (proto.dataLocation === EXTERNAL) return externalBytes(proto, where, options).then(raw);
  if (proto.rawData.length || sizeOf(shape) === 0) return raw(proto.rawData);
  return made(fromFields(proto, dtype, sizeOf(shape), where));
}

function fromRaw(bytes: Uint8Array, type: number, count: number, where: string): Values {
  const stored = STORED[type];
  const bad = (what: string) => badFile(`${where} ${what}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (size: number) => {
    if (bytes.length !== Math.ceil(count * size))
      throw bad(`has ${bytes.length} bytes of values where its shape takes ${count * size}`);
  };
  switch (stored) {
    case 'f64':
      need(8);
      return Float32Array.from({ length: count }, (_, i) => view.getFloat64(8 * i, true));
    case 'u16':
      need(2);
      return Int32Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true));
    case 'u32':
      need(4);
      return BigInt64Array.from({ length: count }, (_, i) => BigInt(view.getUint32(4 * i, true)));
    case 'u64':
      need(8);
      return BigInt64Array.from({ length: count }, (_, i) => view.getBigInt64(8 * i, true));
    case 'u4':
      need(0.5);
      return Uint8Array.from(unpackInt4(bytes, count), (v) => v & 15);
    default:
      return valuesFrom(bytes, stored, count, bad);
  }
}

/** Values kept as numbers in the message: int32 holds all small types, halves as their bits. */
function fromFields(proto: TensorProto, dtype: DType, count: number, where: string): Values {
  const stored = STORED[proto.dataType];
  const list: readonly (number | bigint)[] =
    stored === 'f32'
      ? proto.floatData
      : stored === 'f64'
        ? proto.doubleData
        : dtype === 'i64' && stored === 'i64'
          ? proto.int64Data
          : stored === 'u32' || stored === 'u64'
            ? proto.uint64Data
            : proto.int32Data;
  const packs = stored === 'i4' || stored === 'u4';
  if (!packs && list.length !== count) throw badFile(`${where} has ${list.length} values where its shape takes ${count}`);
  if (stored === 'f16' || stored === 'bf16')
    return fromRaw(new Uint8Array(Uint16Array.from(list as number[]).buffer), proto.dataType, count, where);
  if (packs) return fromRaw(Uint8Array.from(list as number[]), proto.dataType, count, where);
  if (dtype === 'i64') return BigInt64Array.from(list, BigInt);
  const View = { f32: Float32Array, i8: Int8Array, u8: Uint8Array, bool: Uint8Array, i16: Int16Array, i32: Int32Array }[
    dtype as 'f32'
  ];
  return View.from(list as number[]);
}

async function externalBytes(proto: TensorProto, where: string, { beside }: ReadOptions): Promise<Uint8Array> {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const name = entries.get('location') ?? '';
  if (!isBeside(name))
    throw unsupported(`${where} lies in "${name}", outside of the model's folder`, 'keep external data beside the model');
  if (!beside) {
    const fix = 'give loadModel the option `beside`, which reads files by their names; or export the model as one file';
    throw unsupported(`${where} lies in another file, "${name}"`, fix);
  }
  const bytes = await beside(name);
  const offset = Number(entries.get('offset') ?? 0);
  const length = Number(entries.get('length') ?? bytes.length - offset);
  if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
    throw badFile(`${where} takes ${length} bytes at ${offset} of "${name}", which has ${bytes.length}`);
  return bytes.subarray(offset, offset + length);
}

/** A relative path that stays within the folder. */
const isBeside = (name: string): boolean =>
  name !== '' && !/^([/\\]|[A-Za-z]:)/.test(name) && !name.split(/[/\\]/).includes('..') && !name.includes('\0');
