import type { Heap } from './heap.ts';

/**
 * Solves A x = b for every row of `b` by Cholesky's factors in float64. Where A is nearly singular, the directions that it hardly knows
 * get little weight.
 *
 * @param a [n, n], symmetric and positive definite
 * @param b [count, n]
 * @returns [count, n]
 */
export function solveF64(heap: Heap, a: Float64Array, b: Float64Array): Float64Array {
  const n = Math.sqrt(a.length);
  return heap.scope(() => {
    const [l, x] = [heap.doubles(a), heap.doubles(b)];
    const scratch = heap.scratch(heap.wasm.cholesky_scratch_f64(n));
    heap.wasm.cholesky_f64(l, n, scratch);
    heap.wasm.cholesky_solve_f64(l, n, x, b.length / n, scratch);
    return heap.readDoubles(x, b.length);
  });
}

/** Lower factor L of A = L L' [n, n], symmetric and positive definite; what lies above the diagonal is A's. */
export function choleskyF64(heap: Heap, a: Float64Array): Float64Array {
  const n = Math.sqrt(a.length);
  return heap.scope(() => {
    const l = heap.doubles(a);
    heap.wasm.cholesky_f64(l, n, heap.scratch(heap.wasm.cholesky_scratch_f64(n)));
    return heap.readDoubles(l, n * n);
  });
}

/** The inverse of A [n, n], symmetric and positive definite. */
export function inverseF64(heap: Heap, a: Float64Array): Float64Array {
  const n = Math.sqrt(a.length);
  const unit = new Float64Array(n * n);
  for (let i = 0; i < n; i++) unit[i * n + i] = 1;
  return solveF64(heap, a, unit);
}

/** A least-squares problem whose columns are taken away in units. */
export interface Elimination {
  /** [n, n + out]: the inverse of the products of all pairs of columns, and beside each of its rows the column's weights. */
  readonly matrix: Float64Array;
  readonly n: number;
  readonly out: number;
  /** Columns of each unit. */
  readonly units: readonly (readonly number[])[];
}

/** Working memory of one `Elimination`, inside a scope. Units are named by their places. */
export interface Eliminating {
  /** By how much the squared error of all outputs grows when one of `left` is removed and the other columns take over what they can. */
  costs(left: Int32Array): Float64Array;
  /** Takes `unit` away; `left` are those that stay. */
  remove(unit: number, left: Int32Array): void;
}

export function eliminateF64(heap: Heap, { matrix, n, out, units }: Elimination): Eliminating {
  const { wasm } = heap;
  const ints = (values: readonly number[]) => heap.tensor('i32', [values.length], values);
  const m = heap.doubles(matrix);
  const columns = ints(units.flat());
  const starts = [0];
  for (const unit of units) starts.push(starts[starts.length - 1] + unit.length);
  const { ptr: begins } = ints(starts);
  const list = heap.tensor('i32', [units.length]);
  const found = heap.doubles(units.length);
  const widest = units.reduce((most, unit) => Math.max(most, unit.length), 0);
  const scratch = heap.scratch(wasm.eliminate_scratch_f64(n, out, widest));
  return {
    costs(left) {
      heap.write(list, left);
      wasm.eliminate_costs_f64(found, m, n, out, columns.ptr, begins, list.ptr, left.length, scratch);
      return heap.readDoubles(found, left.length);
    },
    remove(unit, left) {
      heap.write(list, left);
      wasm.eliminate_f64(m, n, out, columns.ptr, begins, list.ptr, left.length, unit, scratch);
    },
  };
}
