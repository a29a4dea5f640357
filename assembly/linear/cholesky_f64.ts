// Symmetric positive definite systems in float64.
//
//   a       f64 [n, n]      its lower triangle is read and becomes the factor L of A = L L'; what lies above stays
//   b       f64 [count, n]  right-hand sides, one a row; become the solutions of L L' x = b
//   scratch cholesky_scratch_f64 bytes
//
// Where A is nearly singular a pivot is held above 0 (1e-12 of the largest diagonal number), so that the direction gets little weight.
import { LANES, backward, forward, pack_rows, unpack_rows } from "./triangular";

/** Scratch bytes of both. */
export function cholesky_scratch_f64(n: i32): i32 {
  return n * LANES;
}

// @ts-ignore: decorator
@inline
function floor_of(a: usize, n: i32): f64 {
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) largest = max(largest, load<f64>(a + ((i * n + i) << 3)));
  return max(largest * 1e-12, f64.MIN_VALUE);
}

/** L[i, j] of j = from..i, when all before them are there. */
// @ts-ignore: decorator
@inline
function finish_row(a: usize, n: i32, i: i32, from: i32, floor: f64): void {
  const row = a + ((i * n) << 3);
  for (let j = from; j <= i; j++) {
    const other = a + ((j * n) << 3);
    let sum = load<f64>(row + (j << 3));
    for (let k = 0; k < j << 3; k += 8) sum -= load<f64>(row + k) * load<f64>(other + k);
    store<f64>(row + (j << 3), i == j ? sqrt(max(sum, floor)) : sum / load<f64>(other + (j << 3)));
  }
}

/** Eight rows at a time: what lies left of their own block is a solution of the rows above. */
export function cholesky_f64(a: usize, n: i32, scratch: usize): void {
  const floor = floor_of(a, n), row = n << 3;
  for (let i = 0; i < n; i += 8) {
    const count = min(8, n - i);
    if (i > 0) {
      pack_rows(scratch, a + i * row, row, i, count);
      forward(a, row, i, scratch, 0);
      unpack_rows(a + i * row, row, scratch, i, count);
    }
    for (let r = i; r < i + count; r++) finish_row(a, n, r, i, floor);
  }
}

export function cholesky_f64_ref(a: usize, n: i32): void {
  const floor = floor_of(a, n);
  for (let i = 0; i < n; i++) finish_row(a, n, i, 0, floor);
}

export function cholesky_solve_f64(l: usize, n: i32, b: usize, count: i32, scratch: usize): void {
  const row = n << 3;
  for (let r = 0; r < count; r += 8, b += row << 3) {
    const lanes = min(8, count - r);
    pack_rows(scratch, b, row, n, lanes);
    forward(l, row, n, scratch, zero_rows(scratch, n));
    backward(l, row, n, scratch);
    unpack_rows(b, row, scratch, n, lanes);
  }
}

/** Rows of y [n][8] that are zeros, from the first on. */
function zero_rows(y: usize, n: i32): i32 {
  const end = y + n * LANES;
  let p = y;
  while (p < end && load<f64>(p) == 0) p += 8;
  return <i32>(p - y) / LANES;
}

export function cholesky_solve_f64_ref(l: usize, n: i32, b: usize, count: i32): void {
  const row = n << 3;
  for (let r = 0; r < count; r++, b += row) {
    for (let i = 0; i < n; i++) {
      let sum = load<f64>(b + (i << 3));
      for (let k = 0; k < i; k++) sum -= load<f64>(l + i * row + (k << 3)) * load<f64>(b + (k << 3));
      store<f64>(b + (i << 3), sum / load<f64>(l + i * row + (i << 3)));
    }
    for (let i = n - 1; i >= 0; i--) {
      const x = load<f64>(b + (i << 3)) / load<f64>(l + i * row + (i << 3));
      store<f64>(b + (i << 3), x);
      for (let k = 0; k < i; k++) store<f64>(b + (k << 3), load<f64>(b + (k << 3)) - load<f64>(l + i * row + (k << 3)) * x);
    }
  }
}
