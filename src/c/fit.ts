import { type Channel, floorProduct, isExact, rescaled, thresholds } from './rescale.ts';

/**
 * Rescaling by one multiplication and one shift, with bias, rounding and zero point in where the sum begins:
 *
 *   y = clamp(((scale * sum + first) * multiplier) >> (32 + shift))       sum: of products alone, without the bias
 *
 * The reference rounds twice, so no formula makes this exact. But its thresholds are known: the output `v` begins at a sum `t`, which
 * holds for an interval of `first` that is `scale` wide. For most multipliers near the real one the intervals of all thresholds meet.
 */
export interface FoldedForm {
  readonly multiplier: number;
  readonly first: number;
}

/** Multipliers tried on both sides of the real one; from one to the next the last threshold moves by half a unit. */
const TRIED = 96;

/**
 * @param channel its range holds the bias
 * @param bias what the sum of products lacks of the channel's sum
 * @param scale factor of the sum
 * @returns null where no multiplier that was tried is exact
 */
export function fitFolded(channel: Channel, bias: number, scale: number, shift: number): FoldedForm | null {
  const real = (channel.multiplier * 2 ** (channel.shift + 1 + shift)) / scale;
  const middle = Math.max(1, Math.round(real));
  const steps = thresholds(channel);
  const span = steps.length ? (steps[steps.length - 1] - steps[0] + 1) * scale : 1;
  const apart = Math.max(1, Math.floor(middle / (2 * span)));
  if (hasBothSigns(channel, steps)) return null;
  for (let i = 0; i <= 2 * TRIED; i++) {
    const multiplier = middle + (i & 1 ? -apart : apart) * ((i + 1) >> 1);
    if (multiplier < 1 || multiplier >= 2 ** 31) continue;
    const first = firstFor(channel, steps, bias, scale, 2 ** (32 + shift) / multiplier);
    if (first !== null && isExact(channel, steps, (sum) => folded(channel, (sum - bias) * scale + first, multiplier, shift))) {
      return { multiplier, first };
    }
  }
  return null;
}

/** Where thresholds lie on both sides of 0, a right shift rounds ties away from it: a jump that no linear form has. */
const hasBothSigns = ({ shift }: Channel, steps: readonly number[]) =>
  shift < 0 && steps.length > 4 && steps[1] < 0 && steps[steps.length - 2] > 1;

function folded({ yMin, yMax }: Channel, sum: number, multiplier: number, shift: number): number {
  if (sum < -(2 ** 31) || sum >= 2 ** 31) return Number.NaN;
  return Math.min(yMax, Math.max(yMin, Math.floor(floorProduct(sum, multiplier, 32) / 2 ** shift)));
}

/** A first value in the intervals of all thresholds; `gap`: by how much a sum rises from one output to the next. */
function firstFor(channel: Channel, steps: readonly number[], bias: number, scale: number, gap: number): number | null {
  const { least, largest, yMin, yMax, yOffset } = channel;
  const bottom = rescaled(channel, least);
  let low = -(2 ** 31);
  let high = 2 ** 31;
  const reaches = (value: number, sum: number) => {
    low = Math.max(low, Math.ceil(value * gap) - (sum - bias) * scale);
  };
  const staysBelow = (value: number, sum: number) => {
    high = Math.min(high, Math.ceil(value * gap) - 1 - (sum - bias) * scale);
  };
  steps.forEach((t, i) => {
    reaches(bottom + 1 + i, t);
    staysBelow(bottom + 1 + i, t - 1);
  });
  if (bottom > yMin) reaches(bottom, least);
  if (bottom + steps.length < yMax) staysBelow(bottom + steps.length + 1, largest);
  if (low > high) return null;
  const ideal = Math.round(bias * scale + (yOffset + 0.5) * gap);
  return Math.min(high, Math.max(low, ideal));
}
