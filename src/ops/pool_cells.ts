import type { Activation } from '../graph/graph.ts';
import { geometryOf } from './cost.ts';
import { tapsOf } from './features/index.ts';
import { windowF32 } from './float_cells.ts';
import type { Operand } from './kernel_call.ts';
import type { Pair, Shape, TfliteCell, Work } from './op.ts';
import { clampOf } from './requant.ts';
import { padBefore, readWindow, type Window, windowInt, windowOutput, writeNamedWindow } from './window.ts';

/** What the rows of the two poolings share. */
export interface Pool extends Window {
  readonly activation: Activation;
  /** Height and width of the window. */
  readonly filter: Pair;
}

/** x [n, h, w, c] */
export const poolOutput = (x: Shape, a: Pool): number[] => [x[0], ...windowOutput(a, [x[1], x[2]], a.filter), x[3]];

export const poolF32 = (a: Pool, x: Shape) => ({ ...windowF32(a, x, a.filter), filter: a.filter });

export const poolInt = (a: Pool, x: Operand, y: Operand) => ({
  filter: a.filter,
  stride: a.stride,
  padding: padBefore(a, x.shape, a.filter),
  ...clampOf(a.activation, y),
});

/** One step for each place of a window that lies inside the input. */
export function poolWork([x]: readonly (Shape | null)[], [y]: readonly Shape[], a: Pool): Work {
  const g = geometryOf(x!, y, [...a.filter, x![3]], windowInt(a, x!, a.filter));
  return { macs: 0, steps: tapsOf(g).taps * x![3] };
}

export const poolTflite = (code: number): TfliteCell<Pool> => ({
  codes: [code],
  read: ({ options, inputs }) => ({
    attrs: { ...readWindow(options), filter: [Number(options.filter_height), Number(options.filter_width)] },
    inputs,
  }),
  write({ attrs, inputs, shape }) {
    const window = writeNamedWindow(attrs, [shape(0)[1], shape(0)[2]], attrs.filter);
    return { code, options: { ...window, filter_height: attrs.filter[0], filter_width: attrs.filter[1] }, inputs };
  },
});
