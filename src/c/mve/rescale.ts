import { type Channel, fits32, isExact, requantize, thresholds } from '../rescale.ts';

/**
 * Rescaling of four sums in vector lanes: bias, VQRDMULH, VRSHL, zero point, clamp. VRSHL rounds ties up where the reference rounds them
 * away from zero; `sign` takes 1 from negative values before it, which an activation that clamps at the zero point makes needless.
 */
export interface MveForm {
  readonly multiplier: number;
  /** Not positive: a right shift. */
  readonly shift: number;
  readonly sign: boolean;
}

export function mveForm(channel: Channel): MveForm | null {
  const { multiplier, shift, yOffset, yMin, yMax } = channel;
  if (!fits32(channel) || shift > 0) return null;
  const steps = thresholds(channel);
  for (const sign of [false, true]) {
    const form = (sum: number) => {
      const high = requantize(sum, multiplier, 0);
      const value = Math.floor((high - (sign && high < 0 ? 1 : 0)) / 2 ** -shift + (shift < 0 ? 0.5 : 0));
      return Math.min(yMax, Math.max(yMin, value + yOffset));
    };
    if (isExact(channel, steps, form)) return { multiplier, shift, sign };
  }
  return null;
}

export const ASSEMBLY = 'defined(__ARM_FEATURE_MVE) && !defined(THUMBNET_PLAIN)';

export interface MveKind {
  readonly sign: boolean;
  readonly yOffset: number;
  readonly clamp: readonly [number, number] | null;
}

/** Of a product with weights. */
export interface ProductKind extends MveKind {
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

/** Bytes of a vector. */
export const VECTOR = 16;
export const vectorsOf = (bytes: number): number => Math.ceil(bytes / VECTOR);

/** Vectors of weights in memory: those of 4 bits stand two in a byte, an even vector in the low halves and the odd one behind it in the high. */
export const storedVectors = (vectors: number, nibbles: boolean): number => (nibbles ? Math.ceil(vectors / 2) : vectors);

/**
 * Loads weights of one step into `registers`; weights of 4 bits are loaded for each of the two steps of a vector.
 *
 * @param half which of the two steps; null: weights of 8 bits
 */
export function weightsListing(registers: readonly string[], from: string, half: number | null): string[] {
  if (half === null) return registers.map((q) => `vldrb.u8 ${q}, [${from}], #16`);
  return registers.flatMap((q, i) => [
    half ? `vldrb.u8 ${q}, [${from}], #16` : `vldrb.u8 ${q}, [${from}, #${16 * i}]`,
    ...(half ? [] : [`vshl.i8 ${q}, ${q}, #4`]),
    `vshr.s8 ${q}, ${q}, #4`,
  ]);
}

/** In plain C: the weight at `index`, of vectors that stand `apart` from one to the next of its channel, from `first` on. */
export const weightText = (first: string, apart: number, nibbles: boolean): string =>
  nibbles
    ? `((int32_t)((uint32_t)(uint8_t)weights[${first} + ((k / 32) * ${16 * apart}) + (k % 16)] << ((((k / 16) % 2) == 0) ? 28u : 24u)) >> 28)`
    : `weights[${first} + ((k / 16) * ${16 * apart}) + (k % 16)]`;

/** Writes a weight of vector `k / 16` where the kernels read it, as `weightText` says. */
export function putWeight(packed: Int8Array, first: number, apart: number, k: number, w: number, nibbles: boolean): void {
  if (!nibbles) packed[first + Math.floor(k / VECTOR) * VECTOR * apart + (k % VECTOR)] = w;
  else packed[first + Math.floor(k / 32) * VECTOR * apart + (k % VECTOR)] |= (w & 15) << (k % 32 < VECTOR ? 0 : 4);
}

/** Registers of the end of a rescaling: the zero point (a scalar or a vector of it), and two that are free. */
export interface ClampRegisters {
  readonly zero: string;
  readonly scalar: string;
  readonly vector: string;
}

/** The end of a rescaling: zero point and clamp of VRSHL's results. */
export function clampListing(q: string, { clamp }: MveKind, { zero, scalar, vector }: ClampRegisters): string[] {
  const offset = `vadd.i32 ${q}, ${q}, ${zero}`;
  if (!clamp) return [offset, `vqmovnb.s32 ${q}, ${q}`, `vqmovnb.s16 ${q}, ${q}`];
  const [least, largest] = clamp;
  return [
    offset,
    ...constant(scalar, least),
    `vdup.32 ${vector}, ${scalar}`,
    `vmax.s32 ${q}, ${q}, ${vector}`,
    ...constant(scalar, largest),
    `vdup.32 ${vector}, ${scalar}`,
    `vmin.s32 ${q}, ${q}, ${vector}`,
  ];
}

/** A small constant in a register. */
export const constant = (register: string, value: number): string[] =>
  value >= 0 ? [`movw ${register}, #${value}`] : [`mvn ${register}, #${-value - 1}`];

/** Ties away from zero: one less where negative. */
export const signListing = (q: string, { sign }: MveKind, vector: string): string[] =>
  sign ? [`vshr.s32 ${vector}, ${q}, #31`, `vadd.i32 ${q}, ${q}, ${vector}`] : [];

/** From `sum` (int32_t) to `value`, in plain C; `multiplier` and `shift` are expressions. */
export function rescaleText({ sign, yOffset, clamp }: MveKind, multiplier: string, shift: string): string[] {
  const [least, largest] = clamp ?? [-128, 127];
  return [
    `int32_t value = (int32_t)((((int64_t)sum * ${multiplier}) + ((int64_t)1 << 30)) >> 31);`,
    ...(sign ? ['value -= (value < 0) ? 1 : 0;'] : []),
    `value = (${shift} < 0) ? ((value + (int32_t)(1L << (-${shift} - 1))) >> -${shift}) : value;`,
    `value += ${yOffset};`.replace('+= -', '-= '),
    `value = (value < ${least}) ? ${least} : value;`,
    `value = (value > ${largest}) ? ${largest} : value;`,
  ];
}
