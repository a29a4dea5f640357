/** A real factor as the integer kernels apply it: multiplier * 2^(shift - 31), multiplier Q31, shift positive = left. */
export interface Multiplier {
  readonly multiplier: number;
  readonly shift: number;
}

const bits = new DataView(new ArrayBuffer(8));

/** x = fraction * 2^exponent with 0.5 <= |fraction| < 1, as C's frexp. */
export function frexp(x: number): { fraction: number; exponent: number } {
  if (x === 0 || !Number.isFinite(x)) return { fraction: x, exponent: 0 };
  bits.setFloat64(0, x);
  const exponent = (bits.getUint16(0) >> 4) & 0x7ff;
  if (exponent === 0) {
    const { fraction, exponent: e } = frexp(x * 2 ** 54);
    return { fraction, exponent: e - 54 };
  }
  bits.setUint16(0, (bits.getUint16(0) & 0x800f) | (1022 << 4));
  return { fraction: bits.getFloat64(0), exponent: exponent - 1022 };
}

/** Half away from zero, as C's round. */
export const roundAway = (x: number): number => Math.sign(x) * Math.round(Math.abs(x));

/** Source: TensorFlow Lite kernels/internal/quantization_util.cc, QuantizeMultiplier. */
export function quantizeMultiplier(real: number): Multiplier {
  const { fraction, exponent } = frexp(real);
  let multiplier = roundAway(fraction * 2 ** 31);
  let shift = exponent;
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}
