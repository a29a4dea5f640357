import { CompressError } from '../errors.ts';
import { positive } from './check.ts';
import type { HeapTensor } from './heap.ts';

/** How a filter moves over an image. */
export interface Window {
  /** [h, w], in pixels. */
  readonly stride: readonly [number, number];
  /** [top, left] pixels before the image that count as 0; what lies behind it follows from the output's size. */
  readonly padding: readonly [number, number];
  readonly dilation?: readonly [number, number];
}

/** Sizes of a convolution: image, output, filter, stride, padding before, dilation. */
export interface Geometry {
  readonly inH: number;
  readonly inW: number;
  readonly inC: number;
  readonly outH: number;
  readonly outW: number;
  readonly outC: number;
  readonly kH: number;
  readonly kW: number;
  readonly sH: number;
  readonly sW: number;
  readonly top: number;
  readonly left: number;
  readonly dH: number;
  readonly dW: number;
}

/** The geometry in the order in which all convolution kernels take it. */
export const sizesOf = (g: Geometry) =>
  [g.inH, g.inW, g.inC, g.outH, g.outW, g.outC, g.kH, g.kW, g.sH, g.sW, g.top, g.left, g.dH, g.dW] as const;

function geometry(y: HeapTensor, x: HeapTensor, w: HeapTensor, { stride, padding, dilation = [1, 1] }: Window): Geometry {
  const [, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [, kH, kW] = w.shape;
  const [[sH, sW], [top, left], [dH, dW]] = [stride, padding, dilation];
  positive('a convolution', { 'input rows': inH, 'input columns': inW, 'output rows': outH, 'output columns': outW });
  positive('a convolution', { 'input channels': inC, 'output channels': outC, 'filter rows': kH, 'filter columns': kW });
  positive('a convolution', { 'rows from place to place': sH, 'columns from place to place': sW });
  positive('a convolution', { 'rows from weight to weight': dH, 'columns from weight to weight': dW });
  return { inH, inW, inC, outH, outW, outC, kH, kW, sH, sW, top, left, dH, dW };
}

/**
 * @param y [n, outH, outW, outC]
 * @param x [n, inH, inW, inC]
 * @param w [outC, kH, kW, inC / groups]
 * @throws CompressError `shape-mismatch` when the channels do not fit, or there are none
 */
export function convGeometry(y: HeapTensor, x: HeapTensor, w: HeapTensor, p: Window, groups = 1): Geometry {
  const g = geometry(y, x, w, p);
  const [units, , , depth] = w.shape;
  positive('a convolution', { groups });
  if (depth * groups === g.inC && units === g.outC && g.outC % groups === 0) return g;
  throw new CompressError(
    'shape-mismatch',
    `input has ${g.inC} channels and output ${g.outC}, but the weights make ${units} from ${depth * groups}`,
    'prune both sides of this layer together',
  );
}

/**
 * @param y [n, outH, outW, outC]; channel c * (outC / inC) + m comes from input channel c
 * @param x [n, inH, inW, inC]
 * @param w [1, kH, kW, outC]
 * @throws CompressError `shape-mismatch` when the channels do not fit, or there are none
 */
export function depthwiseGeometry(y: HeapTensor, x: HeapTensor, w: HeapTensor, p: Window): Geometry {
  const g = geometry(y, x, w, p);
  const units = w.shape[3];
  if (units === g.outC && g.outC % g.inC === 0) return g;
  throw new CompressError(
    'shape-mismatch',
    `input has ${g.inC} channels and output ${g.outC}, but the weights make ${units}`,
    'prune both sides of this layer together',
  );
}
