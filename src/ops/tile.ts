import type { Shape } from './dims.ts';
import { int64s, listOf } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { mismatch } from './shapes.ts';
import { takeCells, takenChannels } from './take_cells.ts';

export interface Tile {
  /** How often x is repeated along each dimension. */
  readonly multiples: readonly number[];
}

const places = ({ multiples }: Tile, x: Shape) =>
  x.map((d, i) => (multiples[i] === 1 ? null : Array.from({ length: d * multiples[i] }, (_, p) => p % d)));

export const tile = defineOp<Tile>({
  ...takeCells('a tile', places),
  infer([x], { multiples }) {
    if (multiples.length !== x!.length || !multiples.every((m) => Number.isInteger(m) && m >= 1))
      throw mismatch(`${x!.length} dimensions are repeated ${multiples.join(', ')} times`, 'give a count from 1 on for each');
    return [x!.map((d, i) => d * multiples[i])];
  },
  channels: ({ multiples }, [x]) => takenChannels(multiples[x!.length - 1] === 1, x!),
  tflite: {
    codes: [69],
    read: (from) => ({ attrs: { multiples: from.values(1) }, inputs: [from.inputs[0]] }),
    write: ({ attrs: { multiples }, inputs }) => ({
      code: 69,
      options: {},
      inputs: [inputs[0], { name: 'multiples', shape: [multiples.length], values: multiples }],
    }),
  },
  axes: (a, from) => {
    const dropped = a.multiples.some((m, axis) => m !== 1 && !from.includes(axis));
    return dropped ? null : { multiples: from.map((axis) => (axis < 0 ? 1 : a.multiples[axis])) };
  },
  onnx: {
    types: ['Tile'],
    read: (from) => ({ attrs: { multiples: listOf(from, 'repeats', 1) ?? [] }, inputs: [from.inputs[0]] }),
    write: ({ attrs: { multiples }, inputs }) => ({ type: 'Tile', inputs: [inputs[0], int64s('repeats', multiples)] }),
  },
});
