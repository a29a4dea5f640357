import { CompressError } from '../errors.ts';
import type { Attrs, Quantization } from '../graph/graph.ts';
import { type GatesF32, lstmF32, lstmGradF32, lstmSaves } from '../wasm/lstm_f32.ts';
import { defineOp } from './op.ts';
import { lstmCall } from './recurrent_params.ts';
import { products } from './work.ts';

export interface Lstm {
  /** The input is [time, n, depth], else [n, time, depth]. */
  readonly timeMajor: boolean;
  /** The cell state is clamped to +-cellClip; 0 = not at all. */
  readonly cellClip: number;
  /** Quantization of the gates' sums and of the hidden state, in integer graphs (TFLite's five `intermediates`). */
  readonly intermediates: readonly (Quantization | null)[];
}

const TANH = 4;
/** Places of operands, in TFLite's order: gates stand as input, forget, cell, output. */
const GATES = [0, 1, 2, 3].map((gate) => ({ input: 1 + gate, hidden: 5 + gate, bias: 12 + gate }));
const [HIDDEN_STATE, CELL_STATE] = [18, 19];
const CELL_TO_INPUT = 9;
const PROJECTION = 16;
const PLACES = 20;

const gatesOf = <T>(operands: readonly T[]) =>
  GATES.map(({ input, hidden, bias }) => ({
    wInput: operands[input],
    wHidden: operands[hidden],
    bias: operands[bias] ?? null,
  })) as unknown as GatesF32<NonNullable<T>>;

/**
 * x, weights of input, forget, cell and output gate for the input (places 1-4, [hidden, depth]) and for the hidden state
 * (5-8, [hidden, hidden]), biases (12-15, [hidden]), hidden and cell state (18, 19, kept from call to call).
 */
export const lstm = defineOp<Lstm>({
  operands: 9,
  infer: (x) => [[x[0]![0], x[0]![1], x[4]![0]]],
  float: {
    forward: (heap, { x, y: [y], attrs, saved: [gates, cells] }) =>
      lstmF32(heap, y, x[0]!, gatesOf(x), [x[HIDDEN_STATE] ?? null, x[CELL_STATE] ?? null], { gates, cells }, attrs),
    backward: (heap, { x, y: [y], dy: [dy], dx, attrs, saved: [gates, cells] }) =>
      lstmGradF32(heap, dy, { x: x[0]!, y, gates: gatesOf(x) }, { dx: dx[0], gates: gatesOf(dx) }, { gates, cells }, attrs),
    saves: (x) => lstmSaves(x[0]!, x[5]![0]),
  },
  lower: ({ x, y: [y], attrs }) => lstmCall(x, y, attrs),
  layer: null,
  recurrent: {
    weights: GATES.flatMap(({ input, hidden, bias }) => [
      { weights: input, bias, of: 0 },
      { weights: hidden, bias: null, of: HIDDEN_STATE },
    ]),
    own: { place: CELL_STATE, power: true },
    wide: [],
    output: HIDDEN_STATE,
    isSequence: true,
    attrs: (attrs, y) => ({ ...attrs, intermediates: [null, null, null, null, y] }) as Attrs,
  },
  trainable: GATES.flatMap(({ input, hidden, bias }) => [input, hidden, bias]),
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: () => ({
    kind: 'mix',
    in: GATES.map(({ input }) => [input, 1]),
    out: [
      ...GATES.flatMap(({ input, hidden, bias }): [number, number][] => [
        [input, 0],
        [hidden, 0],
        [hidden, 1],
        [bias, 0],
      ]),
      [HIDDEN_STATE, 1],
      [CELL_STATE, 1],
    ],
    linear: 'inside',
    reads: null, // the hidden state of the step before is read too
  }),
  work: ([x, , , , w]) => products(4 * x![0] * x![1] * w![0] * (w![1] + w![0])),
  tflite: {
    codes: [44],
    read(from) {
      const o = from.options;
      const extra = from.inputs.some(
        (t, i) => t >= 0 && ((i >= CELL_TO_INPUT && i < CELL_TO_INPUT + 3) || i === PROJECTION || i >= PLACES),
      );
      if (extra || Number(o.fused_activation_function) !== TANH || from.inputs[1] < 0) {
        throw new CompressError(
          'unsupported',
          'an LSTM with peepholes, a projection, layer normalization, coupled gates or another activation than tanh is not supported',
          'use a plain LSTM layer',
        );
      }
      const attrs = { timeMajor: Boolean(o.time_major), cellClip: Number(o.cell_clip), intermediates: from.intermediates };
      return { attrs, inputs: from.inputs.slice(0, PLACES) };
    },
    write: ({ attrs, inputs }) => ({
      code: 44,
      options: { fused_activation_function: TANH, cell_clip: attrs.cellClip, time_major: attrs.timeMajor },
      inputs: [...inputs, -1, -1, -1, -1],
      intermediates: attrs.intermediates,
    }),
  },
  axes: null, // time and features have their places
  onnx: null, // ONNX's LSTM is float
});
