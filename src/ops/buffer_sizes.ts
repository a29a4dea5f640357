/**
 * Scratch memory in bytes that CMSIS-NN kernels ask of their caller, by the kind of core the library was built for.
 *
 * Source: CMSIS-NN 99f736a, the `arm_*_get_buffer_size` functions as GCC and clang build them.
 */

/** Which CMSIS-NN build runs: plain C (M0, M0+, M3, M23), DSP (M4, M7, M33), MVE (M55, M85). */
export type CoreKind = 'c' | 'dsp' | 'mve';

export interface Size2 {
  readonly h: number;
  readonly w: number;
}

/** Sizes of a convolution-like call. `filter.c` is the input channels of one group (depthwise: the output channels). */
export interface WindowGeometry {
  readonly input: Size2 & { readonly n: number; readonly c: number };
  readonly filter: Size2 & { readonly c: number };
  readonly output: Size2 & { readonly c: number };
  readonly stride: Size2;
  /** Before the first row and column; what is left over after them follows from `output`. */
  readonly padding: Size2;
  readonly dilation: Size2;
}

/** Any 1x1 window without padding: the input itself is the matrix, nothing is gathered. */
export const isPointwise = ({ input, filter, padding, dilation }: WindowGeometry): boolean =>
  padding.w === 0 &&
  padding.h === 0 &&
  filter.w === 1 &&
  filter.h === 1 &&
  dilation.w === 1 &&
  dilation.h === 1 &&
  input.c === filter.c;

/** One row, a window along it: MVE gathers only at the two ends. */
export const isOneByN = ({ input, filter, stride, dilation }: WindowGeometry): boolean =>
  input.h === 1 && dilation.w === 1 && filter.h === 1 && (stride.w * input.c) % 4 === 0 && input.c === filter.c;

/** Of all groups together, as CMSIS-NN reckons it. */
const depth = ({ input, filter }: WindowGeometry) => input.c * filter.w * filter.h;
const roundUp = (n: number, to: number) => Math.ceil(n / to) * to;

/** How the MVE 1xN path divides a row of outputs into those that touch padding left, right, and none. */
export function oneByNSections({ input, filter, output, stride, padding }: WindowGeometry) {
  const asymmetric = ((output.w - 1) * stride.w + filter.w - input.w) % 2;
  const touching = (pad: number) => (pad === 0 ? 0 : Math.max(1, Math.trunc((pad + stride.w - 1) / stride.w)));
  const right = touching(padding.w + asymmetric);
  const left = touching(padding.w);
  const inner = Math.max(output.w - (right + left), 0);
  return { left, inner, right, asymmetric, fits: left + inner + right === output.w };
}

/** Four columns of int8 in whole vector registers. */
const fourColumnsMve = (g: WindowGeometry) => 4 * roundUp(depth(g), 16);

/** Two columns widened to int16. */
const twoColumns = (g: WindowGeometry) => 2 * 2 * roundUp(depth(g), 4);

function oneByNScratchS8Mve(g: WindowGeometry): number {
  const { right, asymmetric, fits } = oneByNSections(g);
  if (!fits) return fourColumnsMve(g);
  const padLeft = g.padding.w * g.input.c;
  const padRight = asymmetric ? right * g.input.c : padLeft;
  const window = g.filter.w * g.input.c;
  return Math.max(window + padLeft, window - g.input.c + padRight);
}

/** s8 activations, s8 weights. */
export function convolveS8Scratch(core: CoreKind, g: WindowGeometry): number {
  if (isPointwise(g)) return 0;
  if (core === 'mve') return isOneByN(g) ? oneByNScratchS8Mve(g) : fourColumnsMve(g);
  return twoColumns(g);
}

/** s8 activations, s4 weights. */
export function convolveS4Scratch(core: CoreKind, g: WindowGeometry): number {
  if (isPointwise(g)) return 0;
  if (core !== 'mve') return 2 * 2 * depth(g);
  if (!isOneByN(g)) return fourColumnsMve(g);
  return oneByNSections(g).fits ? 0 : fourColumnsMve(g);
}

/** s16 activations, s8 weights. */
export const convolveS16Scratch = (core: CoreKind, g: WindowGeometry): number =>
  core === 'mve' ? 4 * 2 * roundUp(depth(g), 8) : 2 * 2 * depth(g);

