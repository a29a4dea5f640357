/** int4 as files and kernels pack it: two to a byte, the first in the low bits. */

const int4At = (bytes: Uint8Array, i: number): number => ((bytes[i >> 1] >> ((i & 1) * 4)) << 28) >> 28;

export const unpackInt4 = (bytes: Uint8Array, count: number, first = 0): Int8Array =>
  Int8Array.from({ length: count }, (_, i) => int4At(bytes, first + i));

export function packInt4(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array((values.length + 1) >> 1);
  for (let i = 0; i < values.length; i++) bytes[i >> 1] |= (values[i] & 15) << ((i & 1) * 4);
  return bytes;
}
