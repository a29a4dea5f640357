import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../../src/graph/graph.ts';
import { type KernelCall, OPS, type OperatorCall, type PlacedOperand } from '../../src/ops/index.ts';
import { stepOf } from '../../src/run/kernel_step.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const all = Int8Array.from({ length: 256 }, (_, i) => i - 128);

function operand(dtype: DType, shape: number[], scale: number, zero: number, values?: ArrayLike<number>): PlacedOperand {
  const quant = { bits: dtype === 'i16' ? 16 : 8, scales: [Math.fround(scale)], zeros: [zero], axis: null } as const;
  return { ...heap.tensor(dtype, shape, values), quant, data: null };
}

/** The step of an operator on integers. */
const stepFor = (op: string, call: OperatorCall<unknown, PlacedOperand>) =>
  stepOf(heap, OPS[op].lower!(call) as KernelCall<PlacedOperand>);

const real = (o: PlacedOperand, q: number) => o.quant!.scales[0] * (q - o.quant!.zeros[0]);

/** The integer cell of an operator against its definition in real numbers, within `steps` of the output's scale. */
function agrees(op: string, attrs: unknown, xs: PlacedOperand[], y: PlacedOperand, f: (at: number) => number, steps: number) {
  stepFor(op, { x: xs, y: [y], attrs })();
  heap.read(y).forEach((q, i) => {
    const [min, max] = y.dtype === 'i16' ? [-32768, 32767] : [-128, 127];
    const wanted = Math.max(min, Math.min(max, f(i) / y.quant!.scales[0] + y.quant!.zeros[0]));
    assert.ok(Math.abs(Number(q) - wanted) <= steps, `${op}[${i}]: ${q}, ${wanted} wanted`);
  });
}

/** Small integers are rounded twice, by 1/2 and then by 1/4 of a step. */
const unary: [string, object, number, number, (x: number) => number, number][] = [
  ['logistic', {}, 1 / 256, -128, (x) => 1 / (1 + Math.exp(-x)), 1],
  ['tanh', {}, 1 / 128, 0, Math.tanh, 1],
  ['hardSwish', {}, 0.04, -100, (x) => (x * Math.max(0, Math.min(6, x + 3))) / 6, 1.6],
  ['leakyRelu', { alpha: 0.1 }, 0.03, -20, (x) => (x > 0 ? x : 0.1 * x), 0.76],
  ['relu', {}, 0.03, -128, (x) => Math.max(x, 0), 0.76],
  ['relu6', {}, 0.025, -128, (x) => Math.max(0, Math.min(6, x)), 0.76],
];

for (const [op, attrs, scale, zero, f, steps] of unary) {
  for (const [xScale, xZero] of [
    [0.05, 3],
    [0.011, -128],
    [0.2, 127],
  ]) {
    test(`${op} s8 of scale ${xScale} is the function, within ${steps} steps`, () =>
      heap.scope(() => {
        const x = operand('i8', [256], xScale, xZero, all);
        agrees(op, attrs, [x], operand('i8', [256], scale, zero), (i) => f(real(x, all[i])), steps);
      }));
  }
}

test('sigmoid and tanh s16 are the functions, within 4 steps of 2^-15', () => {
  const values = Int16Array.from({ length: 4096 }, (_, i) => i * 16 - 32768);
  for (const scale of [2 ** -12, 2 ** -11, 0.0003]) {
    heap.scope(() => {
      const x = operand('i16', [4096], scale, 0, values);
      agrees('logistic', {}, [x], operand('i16', [4096], 2 ** -15, 0), (i) => 1 / (1 + Math.exp(-real(x, values[i]))), 4);
      agrees('tanh', {}, [x], operand('i16', [4096], 2 ** -15, 0), (i) => Math.tanh(real(x, values[i])), 8);
    });
  }
});

test('leaky relu s16 is the function, within 0.76 steps', () =>
  heap.scope(() => {
    const values = Int16Array.from({ length: 512 }, (_, i) => i * 128 - 32768);
    const x = operand('i16', [512], 0.0003, 0, values);
    const f = (v: number) => (v > 0 ? v : 0.1 * v);
    agrees('leakyRelu', { alpha: 0.1 }, [x], operand('i16', [512], 0.0004, 0), (i) => f(real(x, values[i])), 0.76);
  }));

/** Types that rows which write over their first input may turn into each other: of one size. */
const SAME_SIZE = [
  ['i8', 'i8'],
  ['i16', 'i16'],
  ['u8', 'i8'],
  ['i8', 'u8'],
] as const;

