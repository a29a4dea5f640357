import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../src/graph/graph.ts';
import { convF32, convGradF32 } from '../../src/wasm/conv_f32.ts';
import { Heap, type HeapTensor } from '../../src/wasm/heap.ts';
import { CLAMPS } from '../clamps.ts';
import { close, noise, soil } from './close.ts';
import { sized } from './windows.ts';

// Sums of at most 2000 products of values below 1 in another order: float32 rounding, 2^-24 a step, seldom in one direction.
const TOLERANCE = 1e-4;
const heap = await Heap.open();

const oneOf = (...values: number[]) => fc.constantFrom(...values);

const fields = {
  n: fc.integer({ min: 1, max: 3 }),
  h: fc.integer({ min: 1, max: 11 }),
  w: fc.integer({ min: 1, max: 11 }),
  inG: oneOf(1, 2, 3, 4, 7, 8, 9, 16, 24, 32),
  outG: oneOf(1, 3, 4, 7, 8, 9, 12, 16, 17, 40),
  kH: fc.integer({ min: 1, max: 4 }),
  kW: fc.integer({ min: 1, max: 4 }),
  stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  padding: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
  after: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
  groups: fc.integer({ min: 1, max: 3 }),
  activation: fc.constantFrom('none' as const, 'relu' as const, 'relu6' as const, 'reluN1' as const),
  bias: fc.boolean(),
  fresh: fc.boolean(),
  constant: fc.boolean(),
};
const anywhere = fc.record(fields);
/** Where Winograd's method runs. */
const near: typeof anywhere = fc.record({
  ...fields,
  h: fc.integer({ min: 1, max: 21 }),
  w: fc.integer({ min: 1, max: 21 }),
  inG: oneOf(8, 12, 16, 20, 32),
  outG: oneOf(8, 12, 16, 24),
  kH: fc.constant(3),
  kW: fc.constant(3),
  stride: fc.constantFrom([1, 1] as [number, number], [2, 2] as [number, number]),
  dilation: fc.constant([1, 1] as [number, number]),
  groups: fc.constant(1),
});

/** Signals in time, whose windows are contiguous. */
const signals: typeof anywhere = fc.record({
  ...fields,
  n: fc.integer({ min: 1, max: 9 }),
  h: fc.integer({ min: 1, max: 70 }),
  w: fc.constant(1),
  inG: oneOf(3, 4, 8, 12, 40),
  outG: oneOf(4, 6, 8, 20, 32),
  kW: fc.constant(1),
  kH: fc.integer({ min: 1, max: 7 }),
  dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.constant(1)),
  padding: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constant(0)),
  after: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constant(0)),
  groups: fc.constant(1),
});

/** What is written need not hold anything; its plain twin adds to zeros. */
function blank(dx: HeapTensor, dx0: HeapTensor): void {
  heap.write(dx, new Float32Array(sizeOf(dx.shape)).fill(Number.NaN));
  heap.clear(dx0);
}

for (const [name, geometry] of [
  ['any geometry', anywhere],
  ['3x3 taps', near],
  ['signals', signals],
] as const)
  test(`equals its plain twins, forward and gradients: ${name}`, () => {
    fc.assert(
      fc.property(sized(geometry), (drawn) => {
        const g = { ...drawn, inC: drawn.inG * drawn.groups, outC: drawn.outG * drawn.groups };
        heap.scope(() => {
          const make = (shape: number[], name: string) => heap.tensor('f32', shape, noise(sizeOf(shape), name));
          const x = make([g.n, g.h, g.w, g.inC], 'x');
          const w = make([g.outC, g.kH, g.kW, g.inG], 'w');
          const bias = g.bias ? make([g.outC], 'bias') : null;
          const shape = [g.n, g.outH, g.outW, g.outC];
          const [y, want] = [heap.tensor('f32', shape), heap.tensor('f32', shape)];
          const step = convF32(heap, y, x, w, bias, g);
          soil(heap);
          step();
          const first = heap.read(y);
          step();
          assert.equal(heap.read(y), first);
          const all = [
            ...[g.n, g.h, g.w, g.inC, g.outH, g.outW, g.outC, g.kH, g.kW],
            ...[...g.stride, ...g.padding, ...g.dilation, g.groups, ...CLAMPS[g.activation]],
          ];
          (heap.wasm.conv_f32_ref as (...a: number[]) => void)(want.ptr, x.ptr, w.ptr, bias?.ptr ?? 0, ...all);
          close(heap.read(y), heap.read(want), TOLERANCE, 'y');
          const dy = make(shape, 'dy');
          const zeros = () => [x.shape, w.shape, [g.outC]].map((s, i) => heap.tensor('f32', s, noise(sizeOf(s), `start/${i}`)));
          const [dx, dw, dbias] = zeros();
          const [dx0, dw0, dbias0] = zeros();
          if (g.fresh) blank(dx, dx0);
          soil(heap);
          convGradF32(heap, dy, { x, w, y }, { dx, dw, dbias, fresh: g.fresh }, g)();
          (heap.wasm.conv_grad_f32_ref as (...a: number[]) => void)(
            dx0.ptr,
            dw0.ptr,
            dbias0.ptr,
            dy.ptr,
            y.ptr,
            x.ptr,
            w.ptr,
            ...all,
          );
          close(heap.read(dx), heap.read(dx0), TOLERANCE, 'dx');
          close(heap.read(dw), heap.read(dw0), TOLERANCE, 'dw');
          close(heap.read(dbias), heap.read(dbias0), TOLERANCE, 'dbias');
        });
      }),
      { numRuns: 300 },
    );
  });

test('refuses channels that do not meet', () => {
  heap.scope(() => {
    const x = heap.tensor('f32', [1, 2, 2, 3]);
    const w = heap.tensor('f32', [4, 1, 1, 2]);
    const y = heap.tensor('f32', [1, 2, 2, 4]);
    assert.throws(() => convF32(heap, y, x, w, null, { stride: [1, 1], padding: [0, 0] }), /3 channels/);
  });
});

test.run();
