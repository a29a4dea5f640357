/** The number that the 16 bits of an IEEE 754 half-precision float encode. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}

const view = new DataView(new ArrayBuffer(4));

/** The number that 16 bits of a bfloat16 encode: the upper half of a float32. */
export function fromBfloat16(bits: number): number {
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
