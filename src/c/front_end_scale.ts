/** Features of 16 bits as integers of a network's input: (q * factor + offset) >> shift, equal to the float32 arithmetic of the engine at every q. */
import { CompressError } from '../errors.ts';

export interface Lines {
  readonly factor: number;
  readonly offset: bigint;
  readonly shift: number;
}

const [LEAST, GREATEST] = [-32768, 32767];
/** Of factors, beside the sign. */
const BITS = 30;

/** A feature's integer, which rises with q. */
export interface Converter {
  readonly convert: (q: number) => number;
  /** Integers a unit of q, where they are not cut. */
  readonly slope: number;
}

/**
 * @param all for each feature its integer of min..max
 * @returns a line for each, with one shift
 * @throws CompressError `unsupported` where no line meets every step
 */
export function linesThrough(all: readonly Converter[], min: number, max: number): Lines[] {
  const steepest = Math.max(...all.map((c) => c.slope));
  let shift = 0;
  while (shift < 40 && steepest * 2 ** (shift + 1) < 2 ** BITS) shift++;
  return all.map((c) => lineThrough(c, shift, min, max));
}

/** The least q with f(q) >= value; above all of them where there is none. */
function firstAbove(f: (q: number) => number, value: number): number {
  let [low, high] = [LEAST, GREATEST + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (f(middle) >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function lineThrough({ convert: f, slope }: Converter, shift: number, min: number, max: number): Lines {
  const steps = Array.from({ length: max - min }, (_, j) => ({ value: min + 1 + j, at: firstAbove(f, min + 1 + j) }));
  const one = 1n << BigInt(shift);
  const about = Math.round(slope * 2 ** shift);
  for (const change of CHANGES) {
    const factor = about + Math.round(about * change);
    // at `at` the line has reached the value, before it has not
    let [least, most] = [-(1n << 62n), 1n << 62n];
    for (const { value, at } of steps) {
      const reach = BigInt(value) * one;
      if (at <= GREATEST) least = larger(least, reach - BigInt(at) * BigInt(factor));
      if (at > LEAST) most = smaller(most, reach - BigInt(at - 1) * BigInt(factor) - 1n);
    }
    if (least <= most) return { factor, offset: (least + most) >> 1n, shift };
  }
  throw new CompressError(
    'unsupported',
    'the features have no integer scale that meets the float arithmetic of the model everywhere',
    'state --mean and --std with other digits, or quantize the model again',
  );
}

/** Relative: float32 rounds here and there. */
const CHANGES = [0, ...Array.from({ length: 64 }, (_, i) => ((i % 2 ? -1 : 1) * Math.ceil((i + 1) / 2)) / 2 ** 26)];

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
