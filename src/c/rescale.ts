/**
 * Exact arithmetic of rescaling, and the check that a cheaper form of it gives the same integers. Everything stays below 2^53,
 * so numbers are exact.
 *
 * A rescaled value never falls while the accumulator rises. So two forms are equal on a whole range of accumulators when they are
 * equal at both of its ends and on both sides of each threshold, where the output rises by one step: 255 of them at most.
 */

/** How the sums of one output channel become integers. */
export interface Channel {
  /** Q31, at least 0. */
  readonly multiplier: number;
  /** Power of two, positive = left. */
  readonly shift: number;
  readonly yOffset: number;
  readonly yMin: number;
  readonly yMax: number;
  /** The least and the largest sum that any input gives, the bias included. */
  readonly least: number;
  readonly largest: number;
}

/** What is made of each channel, or of what was made of it: once of those that are one object. */
export function ofEach<C, T>(channels: readonly C[], make: (channel: C) => T): T[] {
  const made = new Map<C, T>();
  for (const channel of channels) if (!made.has(channel)) made.set(channel, make(channel));
  return channels.map((channel) => made.get(channel)!);
}

/** floor(x * m / 2^bits) for an integer x below 2^36 in magnitude, m of 0..2^31 - 1 and bits of 16..47. */
export function floorProduct(x: number, m: number, bits: number, added = 0): number {
  const high = x * Math.floor(m / 65536);
  const low = x * (m % 65536) + added;
  return Math.floor((high + Math.floor(low / 65536)) / 2 ** (bits - 16));
}

/** CMSIS-NN's `arm_nn_requantize` with double rounding, without wrapping. */
export function requantize(x: number, multiplier: number, shift: number): number {
  const t = floorProduct(shift > 0 ? x * 2 ** shift : x, multiplier, 31, 2 ** 30);
  if (shift >= 0) return t;
  return Math.floor((t + 2 ** (-shift - 1) - (t < 0 ? 1 : 0)) / 2 ** -shift);
}

/** What the channel's output is for a sum. */
export function rescaled({ multiplier, shift, yOffset, yMin, yMax }: Channel, sum: number): number {
  return Math.min(yMax, Math.max(yMin, requantize(sum, multiplier, shift) + yOffset));
}

/**
 * The sums at which the output rises: for each output value above the first, the least sum that gives at least it.
 * Values that no sum in the channel's range gives have none.
 */
export function thresholds(channel: Channel): number[] {
  const { least, largest } = channel;
  const found: number[] = [];
  const top = rescaled(channel, largest);
  const slope = channel.multiplier * 2 ** (channel.shift - 31);
  let at = least;
  let value = rescaled(channel, at);
  while (value < top) {
    let low = at;
    let high = largest;
    const guess = Math.ceil((value + 0.5 - channel.yOffset) / slope);
    for (const near of [guess - 2, guess + 2]) {
      if (near <= low || near >= high) continue;
      if (rescaled(channel, near) > value) high = near;
      else low = near;
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (rescaled(channel, middle) > value) high = middle;
      else low = middle;
    }
    found.push(high);
    at = high;
    value = rescaled(channel, at);
  }
  return found;
}

/** Whether `form`, which never falls, gives the channel's outputs for every sum in its range. */
export function isExact(channel: Channel, steps: readonly number[], form: (sum: number) => number): boolean {
  const same = (sum: number) => form(sum) === rescaled(channel, sum);
  return same(channel.least) && same(channel.largest) && steps.every((t) => same(t) && same(t - 1));
}

/** Whether neither the sum nor its left shift leaves 32 bits: where they do, the engine wraps. */
export const fits32 = ({ least, largest, shift }: Channel): boolean => {
  const factor = 2 ** Math.max(0, shift);
  return least * factor >= -(2 ** 31) && largest * factor < 2 ** 31;
};