for (const [op, row] of Object.entries(OPS)) {
  if (row.memory !== 'in-place' || !row.lower) continue;
  test(`${op}: may write over its first input`, () => {
    let tried = 0;
    for (const [from, to] of SAME_SIZE) {
      if (from !== to && op !== 'quantize') continue;
      if (from === 'i16' && (op === 'hardSwish' || op === 'logSoftmax')) continue;
      heap.scope(() => {
        const [low, step] = from === 'i16' ? [-32768, 256] : [from === 'u8' ? 0 : -128, 1];
        const values = Array.from({ length: 256 }, (_, i) => low + i * step);
        const make = (order = values) => operand(from, [16, 16], 0.02, 0, order);
        const attrs = { activation: 'none', alpha: 0.2, beta: 1 };
        const xs = [make(), make([...values].reverse())].slice(0, row.operands);
        const y = operand(to, [16, 16], 0.05, 0);
        stepFor(op, { x: xs, y: [y], attrs })();
        const over = { ...y, ptr: xs[0].ptr };
        stepFor(op, { x: xs, y: [over], attrs })();
        assert.equal(heap.read(over), heap.read(y), `${from} to ${to}`);
        tried++;
      });
    }
    assert.ok(tried > 0);
  });
}

test('a type that a kernel is not made for is refused', () =>
  heap.scope(() => {
    const x = operand('u8', [4], 0.1, 128, [1, 2, 3, 4]);
    const cells: [string, object][] = [
      ['logistic', {}],
      ['hardSwish', {}],
      ['leakyRelu', { alpha: 0.1 }],
      ['add', { activation: 'none' }],
      ['maximum', {}],
    ];
    for (const [op, attrs] of cells) {
      assert.throws(() => stepFor(op, { x: [x, x], y: [operand('u8', [4], 0.1, 128)], attrs }), /is not made for u8/);
    }
  }));

test('add, sub and mul with broadcast', () =>
  heap.scope(() => {
    const a = operand('i8', [2, 8, 16], 0.05, 10, [...all]);
    const b = operand('i8', [1, 1, 16], 0.02, -7, all.subarray(100, 116));
    const f = {
      add: (p: number, q: number) => p + q,
      sub: (p: number, q: number) => p - q,
      mul: (p: number, q: number) => p * q,
    };
    for (const [op, g] of Object.entries(f)) {
      const y = operand('i8', [2, 8, 16], 0.06, 5);
      agrees(op, { activation: 'none' }, [a, b], y, (i) => g(real(a, all[i]), real(b, all[100 + (i % 16)])), 0.51);
    }
  }));

test('mean over axes that are neighbours and that are not', () =>
  heap.scope(() => {
    const x = operand('i8', [2, 4, 4, 8], 0.05, 3, [...all]);
    const mean = (kept: (n: number[]) => boolean) => {
      let [sum, n] = [0, 0];
      all.forEach((q, i) => {
        const at = [i >> 7, (i >> 5) & 3, (i >> 3) & 3, i & 7];
        if (kept(at)) [sum, n] = [sum + real(x, q), n + 1];
      });
      return sum / n;
    };
    agrees(
      'mean',
      { axes: [1, 2], keepDims: false },
      [x],
      operand('i8', [2, 8], 0.03, 9),
      (i) => mean(([n, , , c]) => n === i >> 3 && c === (i & 7)),
      0.51,
    );
    agrees(
      'mean',
      { axes: [1, 3], keepDims: false },
      [x],
      operand('i8', [2, 4], 0.03, 9),
      (i) => mean(([n, , w]) => n === i >> 2 && w === (i & 3)),
      0.51,
    );
  }));

test('matrix product with either side transposed', () => {
  for (const adjX of [false, true]) {
    for (const adjY of [false, true]) {
      heap.scope(() => {
        const [rows, columns, depth] = [3, 5, 7];
        const a = operand('i8', adjX ? [2, depth, rows] : [2, rows, depth], 0.05, 3, all.subarray(0, 42));
        const b = operand('i8', adjY ? [1, columns, depth] : [1, depth, columns], 0.04, -9, all.subarray(70, 105));
        const at = (n: number, i: number, k: number) => real(a, all[n * 21 + (adjX ? k * rows + i : i * depth + k)]);
        const bt = (k: number, j: number) => real(b, all[70 + (adjY ? j * depth + k : k * columns + j)]);
        agrees(
          'batchMatmul',
          { adjX, adjY },
          [a, b],
          operand('i8', [2, rows, columns], 0.6, -3),
          (i) => {
            const [n, r, c] = [Math.floor(i / 15), Math.floor(i / 5) % 3, i % 5];
            let sum = 0;
            for (let k = 0; k < depth; k++) sum += at(n, r, k) * bt(k, c);
            return sum;
          },
          0.51,
        );
      });
    }
  }
});

