/**
 * Non-negative least squares, min |A x - b| with x >= 0 (Lawson and Hanson, "Solving Least Squares Problems", 1974, chapter 23).
 * Columns are scaled to unit length first; `ridge` (relative) keeps nearly parallel columns apart.
 *
 * @param from a point to start at, all above 0: near the result few steps are left
 */
export function nnls(
  rows: readonly (readonly number[])[],
  b: readonly number[],
  ridge = 1e-9,
  from: readonly number[] = [],
): number[] {
  const n = rows[0].length;
  const scale = Array.from({ length: n }, (_, j) => Math.sqrt(rows.reduce((s, r) => s + r[j] * r[j], 0)) || 1);
  const gram = Array.from({ length: n }, () => new Float64Array(n));
  const target = new Float64Array(n);
  rows.forEach((r, i) => {
    for (let j = 0; j < n; j++) {
      if (!r[j]) continue;
      target[j] += (r[j] / scale[j]) * b[i];
      for (let k = 0; k < n; k++) gram[j][k] += (r[j] / scale[j]) * (r[k] / scale[k]);
    }
  });
  for (let j = 0; j < n; j++) gram[j][j] += ridge;
  const x = new Float64Array(n);
  const active: number[] = [];
  from.forEach((v, j) => {
    if (!(v > 0)) return;
    x[j] = v * scale[j];
    active.push(j);
  });
  const gradient = (j: number) => target[j] - gram[j].reduce((s, g, k) => s + g * x[k], 0);
  /** Goes to the least error of the active ones, without those that would fall below 0. */
  const settle = (): void => {
    for (;;) {
      const z = solve(
        active.map((j) => active.map((k) => gram[j][k])),
        active.map((j) => target[j]),
      );
      const bad = z.findIndex((v) => v <= 0);
      if (bad < 0) {
        active.forEach((j, i) => {
          x[j] = z[i];
        });
        return;
      }
      let step = 1;
      z.forEach((v, i) => {
        if (v <= 0) step = Math.min(step, x[active[i]] / (x[active[i]] - v));
      });
      active.forEach((j, i) => {
        x[j] += step * (z[i] - x[j]);
      });
      for (let i = active.length - 1; i >= 0; i--) {
        if (x[active[i]] > 1e-14) continue;
        x[active[i]] = 0;
        active.splice(i, 1);
      }
    }
  };
  settle();
  for (let round = 0; round < 10 * n; round++) {
    let best = -1;
    let most = 1e-9 * Math.max(...target.map(Math.abs));
    for (let j = 0; j < n; j++) {
      if (active.includes(j)) continue;
      const g = gradient(j);
      if (g > most) {
        most = g;
        best = j;
      }
    }
    if (best < 0) break;
    active.push(best);
    settle();
  }
  return Array.from(x, (v, j) => v / scale[j]);
}

/** Gauss with pivots. */
function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  const m = matrix.map((r, i) => [...r, right[i]]);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(m[r][c]) > Math.abs(m[pivot][c])) pivot = r;
    [m[c], m[pivot]] = [m[pivot], m[c]];
    for (let r = c + 1; r < n; r++) {
      const f = m[r][c] / m[c][c];
      if (f) for (let k = c; k <= n; k++) m[r][k] -= f * m[c][k];
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    let s = m[r][n];
    for (let k = r + 1; k < n; k++) s -= m[r][k] * x[k];
    x[r] = s / m[r][r];
  }
  return x;
}
