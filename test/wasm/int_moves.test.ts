import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf, type Values } from '../../src/graph/graph.ts';
import { batchMatmulInt } from '../../src/wasm/batch_matmul_int.ts';
import { concat } from '../../src/wasm/concat.ts';
import { broadcast, slice, split, stridesOf, transpose } from '../../src/wasm/copy.ts';
import { Heap, type HeapTensor } from '../../src/wasm/heap.ts';
import { pad } from '../../src/wasm/pad.ts';
import { guarded } from './guarded.ts';

const heap = await Heap.open();

const dim = fc.integer({ min: 1, max: 5 });
const shape4 = fc.array(dim, { minLength: 1, maxLength: 4 });
const types = fc.constantFrom('i8', 'i16', 'i32', 'f32') as fc.Arbitrary<'i8' | 'i16' | 'i32' | 'f32'>;
const BYTES = { i8: 1, i16: 2, i32: 4, f32: 4 } as const;

/** Elements 1, 2, 3 ... so that every one is known by its value. */
const counted = (dtype: HeapTensor['dtype'], shape: readonly number[]) =>
  heap.tensor(
    dtype,
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => (i % 125) + 1),
  );

/** The index of element `i` of a tensor of `shape`. */
const indexOf = (i: number, shape: readonly number[]) => stridesOf(shape).map((s, axis) => Math.floor(i / s) % shape[axis]);
const placeOf = (index: readonly number[], shape: readonly number[]) =>
  stridesOf(shape).reduce((at, s, axis) => at + s * index[axis], 0);

/** An output between canaries; `check` runs the step twice and compares with the definition. */
function output(dtype: 'i8' | 'i16' | 'i32' | 'f32', shape: readonly number[]) {
  const room = guarded(heap, sizeOf(shape) * BYTES[dtype]);
  const y: HeapTensor = { dtype, shape, ptr: room.ptr };
  return {
    y,
    check(step: () => void, definition: (index: readonly number[]) => number | bigint) {
      for (let round = 0; round < 2; round++) {
        step();
        room.read();
        const wanted = Array.from({ length: sizeOf(shape) }, (_, i) => Number(definition(indexOf(i, shape))));
        assert.equal(Array.from(heap.read(y) as ArrayLike<number>, Number), wanted);
      }
    },
  };
}

const at = (values: Values, shape: readonly number[], index: readonly number[]) => values[placeOf(index, shape)];

function property<T>(name: string, arbitrary: fc.Arbitrary<T>, check: (value: T) => void): void {
  test(name, () =>
    fc.assert(
      fc.property(arbitrary, (value) => heap.scope(() => check(value))),
      { numRuns: 200, seed: 1 },
    ),
  );
}

