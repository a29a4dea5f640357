import { sizeOf } from '../graph/graph.ts';
import { aroundAxis, type FakeQuantize as Call, fakeQuantizeF32, fakeQuantizeGradF32 } from '../wasm/stats.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { folded } from './cost.ts';
import { defineOp } from './op.ts';

export interface FakeQuantize {
  readonly bits: 4 | 8 | 16;
  /** Scales and zeros of the record; null takes symmetric scales from the largest magnitude each time (weights being trained). */
  readonly fixed: { readonly scales: readonly number[]; readonly zeros: readonly number[] } | null;
  readonly axis: number | null;
}

/** Rounds x to what integers can hold, while training; gradients pass straight through inside the range. */
export const fakeQuantize = defineOp<FakeQuantize>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    saves: ([x], { axis }) => [[axis === null ? 1 : x![axis]], [axis === null ? 1 : x![axis]]],
    forward: (heap, { x: [x], y: [y], attrs, saved }) => {
      const run = fakeQuantizeF32(heap, y, x!, callOf(heap, attrs, saved));
      if (attrs.fixed) return run;
      const measure = scalesOf(heap, x!, attrs, saved[0]);
      return () => {
        measure();
        run();
      };
    },
    backward: (heap, { x: [x], dy: [dy], dx: [dx], attrs, saved }) =>
      fakeQuantizeGradF32(heap, dy, x!, { dx, dscales: null, dzeros: null }, callOf(heap, attrs, saved), 1),
  },
  integer: null, // integers are rounded already
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  channels: () => ({ kind: 'fixed' }),
  cost: folded,
  tflite: null, // it exists only while training
});

function callOf(heap: Heap, { bits, fixed, axis }: FakeQuantize, [scales, zeros]: readonly HeapTensor[]): Call {
  const top = 2 ** (bits - 1) - 1;
  if (fixed) {
    heap.write(scales, fixed.scales);
    heap.write(zeros, fixed.zeros);
  }
  return { scales, zeros, axis, range: [fixed ? -top - 1 : -top, top] };
}

function scalesOf(heap: Heap, x: HeapTensor, { bits, axis }: FakeQuantize, scales: HeapTensor): Step {
  const [outer, channels, inner] = axis === null ? [1, 1, sizeOf(x.shape)] : aroundAxis(x.shape, axis);
  return () => heap.wasm.symmetric_scales_f32(scales.ptr, x.ptr, outer, channels, inner, 2 ** (bits - 1) - 1);
}
