import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { eliminateF64, inverseF64, solveF64 } from '../../src/wasm/linear_f64.ts';

const heap = await Heap.open();
const { wasm } = heap;

const numbers = (n: number, purpose: string): Float64Array => {
  const random = createRandom(1, `test/${purpose}`);
  return Float64Array.from({ length: n }, () => random.uniform() - 0.5);
};

/** R R' and something on the diagonal. */
function positive(n: number, more = 1): Float64Array {
  const root = numbers(n * n, `root ${n}`);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) a[i * n + j] += root[i * n + k] * root[j * n + k];
    }
    a[i * n + i] += more;
  }
  return a;
}

const times = (a: Float64Array, x: Float64Array): Float64Array =>
  x.map((_, i) => x.reduce((s, v, k) => s + a[i * x.length + k] * v, 0));

/** Doubles between two fences. */
function fenced(values: Float64Array) {
  const fence = new Float64Array(8).fill(-1e300);
  const ptr = heap.doubles(Float64Array.from([...fence, ...values, ...fence]));
  return {
    ptr: ptr + 64,
    read() {
      const all = heap.readDoubles(ptr, values.length + 16);
      assert.equal([...all.slice(0, 8), ...all.slice(-8)], [...fence, ...fence], 'numbers outside were written');
      return all.slice(8, -8);
    },
  };
}

const SIZES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 50];

for (const n of SIZES) {
  test(`${n} unknowns: the factor and the solutions are those of the plain kernels, bit for bit`, () => {
    for (const count of [1, 7, 8, 9, 25]) {
      heap.scope(() => {
        const [a, plain] = [fenced(positive(n)), fenced(positive(n))];
        const scratch = fenced(new Float64Array(wasm.cholesky_scratch_f64(n) / 8));
        wasm.cholesky_f64(a.ptr, n, scratch.ptr);
        wasm.cholesky_f64_ref(plain.ptr, n);
        assert.equal(a.read(), plain.read());
        const b = numbers(count * n, 'right');
        b.fill(0, 0, Math.floor(n / 2)); // zeros at the beginning are passed over
        const [x, y] = [fenced(b), fenced(b)];
        wasm.cholesky_solve_f64(a.ptr, n, x.ptr, count, scratch.ptr);
        wasm.cholesky_solve_f64_ref(plain.ptr, n, y.ptr, count);
        assert.equal(x.read(), y.read());
        scratch.read();
      });
    }
  });

  test(`${n} unknowns: A x = b, and the inverse of A`, () => {
    const a = positive(n);
    const x = numbers(n, 'unknowns');
    // Conditions are below 1e3: 1e-12 of float64's 1e-16 are lost.
    const near = (y: Float64Array) =>
      assert.ok(
        y.every((v, i) => Math.abs(v - x[i]) < 1e-12),
        `${y}, not ${x}`,
      );
    const used = heap.used;
    near(solveF64(heap, a, times(a, x)));
    near(times(inverseF64(heap, a), times(a, x)));
    assert.is(heap.used, used);
  });
}

test('only the lower triangle is read; every right-hand side is solved for itself', () => {
  const n = 12;
  const a = positive(n);
  const lower = a.map((v, k) => (k % n > Math.floor(k / n) ? Number.NaN : v));
  const b = numbers(3 * n, 'three');
  const all = solveF64(heap, lower, b);
  for (let r = 0; r < 3; r++) assert.equal(all.slice(r * n, (r + 1) * n), solveF64(heap, a, b.slice(r * n, (r + 1) * n)));
});

test('a singular system has finite solutions', () => {
  const a = new Float64Array(16).fill(1);
  assert.ok(solveF64(heap, a, Float64Array.of(1, 1, 1, 1)).every(Number.isFinite));
  assert.ok(solveF64(heap, new Float64Array(16), new Float64Array(4)).every(Number.isFinite));
});

