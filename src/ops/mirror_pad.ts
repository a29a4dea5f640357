import { showShape } from '../graph/graph.ts';
import type { Shape } from './dims.ts';
import { int64s, listOf, unsupported } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { mismatch } from './shapes.ts';
import { takeCells, takenChannels } from './take_cells.ts';

export interface MirrorPad {
  /** Places added before and after, for each dimension. */
  readonly paddings: readonly (readonly [number, number])[];
  /** The outermost place is repeated (TensorFlow's SYMMETRIC), or not (REFLECT). */
  readonly symmetric: boolean;
}

const places = ({ paddings, symmetric }: MirrorPad, x: Shape) =>
  x.map((d, i) => {
    const [before, after] = paddings[i];
    const edge = symmetric ? 1 : 0;
    const mirrored = (p: number) => (p < 0 ? -p - edge : p >= d ? 2 * (d - 1) - p + edge : p);
    return before + after ? Array.from({ length: d + before + after }, (_, k) => mirrored(k - before)) : null;
  });

export const mirrorPad = defineOp<MirrorPad>({
  ...takeCells('a mirrored pad', places),
  infer([x], { paddings, symmetric }) {
    const fits = (n: number, d: number) => Number.isInteger(n) && n >= 0 && n <= d - (symmetric ? 0 : 1);
    if (paddings.length !== x!.length || paddings.some(([b, a], i) => !fits(b, x![i]) || !fits(a, x![i]))) {
      throw mismatch(
        `mirrored paddings of ${showShape(paddings.flat())} around ${showShape(x!)}`,
        'give two counts for each dimension, none beyond what there is to mirror',
      );
    }
    return [x!.map((d, i) => d + paddings[i][0] + paddings[i][1])];
  },
  channels: ({ paddings }, [x]) =>
    takenChannels(
      paddings[x!.length - 1].every((n) => n === 0),
      x!,
    ),
  tflite: {
    codes: [100],
    read(from) {
      const flat = from.values(1);
      const paddings = from.shape(0).map((_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0] as const);
      return { attrs: { paddings, symmetric: Number(from.options.mode) === 1 }, inputs: [from.inputs[0]] };
    },
    write: ({ attrs: { paddings, symmetric }, inputs }) => ({
      code: 100,
      options: { mode: Number(symmetric) },
      inputs: [inputs[0], { name: 'paddings', shape: [paddings.length, 2], values: paddings.flat() }],
    }),
  },
  axes: (a, from) => {
    const dropped = a.paddings.some(([before, after], axis) => before + after > 0 && !from.includes(axis));
    return dropped ? null : { ...a, paddings: from.map((axis) => (axis < 0 ? [0, 0] : a.paddings[axis])) };
  },
  onnx: {
    types: ['Pad'],
    read(from) {
      if (from.attributes.text('mode', 'constant') !== 'reflect' || from.isThere(3)) return null;
      const flat = listOf(from, 'pads', 1) ?? [];
      const { length } = from.shape(0);
      const paddings = from.shape(0).map((_, i): [number, number] => [flat[i], flat[i + length]]);
      return { attrs: { paddings, symmetric: false }, inputs: [from.inputs[0]] };
    },
    write({ attrs: { paddings, symmetric }, inputs }) {
      if (symmetric) throw unsupported('a mirrored pad that repeats the edge', 'mirror without the edge (REFLECT)');
      const pads = int64s('pads', [...paddings.map(([n]) => n), ...paddings.map(([, n]) => n)]);
      return { type: 'Pad', attributes: { mode: { text: 'reflect' } }, inputs: [inputs[0], pads] };
    },
  },
});
