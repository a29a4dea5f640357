import { CompressError } from '../errors.ts';
import type { Activation } from '../graph/graph.ts';
import type { Pair, Sides } from './dims.ts';
import type { Linear, Patch } from './op.ts';
import type { TfliteOptions } from './op_tflite.ts';
import { mismatch } from './shapes.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';

const SIDES = ['top', 'bottom', 'left', 'right'] as const;

/** How a filter moves over an image. */
export interface Window {
  readonly stride: Pair;
  readonly padding: 'same' | 'valid' | Sides;
  /** Steps between the filter's own places; 1 = none skipped. */
  readonly dilation?: Pair;
}

/** Rows and columns added around an input of `size` [h, w]; `same` puts the odd one behind (TensorFlow's rule). */
export function sidesOf({ stride, padding, dilation = [1, 1] }: Window, size: Pair, filter: Pair): Sides {
  if (typeof padding === 'object') return padding;
  if (padding === 'valid') return { top: 0, bottom: 0, left: 0, right: 0 };
  const total = [0, 1].map((i) => {
    const span = (filter[i] - 1) * dilation[i] + 1;
    return Math.max((Math.ceil(size[i] / stride[i]) - 1) * stride[i] + span - size[i], 0);
  });
  const [top, left] = total.map((n) => n >> 1);
  return { top, bottom: total[0] - top, left, right: total[1] - left };
}

/** Rows above and columns left of an input of `shape` [n, h, w, c]. */
export function padBefore(window: Window, shape: readonly number[], filter: Pair): Pair {
  const { top, left } = sidesOf(window, [shape[1], shape[2]], filter);
  return [top, left];
}

/** A window as kernels take it, over an input of `shape` [n, h, w, c]. */
export const windowInt = (window: Window, shape: readonly number[], filter: Pair) => ({
  stride: window.stride,
  padding: padBefore(window, shape, filter),
  dilation: window.dilation ?? ([1, 1] as const),
});

/** Height and width of the output. */
export function windowOutput(window: Window, size: Pair, filter: Pair): [number, number] {
  const { stride, dilation = [1, 1] } = window;
  for (const n of [...stride, ...dilation, ...filter]) {
    if (!(Number.isInteger(n) && n >= 1))
      throw mismatch(`a window with a stride, dilation or size of ${n}`, 'use whole numbers from 1 on');
  }
  const { top, bottom, left, right } = sidesOf(window, size, filter);
  const padded = [size[0] + top + bottom, size[1] + left + right];
  return [0, 1].map((i) => {
    const n = Math.floor((padded[i] - (filter[i] - 1) * dilation[i] - 1) / stride[i]) + 1;
    if (n < 1) {
      throw mismatch(
        `a filter of ${filter.join(' x ')} does not fit an input of ${size.join(' x ')}`,
        'use a smaller filter, padding "same", or a larger input',
      );
    }
    return n;
  }) as [number, number];
}

/** How an input of `size` [h, w] is read. */
export function patchOf(window: Window, size: Pair, filter: Pair): Patch {
  const { top, left } = sidesOf(window, size, filter);
  const { stride, dilation = [1, 1] } = window;
  return { filter, stride, before: [top, left], dilation, output: windowOutput(window, size, filter) };
}

/** Whether some places of the output see beyond the input. */
export function reach(window: Window, size: Pair, filter: Pair): Linear {
  const sides = sidesOf(window, size, filter);
  return SIDES.some((side) => sides[side] > 0) ? 'padded' : 'inside';
}

/** Options that every windowed operator of TFLite has. */
export const readWindow = (o: TfliteOptions) => ({
  stride: [Number(o.stride_h), Number(o.stride_w)] as const,
  padding: o.padding === 1 ? ('valid' as const) : ('same' as const),
  activation: readActivation(o.fused_activation_function),
});

const SAME = 0;
const VALID = 1;

/** Options for a window over `size` [h, w], and the padding by sides that TFLite has no word for. */
export function writeWindow(a: Window & { activation: Activation }, size: Pair, filter: Pair) {
  const sides = sidesOf(a, size, filter);
  const is = (padding: 'same' | 'valid') => {
    const other = sidesOf({ ...a, padding }, size, filter);
    return SIDES.every((side) => other[side] === sides[side]);
  };
  const named = is('valid') || is('same');
  return {
    options: {
      padding: a.padding === 'same' || (named && !is('valid')) ? SAME : VALID,
      stride_h: a.stride[0],
      stride_w: a.stride[1],
      fused_activation_function: writeActivation(a.activation),
    },
    pads: named ? null : sides,
  };
}

/** Options of a window whose padding by sides no operator before it could make. */
export function writeNamedWindow(a: Window & { activation: Activation }, size: Pair, filter: Pair) {
  const { options, pads } = writeWindow(a, size, filter);
  if (!pads) return options;
  throw new CompressError(
    'unsupported',
    `padding ${SIDES.map((side) => `${side} ${pads[side]}`).join(', ')} is neither TFLite's SAME nor VALID`,
    'use padding "same" or "valid" in this layer',
  );
}

export const readDilation = (o: TfliteOptions) => [Number(o.dilation_h_factor), Number(o.dilation_w_factor)] as const;
export const writeDilation = (d: Pair) => ({ dilation_h_factor: d[0], dilation_w_factor: d[1] });
