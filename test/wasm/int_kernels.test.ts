import fc from 'fast-check';
import { test } from 'uvu';
import { quantizeMultiplier } from '../../src/ops/quantize_multiplier.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { placed, sameBytes } from './guarded.ts';

const engines = [await Heap.open(), await Heap.open({ rounding: 'single' })];

/** Sizes around every block edge of the kernels, and any. */
const size = fc.oneof(fc.constantFrom(0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48), fc.nat({ max: 100 }));
const misalign = fc.nat({ max: 15 });
const i8 = fc.integer({ min: -128, max: 127 });
const extreme = fc.constantFrom(-128, -127, -1, 0, 1, 127);
const s8 = (n: number) => fc.array(fc.oneof(i8, extreme), { minLength: n, maxLength: n }).map((v) => Int8Array.from(v));
const s16 = (n: number) =>
  fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: n, maxLength: n }).map((v) => Int16Array.from(v));
const multiplier = fc.oneof(fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }), fc.constantFrom(0, 2 ** 30, 2 ** 31 - 1));
const offset = fc.integer({ min: -128, max: 128 });
const clamps = fc.oneof(
  fc.constant([-128, 127]),
  fc.tuple(i8, i8).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
);

/** Runs the property under both roundings; all memory is freed after each run. */
function property<T>(name: string, arbitrary: fc.Arbitrary<T>, check: (heap: Heap, value: T) => void, numRuns = 150): void {
  for (const heap of engines) {
    test(`${name} (${heap.rounding} rounding)`, () => {
      fc.assert(
        fc.property(arbitrary, (value) => heap.scope(() => check(heap, value))),
        { numRuns, seed: 1 },
      );
    });
  }
}

const pairs = size.chain((n) => fc.record({ a: s8(n), b: s8(n), at: fc.tuple(misalign, misalign, misalign) }));

for (const kind of ['add', 'sub'] as const) {
  const numbers = fc.record({
    x: fc.tuple(offset, multiplier, fc.integer({ min: -12, max: 0 }), offset, multiplier, fc.integer({ min: -12, max: 0 })),
    left: fc.oneof(fc.constant(20), fc.integer({ min: 0, max: 20 })),
    y: fc.tuple(offset, multiplier, fc.integer({ min: -31, max: 3 })),
    clamps,
  });
  property(`elementwise_${kind}_s8 equals its plain twin`, fc.tuple(pairs, numbers), (heap, [{ a, b, at }, q]) => {
    const [x1, x2] = [placed(heap, a, at[0]), placed(heap, b, at[1])];
    const rest = [...q.x, q.left, ...q.y, ...q.clamps] as unknown as [number];
    const call = (kernel: typeof heap.wasm.elementwise_add_s8) => (y: number) =>
      (kernel as (...args: number[]) => void)(y, x1, x2, a.length, ...rest);
    const fast = kind === 'add' ? heap.wasm.elementwise_add_s8 : heap.wasm.elementwise_sub_s8;
    const plain = kind === 'add' ? heap.wasm.elementwise_add_s8_ref : heap.wasm.elementwise_sub_s8_ref;
    sameBytes(heap, a.length, at[2], call(plain), call(fast));
  });
}

/** As TFLite makes them from scales: the inputs relative to twice the larger one, moved left by 20. */
const addition = fc
  .record({
    scales: fc.tuple(fc.double({ min: 0.001, max: 1, noNaN: true }), fc.double({ min: 0.05, max: 1, noNaN: true }), fc.boolean()),
    ratio: fc.double({ min: 0.2, max: 3, noNaN: true }),
    offsets: fc.tuple(offset, offset, offset),
    relu: fc.boolean(),
  })
  .map(({ scales: [scale, part, turned], ratio, offsets: [o1, o2, oy], relu }) => {
    const [a, b] = turned ? [scale * part, scale] : [scale, scale * part];
    const two = 2 * scale;
    const [m1, m2, my] = [a / two, b / two, two / (2 ** 20 * scale * ratio)].map(quantizeMultiplier);
    const one = ({ multiplier, shift }: { multiplier: number; shift: number }) => [multiplier, shift] as const;
    return [o1, ...one(m1), o2, ...one(m2), 20, oy, ...one(my), relu ? Math.max(oy, -128) : -128, 127] as const;
  });
for (const kind of ['add', 'sub'] as const) {
  property(
    `elementwise_${kind}_s8 equals its plain twin on all pairs, with scales of real layers`,
    addition,
    (heap, rest) => {
      const all = Int8Array.from({ length: 65536 }, (_, i) => i);
      const [x1, x2] = [
        placed(heap, all),
        placed(
          heap,
          all.map((_, i) => i >> 8),
        ),
      ];
      const call = (kernel: typeof heap.wasm.elementwise_add_s8) => (y: number) => kernel(y, x1, x2, all.length, ...rest);
      const fast = kind === 'add' ? heap.wasm.elementwise_add_s8 : heap.wasm.elementwise_sub_s8;
      const plain = kind === 'add' ? heap.wasm.elementwise_add_s8_ref : heap.wasm.elementwise_sub_s8_ref;
      sameBytes(heap, all.length, 0, call(plain), call(fast));
    },
    60,
  );
}

