import { type Activation, sizeOf } from '../graph/graph.ts';
import { allOf } from '../wasm/check.ts';
import { restored } from '../wasm/stream.ts';
import { svdfF32, svdfGradF32 } from '../wasm/svdf_f32.ts';
import { inTurn } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { type Apart, defineOp } from './op.ts';
import { svdfParams } from './recurrent_params.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';
import { products } from './work.ts';

export interface Svdf extends Apart {
  /** Filters that are summed for each unit. */
  readonly rank: number;
  readonly activation: Activation;
}

const STATE = 4;

/**
 * x [n, depth], features [units * rank, depth], time [units * rank, steps], bias [units],
 * state [n, units * rank * steps], kept from call to call.
 */
export const svdf = defineOp<Svdf>({
  operands: 3,
  infer([x, features], { rank, apart }) {
    const y = [x![0], features![0] / rank];
    return apart ? [y, [x![0], ...apart.slice(1)]] : [y];
  },
  float: {
    forward(heap, { x: [x, wFeature, wTime, bias = null, state = null], y: [y, next], attrs }) {
      const step = svdfF32(heap, y, x!, next ?? state!, wFeature!, wTime!, bias, attrs);
      return next ? inTurn([restored(heap, next, state), step]) : step;
    },
    backward: (heap, { x: [x, wFeature, wTime, , state], y: [y, next], dy: [dy, dnext], dx, attrs }) =>
      svdfGradF32(
        heap,
        dy,
        dnext ?? null,
        { y, x: x!, state: next ?? state!, wFeature: wFeature!, wTime: wTime! },
        { x: dx[0], wFeature: dx[1], wTime: dx[2], bias: dx[3] ?? null, state: dx[STATE] ?? null },
        attrs,
      ),
    saves: null,
  },
  lower({ x: [x, wFeature, wTime, bias = null, state], y: [y], attrs }) {
    allOf(['i8'], 'SVDF', x!, y);
    const form = plainForm('the state of an SVDF', state!, wTime!) === 's16' ? 'state_s16_s8' : 's8';
    const parameters = svdfParams(x!, wFeature!, wTime!, state!, y, attrs);
    return kernelCall('svdf', form, { x: x!, wFeature: wFeature!, wTime: wTime!, bias, state: state!, y }, parameters);
  },
  layer: null,
  recurrent: {
    weights: [
      { weights: 1, bias: null, of: 0 },
      { weights: 2, bias: 3, of: STATE },
    ],
    own: { place: STATE, power: false },
    wide: [2],
    output: null,
    isSequence: false,
    attrs: null,
  },
  carried: STATE,
  trainable: [1, 2, 3],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: ({ rank }, [, , time]) =>
    rank > 1
      ? { kind: 'fixed' } // several filters would have to go together
      : {
          kind: 'mix',
          in: [[1, 1]],
          out: [
            [1, 0],
            [2, 0],
            [3, 0],
          ],
          state: [STATE, time![1]],
          linear: 'inside',
          reads: null, // it reads what it kept too
        },
  work: ([x, wFeature, wTime]) => products(x![0] * sizeOf([wFeature![0], wFeature![1] + wTime![1]])),
  tflite: {
    codes: [27],
    read: (from) => ({
      attrs: { rank: Number(from.options.rank), activation: readActivation(from.options.fused_activation_function) },
      inputs: from.inputs,
    }),
    write: ({ attrs, inputs }) => ({
      code: 27,
      options: { rank: attrs.rank, fused_activation_function: writeActivation(attrs.activation) },
      inputs,
    }),
  },
  axes: null, // time and features have their places
  onnx: null, // ONNX has no such operator
});
