import { create } from '@bufbuild/protobuf';
import type { Quantization, Tensor } from '../../graph/graph.ts';
import type { OnnxAttribute } from '../../ops/index.ts';
import { type AttributeProto, AttributeProtoSchema } from './generated/onnx_pb.ts';

/** Values and attributes as the file has them. */

/** What 64-bit integers mean: no operator of ONNX says it. */
export function realNumbers({ data, quant }: Tensor): number[] {
  const { scales, zeros } = quant as Quantization;
  return Array.from(data as BigInt64Array, (q, i) => scales[i % scales.length] * (Number(q) - zeros[i % zeros.length]));
}

/** Little-endian bytes; two int4 to a byte, the first in the low bits. */
export function rawBytes(type: string, values: ArrayLike<number>): Uint8Array {
  if (type === 'i4') {
    const packed = new Uint8Array((values.length + 1) >> 1);
    for (let i = 0; i < values.length; i++) packed[i >> 1] |= (values[i] & 15) << (4 * (i & 1));
    return packed;
  }
  if (type === 'i64')
    return new Uint8Array(BigInt64Array.from(values as ArrayLike<number> & Iterable<number>, (v) => BigInt(v)).buffer);
  const View = { f32: Float32Array, u8: Uint8Array, bool: Uint8Array, i8: Int8Array, i16: Int16Array, i32: Int32Array }[
    type as 'f32'
  ];
  return new Uint8Array(View.from(values).buffer);
}

export function attribute(name: string, value: OnnxAttribute): AttributeProto {
  if ('int' in value) return create(AttributeProtoSchema, { name, type: 2, i: BigInt(value.int) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: 1, f: value.float });
  if ('text' in value) return create(AttributeProtoSchema, { name, type: 3, s: new TextEncoder().encode(value.text) });
  return create(AttributeProtoSchema, { name, type: 7, ints: value.ints.map(BigInt) });
}
