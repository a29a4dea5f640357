import type { Heap } from './heap.ts';

/**
 * Tables of functions that int16 kernels interpolate between. An entry is the function's value moved by half of what the
 * chord to the next entry misses in the middle, which halves the largest error. They equal CMSIS-NN's and TFLite's tables.
 */

/** e^x for |x| <= 16 by additions and products alone, so that every host gives the same; relative error below 1e-12. */
function exp(x: number): number {
  const r = x / 1024;
  let y = 1 + r * (1 + (r / 2) * (1 + (r / 3) * (1 + (r / 4) * (1 + r / 5))));
  for (let i = 0; i < 10; i++) y *= y;
  return y;
}

/** Half away from zero. */
const round = (x: number): number => Math.floor(Math.abs(x) + 0.5) * Math.sign(x);

/** 513 entries over [min, min + span], Q15, each step rounded as TFLite's `LUTPopulate` in float32. */
function table16(f: (x: number) => number, min: number, span: number): Int16Array {
  const at = (i: number) => Math.fround(f(min + (i * span) / 512)) * 32768;
  return Int16Array.from({ length: 513 }, (_, i) => {
    const value = round(at(i));
    const chord = round(Math.fround(at(i + 1) + value) / 2);
    const bias = i < 512 ? round((chord - round(at(i + 0.5))) / 2) : 0;
    return Math.min(value - bias, 32767);
  });
}

/** exp(x) for x in [-10, 0]. */
export const expTable = (): Int16Array => table16(exp, -10, 10);

/** 1 / (1 + x) for x in [0, 1]. */
export const oneOverOnePlusTable = (): Int16Array => table16((x) => 1 / (1 + x), 0, 1);

/** 65536 * sigmoid(i / 24); the last entry is the largest there is. */
export function sigmoidTable(): Uint16Array {
  const f = (i: number) => 65536 / (1 + exp(-i / 24));
  return Uint16Array.from({ length: 256 }, (_, i) =>
    i === 255 ? 65535 : round(f(i) + (f(i + 0.5) - (f(i) + f(i + 1)) / 2) / 2),
  );
}

/** Address of a table in memory of its own. */
export function place(heap: Heap, table: Int16Array | Uint16Array): number {
  return heap.tensor('i16', [table.length], new Int16Array(table.buffer)).ptr;
}