test('resize: known values', () =>
  heap.scope(() => {
    const x = operand('i8', [1, 2, 2, 1], 1, 0, [0, 40, 80, 120]);
    const y = operand('i8', [1, 4, 4, 1], 1, 0);
    const run = (op: string, alignCorners: boolean, halfPixelCenters: boolean) => {
      stepFor(op, { x: [x], y: [y], attrs: { size: [4, 4], alignCorners, halfPixelCenters } })();
      return [...heap.read(y)].map(Number);
    };
    const rows = (a: number[], b: number[], c: number[], d: number[]) => [...a, ...b, ...c, ...d];
    assert.equal(
      run('resizeNearest', false, false),
      rows([0, 0, 40, 40], [0, 0, 40, 40], [80, 80, 120, 120], [80, 80, 120, 120]),
    );
    assert.equal(
      run('resizeBilinear', false, false),
      rows([0, 20, 40, 40], [40, 60, 80, 80], [80, 100, 120, 120], [80, 100, 120, 120]),
    );
    assert.equal(
      run('resizeBilinear', false, true),
      rows([0, 10, 30, 40], [20, 30, 50, 60], [60, 70, 90, 100], [80, 90, 110, 120]),
    );
    assert.equal(
      run('resizeBilinear', true, false),
      rows([0, 13, 27, 40], [27, 40, 53, 67], [53, 67, 80, 93], [80, 93, 107, 120]),
    );
  }));

test('QUANTIZE from 32 to 16 and 8 bits, and from 8 to 32', () =>
  heap.scope(() => {
    const agreeing = (x: PlacedOperand, y: PlacedOperand) => {
      const values = heap.read(x);
      agrees('quantize', {}, [x], y, (i) => real(x, Number(values[i])), 0.76);
    };
    const wide = (dtype: DType) =>
      operand(
        dtype,
        [512],
        3e-5,
        0,
        Int32Array.from({ length: 512 }, (_, i) => (i - 256) * 4001),
      );
    agreeing(wide('i32'), operand('i16', [512], 0.001, 0));
    agreeing(wide('i32'), operand('i8', [512], 0.3, -7));
    agrees32(operand('i8', [256], 0.02, 5, all));
  }));

/** 8-bit numbers in steps of 32 bits. */
function agrees32(x: PlacedOperand) {
  const y = operand('i32', [256], 1e-6, 0);
  stepFor('quantize', { x: [x], y: [y], attrs: {} })();
  heap.read(y).forEach((q, i) => {
    assert.ok(Math.abs(Number(q) - real(x, all[i]) / y.quant!.scales[0]) <= 0.51, `[${i}]: ${q}`);
  });
}

test('a place along an axis of 64 bits, the first of equals; NaN is no largest', () =>
  heap.scope(() => {
    const x = operand('f32', [2, 4], 1, 0, [1, 3, 3, 2, 0, Number.NaN, -1, -2]);
    for (const [op, places] of [
      ['argMax', [1n, 0n]],
      ['argMin', [0n, 3n]],
    ] as const) {
      const y = { ...heap.tensor('i64', [2]), quant: null, data: null };
      stepFor(op, { x: [x], y: [y], attrs: { axis: 1 } })();
      assert.equal([...heap.read(y)], places);
    }
  }));

test('a cast: integers keep their low bits, real numbers lose what is behind the point and saturate', () =>
  heap.scope(() => {
    const bare = (dtype: DType, n: number, values?: number[]) => ({
      ...heap.tensor(dtype, [n], values),
      quant: null,
      data: null,
    });
    const cast = (x: PlacedOperand, to: DType) => {
      const y = bare(to, x.shape[0]);
      stepFor('cast', { x: [x], y: [y], attrs: {} })();
      return [...heap.read(y)].map(Number);
    };
    const reals = bare('f32', 6, [1.9, -1.9, 300, -300, Number.NaN, 3e10]);
    assert.equal(cast(reals, 'i8'), [1, -1, 127, -128, 0, 127]);
    assert.equal(cast(reals, 'u8'), [1, 0, 255, 0, 0, 255]);
    assert.equal(cast(reals, 'i32'), [1, -1, 300, -300, 0, 2147483647]);
    assert.equal(cast(reals, 'i64'), [1, -1, 300, -300, 0, Math.fround(3e10)]);
    assert.equal(cast(bare('f32', 2, [-1e30, 1e30]), 'i64'), [-(2 ** 63), 2 ** 63 - 1024]); // as the generated C
    assert.equal(cast(bare('i32', 3, [300, -1, 128]), 'i8'), [44, -1, -128]);
    assert.equal(cast(bare('u8', 2, [200, 3]), 'f32'), [200, 3]);
  }));

test('QUANTIZE from 16 to 32 bits', () =>
  heap.scope(() => {
    const values = Int16Array.from({ length: 512 }, (_, i) => i * 128 - 32768);
    const x = operand('i16', [512], 2 ** -15, 0, values);
    const y = operand('i32', [512], 3.1e-7, 0);
    stepFor('quantize', { x: [x], y: [y], attrs: {} })();
    // a multiplier of 31 bits
    heap.read(y).forEach((q, i) => {
      assert.ok(Math.abs(Number(q) - (values[i] * 2 ** -15) / Math.fround(3.1e-7)) <= 0.51, `[${i}]: ${q}`);
    });
  }));

test.run();
