import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import type { Operand } from './kernel_call.ts';
import { kernelCall } from './kernel_call.ts';
import type { OpRow } from './op.ts';
import { axisOf } from './shapes.ts';

/** Cells of rows that give a place along an axis. */

export interface Arg {
  /** Counted from the front; it goes. */
  readonly axis: number;
}

const FORMS = { i8: 's8', u8: 'u8', i16: 's16', f32: 'f32' } as const;

function formOf({ dtype }: Operand) {
  const form = FORMS[dtype as keyof typeof FORMS];
  if (form) return form;
  throw new CompressError('unsupported', `a search along an axis is not made for ${dtype}`, 'use int8 activations');
}

/** @param code of TFLite */
export const argCells = (code: number, largest: boolean): OpRow<Arg> => ({
  operands: 1,
  infer: ([x], { axis }) => [x!.filter((_, i) => i !== axis)],
  float: null, // its output is a whole number
  lower: ({ x: [x], y: [y], attrs: { axis } }) => kernelCall('arg_extremum', formOf(x!), { x: x!, y }, { axis, largest }),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'counted',
  fuses: null,
  channels: () => ({ kind: 'fixed' }),
  work: ([x]) => ({ macs: 0, steps: sizeOf(x!) }),
  axes: null, // the places are numbered along its axis
  tflite: {
    codes: [code],
    read: (from) => ({ attrs: { axis: axisOf(from.values(1)[0], from.shape(0).length) }, inputs: [from.inputs[0]] }),
    write: ({ attrs, inputs, outputDtype }) => ({
      code,
      options: { output_type: outputDtype(0) === 'i64' ? 4 : 2 },
      inputs: [inputs[0], { name: 'axis', shape: [], values: [attrs.axis] }],
    }),
  },
  onnx: null, // a network's labels are told by the task
});
