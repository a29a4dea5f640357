import type { CompressError } from '../errors.ts';
import { bytesOf, type DType, newValues, type Values } from '../graph/graph.ts';
import { fromBfloat16, fromHalf } from '../graph/half.ts';
import { unpackInt4 } from '../graph/int4.ts';

/** Types that files store constants in; the half floats are read as f32. */
export type StoredType = DType | 'f16' | 'bf16';

/** The type that values stored so have in a graph. */
export const dtypeOf = (type: StoredType): DType => (type === 'f16' || type === 'bf16' ? 'f32' : type);

/** `count` constants from their little-endian bytes. @param bad what is wrong with them, as an error */
export function valuesFrom(bytes: Uint8Array, type: StoredType, count: number, bad: (what: string) => CompressError): Values {
  const isHalf = type === 'f16' || type === 'bf16';
  const expected = isHalf ? 2 * count : bytesOf(type, count);
  if (bytes.length !== expected) throw bad(`has ${bytes.length} bytes of values where its shape takes ${expected}`);
  if (isHalf) return halves(bytes, type, count);
  if (type === 'i4') return unpackInt4(bytes, count);
  const values = newValues(type, count);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}

function halves(bytes: Uint8Array, type: 'f16' | 'bf16', count: number): Float32Array {
  const bits = (i: number) => bytes[2 * i] | (bytes[2 * i + 1] << 8);
  const read = type === 'f16' ? fromHalf : fromBfloat16;
  return Float32Array.from({ length: count }, (_, i) => read(bits(i)));
}
