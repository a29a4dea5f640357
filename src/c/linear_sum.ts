import { floorLog2 } from '../elementary.ts';
import type { AddParams } from '../wasm/elementwise_int.ts';
import { requantize } from './rescale.ts';

/**
 * A sum (or difference) of two int8 tensors as one linear form of its 65536 pairs of inputs:
 *
 *   y = clamp((first * x1 + second * x2 + constant) >> shift)
 *
 * The reference rounds five times. A linear form meets all its thresholds where a small linear program of three unknowns has a
 * solution; the integers are then checked on every pair. Scales of a simple ratio have none: ties lie on many thresholds.
 */
export interface LinearSum {
  readonly first: number;
  readonly second: number;
  readonly constant: number;
  readonly shift: number;
}

/** For every pair of inputs the output; index 256 * (x1 + 128) + x2 + 128. */
export function sumTable(p: AddParams, sign: 1 | -1): Int16Array {
  const term = (offset: number, multiplier: number, shift: number) =>
    Array.from({ length: 256 }, (_, i) => requantize((i - 128 + offset) * 2 ** p.leftShift, multiplier, shift));
  const a = term(p.x1Offset, p.x1Multiplier, p.x1Shift);
  const b = term(p.x2Offset, p.x2Multiplier, p.x2Shift);
  const table = new Int16Array(65536);
  for (let i = 0; i < 256; i++) {
    for (let j = 0; j < 256; j++) {
      const y = requantize(a[i] + sign * b[j], p.yMultiplier, p.yShift) + p.yOffset;
      table[256 * i + j] = Math.min(p.yMax, Math.max(p.yMin, y));
    }
  }
  return table;
}

/** The real factors of both inputs. */
function factors(p: AddParams, sign: 1 | -1): [number, number] {
  const out = p.yMultiplier * 2 ** (p.yShift - 31 + p.leftShift);
  return [p.x1Multiplier * 2 ** (p.x1Shift - 31) * out, sign * p.x2Multiplier * 2 ** (p.x2Shift - 31) * out];
}

/** Constraint: a * x1 + b * x2 + c is at least (or below) `bound`. */
interface Constraint {
  readonly x1: number;
  readonly x2: number;
  readonly bound: number;
}

/** How near to a step a pair must lie to bind the solution, in steps of y. */
const NEAR = 2 ** -9;

/** The form, or null where none is exact. */
export function linearSum(p: AddParams, sign: 1 | -1): LinearSum | null {
  const table = sumTable(p, sign);
  const [a, b] = factors(p, sign);
  const c = a * p.x1Offset + b * p.x2Offset + p.yOffset + 0.5;
  const above: Constraint[] = [];
  const below: Constraint[] = [];
  for (let i = 0; i < 65536; i++) {
    const [x1, x2, y] = [(i >> 8) - 128, (i & 255) - 128, table[i]];
    const rest = a * x1 + b * x2 + c - y;
    if (y > p.yMin && rest < NEAR) above.push({ x1, x2, bound: y });
    if (y < p.yMax && rest > 1 - NEAR) below.push({ x1, x2, bound: y + 1 });
  }
  const corners = [-128, 127].flatMap((x1) => [-128, 127].map((x2) => Math.abs(a * x1 + b * x2 + c)));
  const shift = Math.min(30, floorLog2(2 ** 31 / (Math.max(...corners) + 1)));
  const form = onGrid(above, below, widest(above, below, a, b), shift);
  return form && isExact(form, table, p.yMin, p.yMax) ? form : null;
}

/** How far from the solution integers are tried, in both directions. */
const TRIED = [0, 1, -1, 2, -2];

/** The integer factors near the solution that leave the constant the widest interval. */
function onGrid(
  above: readonly Constraint[],
  below: readonly Constraint[],
  [a, b]: readonly [number, number],
  shift: number,
): LinearSum | null {
  const scale = 2 ** shift;
  let best: LinearSum | null = null;
  let width = 0;
  for (const da of TRIED) {
    for (const db of TRIED) {
      const first = Math.round(a * scale) + da;
      const second = Math.round(b * scale) + db;
      const { low, high } = interval(above, below, first / scale, second / scale);
      if (high - low <= width) continue;
      width = high - low;
      best = { first, second, constant: Math.ceil(((low + high) / 2) * scale - 0.5), shift };
    }
  }
  return best;
}

/** The constants that meet all constraints at given factors: from `low` to before `high`. */
function interval(above: readonly Constraint[], below: readonly Constraint[], a: number, b: number) {
  let low = -Infinity;
  let high = Infinity;
  for (const { x1, x2, bound } of above) low = Math.max(low, bound - a * x1 - b * x2);
  for (const { x1, x2, bound } of below) high = Math.min(high, bound - a * x1 - b * x2);
  return { low, high };
}

/** Factors near `a`, `b` that leave the constant the widest interval: its width is a concave function of both. */
function widest(above: readonly Constraint[], below: readonly Constraint[], a: number, b: number): [number, number] {
  const width = (x: number, y: number) => {
    const { low, high } = interval(above, below, x, y);
    return high - low;
  };
  const reach = NEAR / 256;
  const best = (at: number, value: (x: number) => number): number => {
    let [low, high] = [at - reach, at + reach];
    for (let i = 0; i < 40; i++) {
      const [one, two] = [low + (high - low) / 3, high - (high - low) / 3];
      if (value(one) < value(two)) low = one;
      else high = two;
    }
    return (low + high) / 2;
  };
  const second = (x: number) => best(b, (y) => width(x, y));
  const first = best(a, (x) => width(x, second(x)));
  return [first, second(first)];
}

/** The sum of a pair, before the shift. */
export const sumOf = ({ first, second, constant }: LinearSum, x1: number, x2: number): number =>
  first * x1 + second * x2 + constant;

function isExact(form: LinearSum, table: Int16Array, yMin: number, yMax: number): boolean {
  const scale = 2 ** form.shift;
  for (let i = 0; i < 65536; i++) {
    const sum = sumOf(form, (i >> 8) - 128, (i & 255) - 128);
    if (sum >= 2 ** 31 || sum < -(2 ** 31)) return false;
    if (Math.min(yMax, Math.max(yMin, Math.floor(sum / scale))) !== table[i]) return false;
  }
  return true;
}

/** Outputs by x1 + x2 + 256 where nothing else of a pair matters (both inputs have one scale), or null. */
export function tableOfSums(table: Int16Array, sign: 1 | -1): Int8Array | null {
  const found = new Array<number | undefined>(512);
  for (let i = 0; i < 65536; i++) {
    const at = (i >> 8) - 128 + sign * ((i & 255) - 128) + 256;
    found[at] ??= table[i];
    if (found[at] !== table[i]) return null;
  }
  return Int8Array.from(found, (v) => v ?? 0);
}

/** The same in C, of `x1[i]` and `x2[i]`. */
export const sumText = ({ first, second, constant }: LinearSum): string =>
  `((x1[i] * (${first})) + (x2[i] * (${second})) + (${constant}))`;
