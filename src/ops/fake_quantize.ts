import { sizeOf } from '../graph/graph.ts';
import { fakeQuantizeF32, fakeQuantizeGradF32, fakeRequantizeF32 } from '../wasm/fake_quantize.ts';
import { weightScalesF32 } from '../wasm/stats.ts';
import { inTurn } from './float_cells.ts';
import { defineOp, type PlacedOperand } from './op.ts';

export interface FakeQuantize {
  /** Smallest and largest integer. */
  readonly range: readonly [number, number];
  readonly zero: number;
  /** Along which scales differ. */
  readonly axis: number | null;
  /** Bits of weights whose scales are not learned: operand 1 is then computed from the weights at each step. */
  readonly measure: 4 | 8 | null;
}

/**
 * x rounded to what integers can hold, while training. Operand 1: scales, f32; 2, 3 and 4 where x is the output of a layer that the chip
 * computes in 8 bits: scales of its input and its weights, and its bias. Gradients pass straight through to x, and to scales by LSQ.
 */
export const fakeQuantize = defineOp<FakeQuantize>({
  operands: 2,
  infer: ([x]) => [[...x!]],
  float: {
    saves: null,
    forward(heap, { x: [x, scales, inputScale, weightScales, bias = null], y: [y], attrs }) {
      const q = { ...attrs, scales: scales! };
      if (inputScale) return fakeRequantizeF32(heap, y, x!, { x: inputScale, w: weightScales!, bias }, q);
      const round = fakeQuantizeF32(heap, y, x!, q);
      return attrs.measure ? inTurn([weightScalesF32(heap, scales!, x!, attrs.axis, attrs.measure), round]) : round;
    },
    backward: (heap, { x: [x, scales], dy: [dy], dx: [dx, dscales], attrs }) =>
      fakeQuantizeGradF32(heap, dy, x!, { dx, dscales }, { ...attrs, scales: scales! }, gainOf(x!, scales!, attrs)),
  },
  lower: null, // integers are rounded already
  layer: null,
  trainable: [1],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: () => ({ kind: 'fixed' }),
  work: null, // it exists only while training
  tflite: null, // it exists only while training
  axes: null, // it exists only while training
  onnx: null, // it exists only while training
});

/**
 * LSQ's gradient scale 1 / sqrt(N * Q) (Esser et al. 2020, section 2.2): N weights, or values of one example, share a step size, and Q is
 * the largest integer beside the zero point.
 */
function gainOf(x: PlacedOperand, scales: PlacedOperand, { range, zero }: FakeQuantize): number {
  const sharing = sizeOf(x.shape) / (x.data ? sizeOf(scales.shape) : x.shape[0]);
  return 1 / Math.sqrt(sharing * Math.max(range[1] - zero, zero - range[0]));
}