property(
  'transpose: axis i of y is axis perm[i] of x',
  fc
    .tuple(shape4, types)
    .chain(([shape, dtype]) =>
      fc.tuple(fc.constant({ shape, dtype }), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    ),
  ([{ shape, dtype }, perm]) => {
    const x = counted(dtype, shape);
    const values = heap.read(x);
    const { y, check } = output(
      dtype,
      perm.map((axis) => shape[axis]),
    );
    check(transpose(heap, y, x, perm), (index) => {
      const from = new Array(shape.length).fill(0);
      perm.forEach((axis, i) => {
        from[axis] = index[i];
      });
      return at(values, shape, from);
    });
  },
);

property(
  'slice: begin + stride * index, forward and backward',
  fc.tuple(shape4, types).chain(([shape, dtype]) =>
    fc.tuple(
      fc.constant({ shape, dtype }),
      fc.tuple(
        ...shape.map((d) =>
          fc.tuple(fc.nat({ max: d - 1 }), fc.constantFrom(1, 2, -1, -2)).map(([begin, stride]) => ({
            begin,
            stride,
            count: Math.floor((stride > 0 ? d - 1 - begin : begin) / Math.abs(stride)) + 1,
          })),
        ),
      ),
    ),
  ),
  ([{ shape, dtype }, axes]) => {
    const x = counted(dtype, shape);
    const values = heap.read(x);
    const counts = axes.map((a) => a.count);
    const { y, check } = output(dtype, counts);
    const step = slice(
      heap,
      y,
      x,
      axes.map((a) => a.begin),
      axes.map((a) => a.stride),
      counts,
    );
    check(step, (index) =>
      at(
        values,
        shape,
        index.map((k, i) => axes[i].begin + axes[i].stride * k),
      ),
    );
  },
);

property(
  'concat and split undo each other',
  fc
    .tuple(shape4, types, fc.array(dim, { minLength: 1, maxLength: 4 }))
    .chain(([shape, dtype, sizes]) => fc.tuple(fc.constant({ shape, dtype, sizes }), fc.nat({ max: shape.length - 1 }))),
  ([{ shape, dtype, sizes }, axis]) => {
    const parts = sizes.map((d) => counted(dtype, shape.with(axis, d)));
    const whole = shape.with(
      axis,
      sizes.reduce((a, b) => a + b),
    );
    const { y, check } = output(dtype, whole);
    const values = parts.map((p) => heap.read(p));
    check(concat(heap, y, parts, axis), (index) => {
      let [part, k] = [0, index[axis]];
      while (k >= sizes[part]) k -= sizes[part++];
      return at(values[part], parts[part].shape, [...index].with(axis, k));
    });
    const back = sizes.map((d) => output(dtype, shape.with(axis, d)));
    const step = split(
      heap,
      back.map((b) => b.y),
      y,
      axis,
    );
    back.forEach((b, i) => {
      b.check(step, (index) => at(values[i], parts[i].shape, index));
    });
  },
);

property(
  'pad: x in the middle, the value around',
  fc
    .tuple(shape4, types)
    .chain(([shape, dtype]) =>
      fc.tuple(
        fc.constant({ shape, dtype }),
        fc.tuple(...shape.map(() => fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })))),
        fc.integer({ min: -128, max: 127 }),
      ),
    ),
  ([{ shape, dtype }, paddings, byte]) => {
    const value = dtype === 'i8' ? byte : 0;
    const x = counted(dtype, shape);
    const values = heap.read(x);
    const { y, check } = output(
      dtype,
      shape.map((d, i) => d + paddings[i][0] + paddings[i][1]),
    );
    check(pad(heap, y, x, paddings, value), (index) => {
      const from = index.map((k, i) => k - paddings[i][0]);
      return from.every((k, i) => k >= 0 && k < shape[i]) ? at(values, shape, from) : value;
    });
  },
);

property(
  'broadcast repeats the dimensions of 1',
  fc
    .tuple(shape4, types)
    .chain(([shape, dtype]) =>
      fc.tuple(
        fc.constant({ shape, dtype }),
        fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
        fc.nat({ max: shape.length - 1 }),
      ),
    ),
  ([{ shape, dtype }, ones, missing]) => {
    const own = shape.map((d, i) => (ones[i] ? 1 : d)).slice(missing);
    const x = counted(dtype, own);
    const values = heap.read(x);
    const wide = broadcast(heap, x, shape);
    wide.step?.();
    const got = heap.read({ ...wide.x, shape });
    for (let i = 0; i < sizeOf(shape); i++) {
      const index = indexOf(i, shape).slice(missing);
      assert.is(
        got[i],
        at(
          values,
          own,
          index.map((k, a) => (own[a] === 1 ? 0 : k)),
        ),
      );
    }
  },
);

property(
  'batch_matmul_s8 is the sum of products, for depths around the block',
  fc
    .tuple(dim, dim, fc.oneof(fc.constantFrom(1, 7, 8, 9, 15, 16, 17, 24, 31), fc.integer({ min: 1, max: 70 })))
    .chain(([rows, columns, depth]) => {
      const s8 = (n: number) => fc.array(fc.integer({ min: -128, max: 127 }), { minLength: n, maxLength: n });
      return fc.record({
        g: fc.constant({ rows, columns, depth }),
        a: s8(rows * depth),
        b: s8(columns * depth),
        ao: fc.integer({ min: -127, max: 128 }),
        bo: fc.integer({ min: -127, max: 128 }),
      });
    }),
  ({ g: { rows, columns, depth }, a, b, ao, bo }) => {
    const { y, check } = output('i8', [rows, columns]);
    const q = { aOffset: ao, bOffset: bo, yOffset: 3, multiplier: 2 ** 30, shift: -15, yMin: -128, yMax: 127 };
    const step = batchMatmulInt(heap, y, heap.tensor('i8', [rows, depth], a), heap.tensor('i8', [columns, depth], b), q);
    check(step, ([i, j]) => {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += (a[i * depth + k] + ao) * (b[j * depth + k] + bo);
      const half = Math.floor(sum / 2 + 0.5); // times 2^30 / 2^31, ties up
      const rounded = Math.sign(half) * Math.floor(Math.abs(half) / 2 ** 15 + 0.5);
      return Math.max(-128, Math.min(127, rounded + 3));
    });
  },
);

test.run();