property(
  'elementwise_mul_s8 equals its plain twin',
  fc.tuple(pairs, offset, offset, offset, multiplier, fc.integer({ min: -31, max: 8 }), clamps),
  (heap, [{ a, b, at }, o1, o2, oy, m, shift, [lo, hi]]) => {
    const [x1, x2] = [placed(heap, a, at[0]), placed(heap, b, at[1])];
    const call = (kernel: typeof heap.wasm.elementwise_mul_s8) => (y: number) =>
      kernel(y, x1, x2, a.length, o1, o2, oy, m, shift, lo, hi);
    sameBytes(heap, a.length, at[2], call(heap.wasm.elementwise_mul_s8_ref), call(heap.wasm.elementwise_mul_s8));
  },
);

/** A pool's geometry in which every window holds an element. */
const side = fc
  .record({
    size: fc.integer({ min: 1, max: 9 }),
    filter: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ size, filter, stride }) =>
    fc.nat({ max: filter - 1 }).chain((pad) => {
      const most = Math.floor((size + pad - 1) / stride) + 1;
      return fc.integer({ min: 1, max: Math.max(1, most) }).map((out) => ({ size, filter, stride, pad, out }));
    }),
  );
const pool = fc.record({
  n: fc.integer({ min: 1, max: 2 }),
  h: side,
  w: side,
  c: fc.oneof(fc.constantFrom(1, 7, 8, 9, 15, 16, 17, 33), fc.integer({ min: 1, max: 40 })),
});

const pools = [
  ['avg_pool_s8', 'i8'],
  ['max_pool_s8', 'i8'],
  ['max_pool_s16', 'i16'],
] as const;
for (const [name, type] of pools) {
  const input = pool.chain((g) => {
    const n = g.n * g.h.size * g.w.size * g.c;
    return fc.record({
      g: fc.constant(g),
      x: (type === 'i8' ? s8(n) : s16(n)) as fc.Arbitrary<Int8Array | Int16Array>,
      clamps,
      at: misalign,
    });
  });
  property(`${name} equals its plain twin`, input, (heap, { g, x, clamps: [lo, hi], at }) => {
    const from = placed(heap, x, x.BYTES_PER_ELEMENT * (at >> 1));
    const { n, h, w, c } = g;
    const call = (kernel: typeof heap.wasm.avg_pool_s8) => (y: number) =>
      kernel(y, from, n, h.size, w.size, c, h.out, w.out, h.filter, w.filter, h.stride, w.stride, h.pad, w.pad, lo, hi);
    const bytes = n * h.out * w.out * c * x.BYTES_PER_ELEMENT;
    sameBytes(heap, bytes, at, call(heap.wasm[`${name}_ref`]), call(heap.wasm[name]));
  });
}

property(
  'mean_s8 equals its plain twin',
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 20 }), size)
    .chain(([outer, reduce, inner]) =>
      fc.tuple(
        fc.constant([outer, reduce, inner] as const),
        s8(outer * reduce * inner),
        misalign,
        offset,
        offset,
        multiplier,
        fc.integer({ min: -12, max: 1 }),
        clamps,
      ),
    ),
  (heap, [[outer, reduce, inner], x, at, xo, yo, m, shift, [lo, hi]]) => {
    const from = placed(heap, x, at);
    const call = (kernel: typeof heap.wasm.mean_s8) => (y: number) =>
      kernel(y, from, outer, reduce, inner, xo, yo, m, shift, lo, hi);
    sameBytes(heap, outer * inner, at, call(heap.wasm.mean_s8_ref), call(heap.wasm.mean_s8));
  },
);

const softmaxes = [
  ['softmax_s8', 1],
  ['softmax_u8', 1],
  ['softmax_s8_s16', 2],
] as const;
for (const [name, bytes] of softmaxes) {
  property(
    `${name} equals its plain twin`,
    fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 40 }))
      .chain(([rows, n]) =>
        fc.tuple(
          fc.constant([rows, n] as const),
          s8(rows * n),
          misalign,
          multiplier,
          fc.integer({ min: 16, max: 26 }),
          fc.integer({ min: -255, max: 0 }),
        ),
      ),
    (heap, [[rows, n], x, at, m, shift, diffMin]) => {
      const from = placed(heap, x, at);
      const table = heap.alloc(1024);
      heap.wasm.softmax_table(table, m, shift, diffMin);
      const plain = (y: number) => heap.wasm[`${name}_ref`](y, from, rows, n, m, shift, diffMin);
      sameBytes(heap, rows * n * bytes, at & -bytes, plain, (y) => heap.wasm[name](y, from, rows, n, table));
    },
  );
}

