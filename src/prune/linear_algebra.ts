/** Dense symmetric systems in float64, row by row. Fixed order of operations, so the same bytes everywhere. */

/**
 * Lower factor L of A = L L' (Cholesky), A [n, n] symmetric and positive definite. Where it is nearly singular the pivot is held above 0,
 * and the direction gets little weight.
 */
export function cholesky(a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, a[i * n + i]);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      if (i === j) l[i * n + i] = Math.sqrt(Math.max(sum, largest * 1e-12, Number.MIN_VALUE));
      else l[i * n + j] = sum / l[j * n + j];
    }
  }
  return l;
}

/** x of L L' x = b; `b` becomes x. */
export function solveInPlace(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= l[i * n + k] * b[k];
    b[i] = sum / l[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    b[i] /= l[i * n + i];
    for (let k = 0; k < i; k++) b[k] -= l[i * n + k] * b[i];
  }
}

/** Inverse of A [n, n], symmetric and positive definite. */
export function inverse(a: Float64Array, n: number): Float64Array {
  const l = cholesky(a, n);
  // Rows of K = inverse of L, then K' K.
  const k = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let m = 0; m < i; m++) {
      const f = l[row + m];
      if (f === 0) continue;
      for (let j = 0; j <= m; j++) k[row + j] -= f * k[m * n + j];
    }
    for (let j = 0; j < i; j++) k[row + j] /= l[row + i];
    k[row + i] = 1 / l[row + i];
  }
  const out = new Float64Array(n * n);
  for (let m = 0; m < n; m++) {
    for (let i = 0; i <= m; i++) {
      const f = k[m * n + i];
      if (f === 0) continue;
      for (let j = 0; j <= i; j++) out[i * n + j] += f * k[m * n + j];
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out[j * n + i] = out[i * n + j];
  return out;
}
