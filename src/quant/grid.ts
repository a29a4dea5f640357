/** Whole steps of scales, and the choice among them by what a layer answers. */
import type { Tensor } from '../graph/graph.ts';
import { leastWeightScale } from '../ops/requant.ts';
import { settled } from '../prune/settle.ts';
import type { QuantizeOptions } from '../stage.ts';
import type { Heap } from '../wasm/heap.ts';
import { weightRange } from '../wasm/stats.ts';

export type Rounding = QuantizeOptions['rounding'];

/** The weights of a layer that are to be rounded. */
export interface RoundedLayer {
  /** With its record. */
  readonly weights: Tensor;
  readonly bias: number;
  /** Scale of the input. */
  readonly input: number;
  readonly rounding: Rounding;
}

/** Sweeps over the weights of a layer, at most. */
const SWEEPS = 20;

/** Values that a weight may have: whole steps of its scale, and 0 where a mask says so. */
export interface Grid {
  readonly step: (row: number) => number;
  readonly low: number;
  readonly high: number;
  readonly isFixed: (row: number, column: number) => boolean;
}

export function gridOf({ weights: { quant, mask } }: RoundedLayer, place: (row: number, column: number) => number): Grid {
  const [low, high] = weightRange(quant!.bits as 4 | 8);
  const { scales } = quant!;
  return {
    step: (row) => scales[row % scales.length],
    low,
    high,
    isFixed: (row, column) => mask !== undefined && mask[place(row, column)] === 0,
  };
}

export interface Problem {
  readonly h: Float64Array;
  readonly n: number;
  readonly target: Float64Array;
  readonly columns: number;
}

export function rounded(heap: Heap, problem: Problem, grid: Grid, rounding: Rounding, first = 0): Float64Array {
  const { step, low, high, isFixed } = grid;
  const allow = (row: number, column: number, value: number) => {
    const s = step(first + row);
    return isFixed(first + row, column) ? 0 : s * Math.max(low, Math.min(high, Math.round(value / s)));
  };
  const rows = settled(heap, { ...problem, allow });
  return rounding === 'learned' ? descended(rows, problem, grid, first) : rows;
}

/** Single weights move by a step while that lowers (W - T) H (W - T)', the bias always being the best for them. */
function descended(
  rows: Float64Array,
  { h, n, target, columns }: Problem,
  { step, low, high, isFixed }: Grid,
  first: number,
): Float64Array {
  const c = withoutBias(h, n, columns);
  const found = rows.slice();
  const off = new Float64Array(columns);
  const pull = new Float64Array(columns);
  for (let row = 0; row * n < rows.length; row++) {
    const s = step(first + row);
    for (let i = 0; i < columns; i++) off[i] = found[row * n + i] - target[row * n + i];
    for (let i = 0; i < columns; i++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += c[i * columns + k] * off[k];
      pull[i] = sum;
    }
    for (let sweep = 0, moved = true; moved && sweep < SWEEPS; sweep++) {
      moved = false;
      for (let i = 0; i < columns; i++) {
        const by = pull[i] > 0 ? -s : s;
        const q = Math.round((found[row * n + i] + by) / s);
        if (s * c[i * columns + i] >= 2 * Math.abs(pull[i]) * (1 - 1e-9) || q < low || q > high || isFixed(first + row, i))
          continue;
        found[row * n + i] = s * q;
        for (let k = 0; k < columns; k++) pull[k] += by * c[i * columns + k];
        moved = true;
      }
    }
    if (columns === n) continue;
    let shift = 0;
    for (let i = 0; i < columns; i++) shift += h[columns * n + i] * (found[row * n + i] - target[row * n + i]);
    found[row * n + columns] = target[row * n + columns] - shift / h[columns * n + columns];
  }
  return found;
}

/** What is left of H for the weights where the bias takes over all that it can. */
function withoutBias(h: Float64Array, n: number, columns: number): Float64Array {
  const c = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let k = 0; k < columns; k++) {
      const shared = columns < n ? (h[i * n + columns] * h[k * n + columns]) / h[columns * n + columns] : 0;
      c[i * columns + k] = h[i * n + k] - shared;
    }
  }
  return c;
}

/** Whether the new bias fits 32 bits beside the scales. */
export function fits(changed: readonly [number, Tensor][], { weights: { quant }, bias, input }: RoundedLayer): boolean {
  const tensor = changed.find(([t]) => t === bias)?.[1] ?? null;
  const least = leastWeightScale(tensor, input, quant!.axis !== null);
  return quant!.scales.every((s, c) => s >= least(c));
}