property(
  'requantization of four lanes equals that of one',
  fc.array(
    fc.tuple(fc.oneof(fc.integer(), fc.integer({ min: -70000, max: 70000 })), multiplier, fc.integer({ min: -31, max: 30 })),
    { maxLength: 50 },
  ),
  (heap, rows) => {
    const column = (k: number) =>
      placed(
        heap,
        Int32Array.from(rows, (r) => r[k]),
      );
    const [x, m, s] = [column(0), column(1), column(2)];
    const call = (kernel: typeof heap.wasm.requantize_each) => (y: number) => kernel(y, x, m, s, rows.length);
    sameBytes(heap, rows.length * 4, 0, call(heap.wasm.requantize_each_ref), call(heap.wasm.requantize_each));
  },
);

const limits = fc.tuple(i8, i8).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
property(
  'minimum, maximum, clamp and lookup are what they say',
  fc.tuple(pairs, limits, s8(256)),
  (heap, [{ a, b, at }, [lo, hi], table]) => {
    const [x1, x2, t] = [placed(heap, a, at[0]), placed(heap, b, at[1]), placed(heap, table)];
    const { wasm } = heap;
    const expect = (f: (p: number, q: number) => number, kernel: (y: number) => void) =>
      sameBytes(
        heap,
        a.length,
        at[2],
        (y) => new Int8Array(wasm.memory.buffer, y, a.length).set(a.map((v, i) => f(v, b[i]))),
        kernel,
      );
    expect(Math.min, (y) => wasm.minimum_s8(y, x1, x2, a.length));
    expect(Math.max, (y) => wasm.maximum_s8(y, x1, x2, a.length));
    expect(
      (p) => Math.max(lo, Math.min(hi, p)),
      (y) => wasm.clamp_s8(y, x1, a.length, lo, hi),
    );
    expect(
      (p) => table[p + 128],
      (y) => wasm.lookup_s8(y, x1, a.length, t),
    );
  },
);

property(
  'minimum_s16 and maximum_s16 are what they say',
  size.chain((n) => fc.tuple(s16(n), s16(n), misalign)),
  (heap, [a, b, at]) => {
    const [x1, x2] = [placed(heap, a, at & -2), placed(heap, b)];
    const { wasm } = heap;
    const expect = (f: (p: number, q: number) => number, kernel: (y: number) => void) =>
      sameBytes(
        heap,
        a.length * 2,
        0,
        (y) => new Int16Array(wasm.memory.buffer, y, a.length).set(a.map((v, i) => f(v, b[i]))),
        kernel,
      );
    expect(Math.min, (y) => wasm.minimum_s16(y, x1, x2, a.length));
    expect(Math.max, (y) => wasm.maximum_s16(y, x1, x2, a.length));
  },
);

const reals = fc.oneof(
  fc.float({ noDefaultInfinity: false }),
  fc.integer({ min: -300, max: 300 }).map((i) => Math.fround(i * 0.125)),
  fc.constantFrom(0.49999997, -0.49999997, 0.5, -0.5, 2.5, -2.5, Number.NaN),
);
const TYPES = { s8: [Int8Array, -128, 127], u8: [Uint8Array, 0, 255], s16: [Int16Array, -32768, 32767] } as const;
for (const [type, [Values, low, high]] of Object.entries(TYPES)) {
  property(
    `quantize to ${type} is round half away from zero, and dequantize inverts it`,
    fc.tuple(
      size.chain((n) => fc.array(reals, { minLength: n, maxLength: n })),
      fc.constantFrom(1, 0.25, 0.1),
      fc.integer({ min: low, max: high }),
      misalign,
      fc.boolean(),
    ),
    (heap, [values, rawScale, zero, misaligned, relu]) => {
      const at = misaligned & -Values.BYTES_PER_ELEMENT;
      const x = Float32Array.from(values);
      const scale = Math.fround(rawScale);
      const from = placed(heap, x);
      const round = (v: number) => {
        const q = Math.fround(v / scale);
        return Number.isNaN(q) ? 0 : Math.sign(q) * Math.floor(Math.abs(q) + 0.5);
      };
      const least = relu ? zero : low;
      const expected = new Values(x.length);
      x.forEach((v, i) => {
        expected[i] = Math.max(least, Math.min(high, round(v) + zero));
      });
      const memory = () => heap.wasm.memory.buffer;
      const kernels = heap.wasm as unknown as Record<string, (...args: number[]) => void>;
      sameBytes(
        heap,
        expected.byteLength,
        at,
        (y) => new Values(memory(), y, x.length).set(expected),
        (y) => kernels[`quantize_f32_${type}`](y, from, x.length, scale, zero, least, high),
      );
      const back = placed(heap, expected, at);
      sameBytes(
        heap,
        x.length * 4,
        0,
        (y) => new Float32Array(memory(), y, x.length).set(Float32Array.from(expected, (q) => scale * (q - zero))),
        (y) => kernels[`dequantize_${type}_f32`](y, back, x.length, scale, zero),
      );
    },
  );
}

test.run();
