import type { Activation } from '../graph/graph.ts';
import { geometryOf } from './cost.ts';
import type { Pair, Shape } from './dims.ts';
import { tapsOf } from './features/index.ts';
import { windowF32 } from './float_cells.ts';
import type { Operand } from './kernel_call.ts';
import { asImage, CHANNELS_FIRST, pairOf, readOnnxWindow, unsupported, writeOnnxWindow } from './onnx_cells.ts';
import type { Work } from './op.ts';
import type { OnnxCell } from './op_onnx.ts';
import type { TfliteCell } from './op_tflite.ts';
import { clampOf } from './requant.ts';
import { padBefore, readWindow, sidesOf, type Window, windowInt, windowOutput, writeNamedWindow, writeWindow } from './window.ts';

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

const MAX_POOL = 17;

export const poolTflite = (code: number): TfliteCell<Pool> => ({
  codes: [code],
  read: ({ options, inputs }) => ({
    attrs: { ...readWindow(options), filter: [Number(options.filter_height), Number(options.filter_width)] },
    inputs,
  }),
  write({ attrs, inputs, shape }) {
    const size: Pair = [shape(0)[1], shape(0)[2]];
    const filter = { filter_height: attrs.filter[0], filter_width: attrs.filter[1] };
    // an average counts what lies inside, so that no pad can replace the padding
    if (code !== MAX_POOL) return { code, options: { ...writeNamedWindow(attrs, size, attrs.filter), ...filter }, inputs };
    const { options, pads } = writeWindow(attrs, size, attrs.filter);
    return { code, options: { ...options, ...filter }, inputs, pads, padsLowest: true };
  },
});

/** Counted is what lies inside the image, as in TFLite; a pool that counts zeros around it gets them from a pad before. */
export const poolOnnx = (type: 'AveragePool' | 'MaxPool'): OnnxCell<Pool> => ({
  types: [type],
  read(from) {
    const { attributes } = from;
    asImage(from);
    const filter = pairOf(from, 'kernel_shape', [1, 1]);
    const window = readOnnxWindow(from, filter);
    if (attributes.int('storage_order', 0) || from.outputCount > 1)
      throw unsupported('the places of maxima', 'leave out that output');
    if (window.dilation?.some((d) => d !== 1)) throw unsupported('a pooling that skips places', 'use a dilation of 1');
    const isRoundedUp = attributes.int('ceil_mode', 0) === 1;
    const { dilation: _, ...plain } = isRoundedUp ? roundedUp(window, from.shape(0), filter) : window;
    const attrs = { ...plain, filter, activation: 'none' as const };
    if (!attributes.int('count_include_pad', 0) || window.padding === 'valid') return { attrs, inputs: [from.inputs[0]] };
    if (isRoundedUp)
      throw unsupported(
        'an average that counts the padding, of ceil_mode',
        'use count_include_pad=False, or pad before the pooling',
      );
    const { top, bottom, left, right } = sidesOf(window, [from.shape(0)[1], from.shape(0)[2]], filter);
    const paddings = [NONE, [top, bottom], [left, right], NONE];
    return {
      before: [{ op: 'pad', attrs: { paddings, value: 0 } }],
      attrs: { ...attrs, padding: 'valid' },
      inputs: [from.inputs[0]],
    };
  },
  write: ({ attrs, inputs, shape }) => {
    const { dilations: _, ...window } = writeOnnxWindow(attrs, [shape(0)[1], shape(0)[2]], attrs.filter);
    return { type, attributes: window, inputs: [inputs[0]], order: CHANNELS_FIRST };
  },
});

const NONE = [0, 0];

/** The window with as many places behind the image as the last, incomplete one takes; it begins inside the image. */
function roundedUp(window: Window, image: Shape, filter: Pair): Window {
  const sides = sidesOf(window, [image[1], image[2]], filter);
  const more = (d: 0 | 1, before: number, after: number) => {
    const size = image[1 + d];
    const steps = Math.ceil((size + before + after - filter[d]) / window.stride[d]);
    const last = steps * window.stride[d] < size + before ? steps : steps - 1;
    return Math.max(after, last * window.stride[d] + filter[d] - size - before);
  };
  const padding = { ...sides, bottom: more(0, sides.top, sides.bottom), right: more(1, sides.left, sides.right) };
  return { ...window, padding: Object.values(padding).some((n) => n > 0) ? padding : 'valid' };
}
