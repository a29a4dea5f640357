/** Columns of least squares brought to values that they may have, one after another. */
import type { Heap } from '../wasm/heap.ts';
import { choleskyF64, inverseF64 } from '../wasm/linear_f64.ts';

export interface Settling {
  /** [n, n]: means of the products of what is read, with a ridge. */
  readonly h: Float64Array;
  readonly n: number;
  /** [rows, n]: what comes nearest. */
  readonly target: Float64Array;
  /** Columns from here on may have any value (the bias). */
  readonly columns: number;
  /** The value that a row's column gets where it should be `value`. */
  readonly allow: (row: number, column: number, value: number) => number;
}

/**
 * Rows of allowed values: each column takes the allowed value next to it, and those after it take over what that changes, so that
 * (W - T) H (W - T)' stays small. Columns that matter most go first (Frantar et al., "GPTQ", 2023, and "SparseGPT", 2023).
 */
export function settled(heap: Heap, { h, n, target, columns, allow }: Settling): Float64Array {
  const order = Array.from({ length: columns }, (_, k) => k).sort((a, b) => h[b * n + b] - h[a * n + a] || a - b);
  for (let k = columns; k < n; k++) order.push(k);
  const u = transposed(choleskyF64(heap, permuted(inverseF64(heap, h), order)), n);
  const rows = target.length / n;
  const found = new Float64Array(target.length);
  const left = new Float64Array(n);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) left[i] = target[row * n + order[i]];
    for (let i = 0; i < n; i++) {
      const column = order[i];
      const value = column < columns ? allow(row, column, left[i]) : left[i];
      found[row * n + column] = value;
      const error = (left[i] - value) / u[i * n + i];
      if (error !== 0) for (let k = i + 1, at = i * n + k; k < n; k++, at++) left[k] -= error * u[at];
    }
  }
  return found;
}

function permuted(a: Float64Array, order: readonly number[]): Float64Array {
  const n = order.length;
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) out[i * n + k] = a[order[i] * n + order[k]];
  return out;
}

function transposed(a: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) out[k * n + i] = a[i * n + k];
  return out;
}
