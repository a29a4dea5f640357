import { type Channel, fits32, floorProduct, isExact, rescaled, thresholds } from '../rescale.ts';

/**
 * Rescaling of a sum times 256 in three instructions, five where the sign counts:
 *
 *   y = clamp((constant + high 32 bits of (256 * sum * multiplier) - 128 * (sum < 0)) >> shift)
 *
 * Both roundings of the reference are floors, so they merge into one; `constant` holds their halves and the zero point. The term of
 * the sign is the reference's rounding of ties away from zero; behind an activation that clamps at the zero point it has no effect.
 */
export interface DspForm {
  readonly multiplier: number;
  readonly constant: number;
  readonly shift: number;
  readonly sign: boolean;
}

/** The sum times 256 must fit in 32 bits. */
const LARGEST_SUM = 2 ** 23;

/** The form of a channel, checked at all its thresholds; null where it is not exact. */
export function dspForm(channel: Channel): DspForm | null {
  const { least, largest, multiplier, shift, yOffset, yMin, yMax } = channel;
  if (least === largest || multiplier === 0) {
    // The term of the sign, which another channel of the layer may need, is far below what is left of the shift.
    return { multiplier: 0, constant: rescaled(channel, least) * 2 ** 16 + 2 ** 15, shift: 16, sign: false };
  }
  if (!fits32(channel) || least < -LARGEST_SUM || largest >= LARGEST_SUM) return null;
  const right = 7 - shift;
  if (right < 1 || right > 31) return null;
  const constant = (shift > 0 ? 2 ** (6 - shift) : 64) + (shift < 0 ? 2 ** (6 - shift) : 0) + yOffset * 2 ** right;
  if (Math.abs(constant) >= 2 ** 30) return null;
  const steps = thresholds(channel);
  for (const sign of [false, true]) {
    const form = (sum: number) => {
      const high = floorProduct(sum * 256, multiplier, 32);
      const shifted = Math.floor((high + constant - (sign && sum < 0 ? 128 : 0)) / 2 ** right);
      return Math.min(yMax, Math.max(yMin, shifted));
    };
    if (isExact(channel, steps, form)) return { multiplier, constant, shift: right, sign };
  }
  return null;
}