for (const [n, out, units] of [
  [6, 3, [[0], [1], [2], [4]]],
  [
    9,
    8,
    [
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ],
  ],
  [20, 11, [[0], [], [5, 6, 7, 8, 9, 10, 11, 12, 13], [1, 2], [14, 19]]],
  [40, 17, Array.from({ length: 10 }, (_, u) => [u, u + 10, u + 20])],
] as [number, number, number[][]][]) {
  test(`${n} columns in ${units.length} units: costs and eliminations are those of the plain kernels`, () => {
    heap.scope(() => {
      const p = inverseF64(heap, positive(n));
      const w = numbers(n * out, 'weights');
      const matrix = Float64Array.from({ length: n * (n + out) }, (_, k) => {
        const [row, column] = [Math.floor(k / (n + out)), k % (n + out)];
        return column < n ? p[row * n + column] : w[row * out + column - n];
      });
      const [fast, plain] = [fenced(matrix), fenced(matrix)];
      const widest = Math.max(...units.map((u) => u.length));
      const scratch = fenced(new Float64Array(wasm.eliminate_scratch_f64(n, out, widest) / 8));
      const ints = (values: number[]) => heap.tensor('i32', [values.length], values).ptr;
      const columns = ints(units.flat());
      const starts = ints(units.reduce((all: number[], u) => all.concat(all[all.length - 1] + u.length), [0]));
      const [costs, want] = [fenced(new Float64Array(units.length)), fenced(new Float64Array(units.length))];
      for (let gone = 0; gone < units.length - 1; gone++) {
        const left = units.map((_, u) => u).filter((u) => u > gone);
        const list = ints(left);
        wasm.eliminate_f64(fast.ptr, n, out, columns, starts, list, left.length, gone, scratch.ptr);
        wasm.eliminate_f64_ref(plain.ptr, n, out, columns, starts, list, left.length, gone, scratch.ptr);
        assert.equal(fast.read(), plain.read());
        wasm.eliminate_costs_f64(costs.ptr, fast.ptr, n, out, columns, starts, list, left.length, scratch.ptr);
        wasm.eliminate_costs_f64_ref(want.ptr, plain.ptr, n, out, columns, starts, list, left.length, scratch.ptr);
        const expected = want.read();
        // Sums of squares in another order.
        for (const [i, c] of costs.read().entries()) {
          assert.ok(Math.abs(c - expected[i]) <= 1e-13 * expected[i], `${c}, not ${expected[i]}`);
        }
        scratch.read();
      }
    });
  });
}

test('what a unit costs is what least squares without its columns loses; what stays is that least squares', () => {
  const [n, out] = [10, 3];
  const units = [
    [0, 5],
    [1, 6],
    [2, 7],
    [3, 8],
  ];
  const h = positive(n, 0.1);
  const w = numbers(out * n, 'weights'); // [out, n]
  /** The nearest weights with `gone` at 0, and their error. */
  const fitted = (gone: readonly number[]) => {
    const stays = [...Array(n).keys()].filter((k) => !gone.includes(k));
    const among = Float64Array.from(stays.flatMap((i) => stays.map((j) => h[i * n + j])));
    let lost = 0;
    const rows = Array.from({ length: out }, (_, o) => {
      const row = w.slice(o * n, (o + 1) * n);
      const right = times(h, row);
      const x = solveF64(
        heap,
        among,
        Float64Array.from(stays, (k) => right[k]),
      );
      const full = new Float64Array(n);
      for (const [i, k] of stays.entries()) full[k] = x[i];
      const d = full.map((v, k) => v - row[k]);
      lost += times(h, d).reduce((s, v, k) => s + v * d[k], 0);
      return full;
    });
    return { rows, lost };
  };
  heap.scope(() => {
    const p = inverseF64(heap, h);
    const matrix = Float64Array.from({ length: n * (n + out) }, (_, k) => {
      const [row, column] = [Math.floor(k / (n + out)), k % (n + out)];
      return column < n ? p[row * n + column] : w[(column - n) * n + row];
    });
    const running = eliminateF64(heap, { matrix, n, out, units });
    let total = 0;
    for (let unit = 0; unit < 3; unit++) {
      const [cost] = running.costs(Int32Array.of(unit));
      total += cost;
      const { lost } = fitted(units.slice(0, unit + 1).flat());
      assert.ok(Math.abs(total - lost) < 1e-10, `${total}, not ${lost}`);
      running.remove(unit, Int32Array.from([1, 2, 3].filter((u) => u > unit)));
    }
  });
});

test.run();
