import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../src/graph/graph.ts';
import { depthwiseConvF32, depthwiseConvGradF32 } from '../../src/wasm/depthwise_conv_f32.ts';
import { Heap, type HeapTensor } from '../../src/wasm/heap.ts';
import { CLAMPS } from '../clamps.ts';
import { close, noise, soil } from './close.ts';
import { sized } from './windows.ts';

// Sums of at most 400 products of values below 1 in another order.
const TOLERANCE = 3e-5;
const heap = await Heap.open();
const small = (max: number, min = 1) => fc.integer({ min, max });

const oneOf = (...values: number[]) => fc.constantFrom(...values);

const fields = {
  n: small(3),
  h: small(11),
  w: small(11),
  c: oneOf(1, 2, 3, 4, 7, 8, 9, 12, 16, 17, 24),
  multiplier: small(3),
  kH: small(4),
  kW: small(5),
  stride: fc.tuple(small(3), small(3)),
  dilation: fc.tuple(small(3), small(3)),
  padding: fc.tuple(small(3, 0), small(3, 0)),
  after: fc.tuple(small(3, 0), small(3, 0)),
  activation: fc.constantFrom('none' as const, 'relu' as const, 'relu6' as const, 'reluN1' as const),
  bias: fc.boolean(),
  fresh: fc.boolean(),
};
const anywhere = fc.record(fields);
/** Where the kernel for 3x3 taps with stride 1 runs. */
const near: typeof anywhere = fc.record({
  ...fields,
  kH: fc.constant(3),
  kW: fc.constant(3),
  stride: fc.constant([1, 1] as [number, number]),
  dilation: fc.constant([1, 1] as [number, number]),
});

/** What is written need not hold anything; its plain twin adds to zeros. */
function blank(dx: HeapTensor, dx0: HeapTensor): void {
  heap.write(dx, new Float32Array(sizeOf(dx.shape)).fill(Number.NaN));
  heap.clear(dx0);
}

for (const [name, geometry] of [
  ['any geometry', anywhere],
  ['3x3 taps', near],
] as const)
  test(`equals its plain twins, forward and gradients: ${name}`, () => {
    fc.assert(
      fc.property(sized(geometry), (drawn) => {
        const g = { ...drawn, outC: drawn.c * drawn.multiplier };
        heap.scope(() => {
          const make = (shape: number[], name: string) => heap.tensor('f32', shape, noise(sizeOf(shape), name));
          const x = make([g.n, g.h, g.w, g.c], 'x');
          const w = make([1, g.kH, g.kW, g.outC], 'w');
          const bias = g.bias ? make([g.outC], 'bias') : null;
          const shape = [g.n, g.outH, g.outW, g.outC];
          const [y, want] = [heap.tensor('f32', shape), heap.tensor('f32', shape)];
          const step = depthwiseConvF32(heap, y, x, w, bias, g);
          soil(heap);
          step();
          const first = heap.read(y);
          step();
          assert.equal(heap.read(y), first);
          const all = [
            ...[g.n, g.h, g.w, g.c, g.outH, g.outW, g.outC, g.kH, g.kW],
            ...[...g.stride, ...g.padding, ...g.dilation, ...CLAMPS[g.activation]],
          ];
          (heap.wasm.depthwise_conv_f32_ref as (...a: number[]) => void)(want.ptr, x.ptr, w.ptr, bias?.ptr ?? 0, ...all);
          close(heap.read(y), heap.read(want), TOLERANCE, 'y');
          const dy = make(shape, 'dy');
          const start = () => [x.shape, w.shape, [g.outC]].map((s, i) => heap.tensor('f32', s, noise(sizeOf(s), `start/${i}`)));
          const [dx, dw, dbias] = start();
          const [dx0, dw0, dbias0] = start();
          if (g.fresh) blank(dx, dx0);
          soil(heap);
          depthwiseConvGradF32(heap, dy, { x, w, y }, { dx, dw, dbias, fresh: g.fresh }, g)();
          const gradRef = heap.wasm.depthwise_conv_grad_f32_ref as (...a: number[]) => void;
          gradRef(dx0.ptr, dw0.ptr, dbias0.ptr, dy.ptr, y.ptr, x.ptr, w.ptr, ...all);
          close(heap.read(dx), heap.read(dx0), TOLERANCE, 'dx');
          close(heap.read(dw), heap.read(dw0), TOLERANCE, 'dw');
          close(heap.read(dbias), heap.read(dbias0), TOLERANCE, 'dbias');
        });
      }),
      { numRuns: 300 },
    );
  });

test.run();
