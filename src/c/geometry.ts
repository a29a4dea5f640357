import { sizeOf } from '../graph/graph.ts';
import type { CallOf } from '../ops/kernel_call.ts';
import type { LayerCode, Placed, Trade } from './parts.ts';
import type { Channel } from './rescale.ts';

/** Sizes of a convolution: image, output, filter, stride, padding before, dilation. */
export interface Geometry {
  readonly images: number;
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
  readonly groups: number;
}

/** Whether windows leave an image along an axis. @param before padding in front */
export const leaves = (size: number, out: number, kernel: number, stride: number, before: number, dilation = 1): boolean =>
  before > 0 || (out - 1) * stride - before + (kernel - 1) * dilation >= size;

export const leavesRows = (g: Geometry): boolean => leaves(g.inH, g.outH, g.kH, g.sH, g.top, g.dH);
export const leavesColumns = (g: Geometry): boolean => leaves(g.inW, g.outW, g.kW, g.sW, g.left, g.dW);

/** Whether no window leaves the image. */
export const isInside = (g: Geometry): boolean => !leavesRows(g) && !leavesColumns(g);

type Windowed = CallOf<'convolve' | 'depthwise_conv', Placed>;
type Layered = CallOf<'convolve' | 'depthwise_conv' | 'fully_connected', Placed>;

export function geometryOf({ family, operands: { x, w, y }, parameters: p }: Windowed): Geometry {
  const [images, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [, kH, kW] = w.shape;
  const [[sH, sW], [top, left], [dH, dW]] = [p.stride, p.padding, p.dilation];
  const groups = family === 'convolve' ? p.groups : inC;
  return { images, inH, inW, inC, outH, outW, outC, kH, kW, sH, sW, top, left, dH, dW, groups };
}

/** Output channels of a layer: its last axis. */
export const unitsOf = ({ operands: { y } }: Layered): number => y.shape[y.shape.length - 1];

/** The weights that one output channel multiplies, in the order of the file. */
export function weightsOf({ family, operands: { w } }: Layered, channel: number): number[] {
  const data = w.data as Int8Array;
  const units = family === 'depthwise_conv' ? w.shape[3] : w.shape[0];
  const each = sizeOf(w.shape) / units;
  if (family === 'depthwise_conv') return Array.from({ length: each }, (_, i) => data[i * units + channel]);
  return Array.from(data.subarray(channel * each, (channel + 1) * each));
}

export const biasOf = ({ operands: { bias } }: Layered, channel: number): number => (bias ? Number(bias.data![channel]) : 0);

/** How each output channel's sums are rescaled, with the range that they have on int8 inputs. Equal ones are one object: before weights are known most are. */
export function channelsOf(call: Layered): Channel[] {
  const { xOffset, yOffset, yMin, yMax, multiplier, shift } = call.parameters;
  const wOffset = call.family === 'fully_connected' ? call.parameters.wOffset : 0;
  const [x0, x1] = [xOffset - 128, xOffset + 127];
  const known = new Map<string, Channel>();
  return Array.from({ length: unitsOf(call) }, (_, c) => {
    const at = multiplier.length === 1 ? 0 : c;
    let [least, largest] = [biasOf(call, c), biasOf(call, c)];
    for (const weight of weightsOf(call, c)) {
      const [a, b] = [(weight + wOffset) * x0, (weight + wOffset) * x1];
      least += Math.min(a, b);
      largest += Math.max(a, b);
    }
    const key = [multiplier[at], shift[at], least, largest].join();
    const channel = known.get(key) ?? { multiplier: multiplier[at], shift: shift[at], yOffset, yMin, yMax, least, largest };
    known.set(key, channel);
    return channel;
  });
}

/**
 * How far below its input the output of a kernel may begin that computes pixel after pixel, so that it never writes what is still to be read.
 *
 * @param behind pixels before the one that is written whose windows may still be read
 */
export function belowInput(g: Geometry, behind: number): number {
  const pixels = g.outH * g.outW;
  const read = Array.from({ length: pixels }, (_, p) => {
    const row = Math.max(0, Math.floor(p / g.outW) * g.sH - g.top);
    const column = Math.max(0, (p % g.outW) * g.sW - g.left);
    return (row * g.inW + column) * g.inC;
  });
  for (let p = pixels - 2; p >= 0; p--) read[p] = Math.min(read[p], read[p + 1]);
  let below = 0;
  for (let p = 0; p < pixels; p++) below = Math.max(below, (p + 1) * g.outC - read[Math.max(0, p - behind)]);
  return below;
}

/** The same as a part of a layer's code, where memory is what counts. */
export const overlapping = (trade: Trade, g: Geometry, behind: number): Pick<LayerCode, 'overlap'> =>
  trade === 'ram' && g.images === 1 ? { overlap: { below: belowInput(g, behind), multiple: 1 } } : {};
