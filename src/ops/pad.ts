import { showShape } from '../graph/graph.ts';
import { insideGradF32, padF32 } from '../wasm/movement_f32.ts';
import { nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { int64s, listOf } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { roundAway } from './quantize_multiplier.ts';
import { perTensor } from './requant.ts';
import { axisOf, mismatch } from './shapes.ts';

export interface Pad {
  /** Places added before and after, for each dimension. */
  readonly paddings: readonly (readonly [number, number])[];
  /** The real number they hold (in integer graphs a multiple of the scale). */
  readonly value: number;
}

const PAD = 34;
const PADV2 = 60;

const before = (a: Pad) => a.paddings.map(([n]) => n);

export const pad = defineOp<Pad>({
  operands: 1,
  infer: ([x], { paddings }) => {
    if (paddings.length !== x!.length || !paddings.flat().every((n) => Number.isInteger(n) && n >= 0)) {
      throw mismatch(
        `paddings of ${showShape(paddings.flat())} around ${showShape(x!)}`,
        'give two counts from 0 on for each dimension',
      );
    }
    return [x!.map((d, i) => d + paddings[i][0] + paddings[i][1])];
  },
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => padF32(heap, y, x!, before(attrs), attrs.value),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) => (dx ? insideGradF32(heap, dy, dx, before(attrs)) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs: { paddings, value } }) => {
    const { scale, zero } = perTensor(x!);
    return kernelCall('pad', moveForm('a pad', x!, y), { x: x!, y }, { paddings, value: roundAway(value / scale) + zero });
  },
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: ({ paddings }, [x]) => {
    const [before, after] = paddings[x!.length - 1];
    return before + after ? { kind: 'fixed' } : { kind: 'keep', along: [[0, x!.length - 1]] };
  },
  work: 'moves',
  tflite: {
    codes: [PAD, PADV2],
    read(from) {
      const flat = from.values(1);
      const paddings = from.shape(0).map((_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0] as const);
      return { attrs: { paddings, value: from.code === PADV2 ? from.values(2)[0] : 0 }, inputs: [from.inputs[0]] };
    },
    write({ attrs: { paddings, value }, inputs }) {
      const sides = { name: 'paddings', shape: [paddings.length, 2], values: paddings.flat() };
      return value === 0
        ? { code: PAD, options: {}, inputs: [inputs[0], sides] }
        : {
            code: PADV2,
            options: {},
            inputs: [inputs[0], sides, { name: 'value', shape: [], values: [value], like: inputs[0] }],
          };
    },
  },
  axes: (a, from) => {
    const dropped = a.paddings.some(([before, after], axis) => before + after > 0 && !from.includes(axis));
    return dropped ? null : { ...a, paddings: from.map((axis) => (axis < 0 ? [0, 0] : a.paddings[axis])) };
  },
  onnx: {
    types: ['Pad'],
    read(from) {
      if (from.attributes.text('mode', 'constant') !== 'constant') return null;
      const flat = listOf(from, 'pads', 1) ?? [];
      const value = from.isThere(2) ? from.values(2)[0] : from.attributes.float('value', 0);
      const axes = from.isThere(3) ? from.values(3).map((a) => axisOf(a, from.shape(0).length)) : from.shape(0).map((_, i) => i);
      const paddings = from.shape(0).map((_, i): [number, number] => {
        const k = axes.indexOf(i);
        return k < 0 ? [0, 0] : [flat[k], flat[k + axes.length]];
      });
      return { attrs: { paddings, value }, inputs: [from.inputs[0]] };
    },
    write: ({ attrs: { paddings, value }, inputs }) => ({
      type: 'Pad',
      inputs: [
        inputs[0],
        int64s('pads', [...paddings.map(([n]) => n), ...paddings.map(([, n]) => n)]),
        { name: 'value', type: 'f32', shape: [], values: [value] },
      ],
    }),
  },
});