const MVE_CHANNEL_BLOCK = 124;
const isPlainDepthwise = ({ input, output, dilation }: WindowGeometry) =>
  input.c === output.c && input.n === 1 && dilation.w === 1 && dilation.h === 1;

/** Whether the special 3x3 kernel of the C and DSP builds applies. */
export const isDepthwise3x3 = (g: WindowGeometry): boolean =>
  isPlainDepthwise(g) && g.filter.w === 3 && g.filter.h === 3 && g.padding.h <= 1 && g.padding.w <= 1;

/** Whether the MVE build turns a depthwise convolution of one channel into an ordinary one. */
export const isDepthwiseAsConvolution = ({ input, output }: WindowGeometry): boolean => input.c === 1 && output.c > 1;

export function depthwiseConvS8Scratch(core: CoreKind, g: WindowGeometry): number {
  if (core === 'mve' && isDepthwiseAsConvolution(g)) {
    return convolveS8Scratch(core, { ...g, filter: { ...g.filter, c: 1 } }) + g.filter.c * g.filter.h * g.filter.w;
  }
  if (!isPlainDepthwise(g)) return 0;
  if (core === 'mve') return 4 * MVE_CHANNEL_BLOCK * g.filter.w * g.filter.h;
  return core === 'c' || isDepthwise3x3(g) ? 0 : 2 * depth(g);
}

export function depthwiseConvS4Scratch(core: CoreKind, g: WindowGeometry): number {
  if (!isPlainDepthwise(g)) return 0;
  return core === 'mve' ? 4 * MVE_CHANNEL_BLOCK * g.filter.w * g.filter.h : 2 * depth(g);
}

export function depthwiseConvS16Scratch(core: CoreKind, g: WindowGeometry): number {
  const { input, output, filter, dilation } = g;
  const fast = input.c === output.c && dilation.w === 1 && dilation.h === 1 && filter.w * filter.h < 512;
  if (!fast || core === 'c') return 0;
  return core === 'mve' ? 4 * 2 * depth(g) + 8 : 2 * depth(g);
}

/** Whether a transpose convolution is run as a convolution over the stretched input, with reversed weights. */
export const isReverseConv = ({ input, stride }: WindowGeometry): boolean => stride.w <= 2 && stride.h <= 2 && input.c > 16;

export function transposeConvS8Scratch(core: CoreKind, g: WindowGeometry): number {
  if (isReverseConv(g)) return core === 'mve' ? fourColumnsMve(g) : twoColumns(g);
  const { input, filter, output, stride } = g;
  const columns = (input.w - 1) * stride.w + Math.max(filter.w, stride.h);
  return 4 * columns * output.c * Math.max(filter.h, stride.h);
}

/** What the kernel uses: CMSIS-NN's own figure asks by `stride.h` instead of `stride.w`, too little where stride w > max(kernel w, stride h). */
export function transposeConvS8Needs(core: CoreKind, g: WindowGeometry): number {
  if (isReverseConv(g)) return transposeConvS8Scratch(core, g);
  const { input, filter, output, stride } = g;
  const columns = (input.w - 1) * stride.w + Math.max(filter.w, stride.w);
  return 4 * columns * output.c * Math.max(filter.h, stride.h);
}

/** The second buffer of a transpose convolution: its weights, reversed. */
export const transposeConvS8ReverseScratch = (g: WindowGeometry): number => (isReverseConv(g) ? depth(g) * g.output.c : 0);

/** One int32 sum of weights for each output. */
export const fullyConnectedS8Scratch = (core: CoreKind, units: number): number => (core === 'mve' ? 4 * units : 0);

/** `columns` of the (already transposed) right-hand side. */
export const batchMatmulS8Scratch = fullyConnectedS8Scratch;

/** s8 and s16: one int32 sum for each channel. */
export const avgPoolScratch = (core: CoreKind, channels: number): number => (core === 'dsp' ? 4 * channels : 0);

/** One int32 sum of weights for each feature filter. */
export const svdfS8Scratch = (core: CoreKind, featureBatches: number): number => (core === 'mve' ? 4 * featureBatches : 0);
