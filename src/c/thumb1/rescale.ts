import { floorLog2 } from '../../elementary.ts';
import { type Channel, fits32, isExact, ofEach, rescaled, thresholds } from '../rescale.ts';

/**
 * Rescaling without products of more than 32 bits. Sums count down from the last threshold, above which the output stays the same:
 *
 *   t = range - clamp(sum - least sum that counts, 0, range)
 *   y = (constant - floor(t * multiplier / 2^split) - (t > zero ? tie : 0)) >> shift
 *
 * The product is made of two: of the multiplier's bits above `split` and of those below. No formula makes it exact; a multiplier near
 * the real one is looked for that meets all thresholds. `tie`: the reference rounds ties of negative sums down; where an activation
 * clamps these, it is 0.
 */
export interface ThumbForm {
  /** Least sum that counts: below it the output is the lowest. */
  readonly least: number;
  readonly range: number;
  readonly multiplier: number;
  readonly constant: number;
  /** Sums below 0 are those with t above it. */
  readonly zero: number;
  readonly tie: number;
}

/** Forms of a layer's channels, null where none was found; `split` and `shift` are common. */
export interface ThumbForms {
  readonly split: number;
  readonly shift: number;
  readonly sign: boolean;
  readonly forms: readonly (ThumbForm | null)[];
}

/** Fraction bits of the product: the constant with 256 steps of output stays in 31 bits. */
const FRACTION = 22;
const TRIED = 64;

export function thumbForms(channels: readonly Channel[]): ThumbForms {
  const each = ofEach(channels, (channel) => ({
    channel,
    steps: channel.least === channel.largest ? [] : inReach(channel) ? thresholds(channel) : null,
    slope: channel.multiplier * 2 ** (channel.shift - 31),
  }));
  const bits = Math.max(...each.map(({ steps: s }) => floorLog2(s?.length ? s[s.length - 1] - s[0] + 1 : 1) + 1));
  const split = Math.min(16, 32 - bits);
  const most = Math.max(...each.flatMap(({ steps, slope }) => ((steps?.length ?? 0) > 1 ? [slope] : [])), 2 ** -31);
  const total = Math.min(split + FRACTION, floorLog2((0.933 * 2 ** 32) / most));
  const sign = each.some(({ channel, steps }) => needsSign(channel, steps ?? []));
  const forms = ofEach(each, ({ channel, steps, slope }) =>
    steps && total > split ? formOf(channel, steps, slope * 2 ** total, split, total - split, sign) : null,
  );
  return { split, shift: total - split, sign, forms };
}

/** Differences of sums must fit in 32 bits. */
const inReach = (c: Channel) => fits32(c) && c.largest < 2 ** 30 && c.least > -(2 ** 30);

/** Whether thresholds of negative sums exist behind a right shift. */
const needsSign = ({ shift }: Channel, steps: readonly number[]) => shift < 0 && steps.length > 0 && steps[0] < 0;

/** Products above it come from negative sums: all of them where even the last threshold is one. */
export const signProduct = (
  { zero, multiplier, range }: Pick<ThumbForm, 'zero' | 'multiplier' | 'range'>,
  split: number,
): number => (zero < 0 ? -1 : zero > range ? 2 ** 31 - 1 : Math.floor((zero * multiplier) / 2 ** split));

function formOf(
  channel: Channel,
  steps: readonly number[],
  slope: number,
  split: number,
  shift: number,
  sign: boolean,
): ThumbForm | null {
  const bottom = rescaled(channel, channel.least);
  const top = bottom + steps.length;
  const unit = 2 ** shift;
  if (!steps.length) return { least: 0, range: 0, multiplier: 0, constant: top * unit, zero: 0, tie: 0 };
  const last = steps[steps.length - 1];
  const least = steps[0] - 1;
  const range = last - least;
  const tie = sign && channel.shift < 0 ? Math.floor(2 ** (shift + channel.shift)) : 0;
  const zero = last;
  const apart = Math.max(1, Math.floor(2 ** split / (2 * range)));
  const middle = Math.round(slope);
  for (let i = 0; i <= 2 * TRIED; i++) {
    const multiplier = middle + (i & 1 ? -apart : apart) * ((i + 1) >> 1);
    if (multiplier < 0 || multiplier >= 2 ** 32 || range * Math.floor(multiplier / 2 ** split) >= 2 ** 31) continue;
    // As the code compares: by products, which a small multiplier may leave equal on both sides of 0.
    const limit = signProduct({ zero, multiplier, range }, split);
    const product = (t: number) => {
      const value = Math.floor((t * multiplier) / 2 ** split);
      return value + (value > limit ? tie : 0);
    };
    let low = top * unit;
    let high = top * unit + unit - 1;
    steps.forEach((s, k) => {
      const value = (bottom + 1 + k) * unit;
      low = Math.max(low, value + product(last - s));
      high = Math.min(high, value - 1 + product(last - s + 1));
    });
    if (low > high) continue;
    const constant = Math.floor((low + high) / 2);
    const form = (sum: number) => {
      const t = Math.max(0, range - Math.max(0, sum - least));
      return Math.floor((constant - product(t)) / unit);
    };
    if (Math.abs(constant) + product(range) < 2 ** 31 && isExact(channel, steps, form)) {
      return { least, range, multiplier, constant, zero, tie };
    }
  }
  return null;
}
