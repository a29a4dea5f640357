/**
 * Solutions x of A x = b for several b, A symmetric and positive definite, by Cholesky's factors. Fixed order of operations, so the
 * same bytes everywhere. Where A is nearly singular the pivot is held above 0, and the direction gets little weight.
 */
export function solve(a: readonly Float64Array[], right: readonly Float64Array[]): Float64Array[] {
  const n = a.length;
  const l = a.map((row) => Float64Array.from(row));
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, a[i][i]);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) for (let i = j; i < n; i++) l[i][j] -= l[i][k] * l[j][k];
    const pivot = Math.sqrt(Math.max(l[j][j], largest * 1e-12, Number.MIN_VALUE));
    for (let i = j; i < n; i++) l[i][j] /= pivot;
    l[j][j] = pivot;
  }
  return right.map((b) => {
    const x = Float64Array.from(b);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) x[i] -= l[i][k] * x[k];
      x[i] /= l[i][i];
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) x[i] -= l[k][i] * x[k];
      x[i] /= l[i][i];
    }
    return x;
  });
}
