import { showShape } from '../graph/graph.ts';
import type { BilinearParams, NearestParams } from '../wasm/resize.ts';
import type { Pair, Shape } from './dims.ts';
import { asImage, CHANNELS_FIRST, int64s, unsupported } from './onnx_cells.ts';
import type { OnnxCell, OnnxRead } from './op_onnx.ts';
import type { TfliteCell } from './op_tflite.ts';
import { axisOf } from './shapes.ts';

/** What the rows of the two resizings share. */
export interface Resize {
  /** Height and width of the output. */
  readonly size: Pair;
  /** The corner pixels of both images fall together. */
  readonly alignCorners: boolean;
  /** Pixels are areas whose centres are sampled. */
  readonly halfPixelCenters: boolean;
}

/** x [n, h, w, c] */
export const resizeOutput = (x: Shape, { size }: Resize): number[] => [x[0], ...size, x[3]];

export const resizeTflite = (code: number): TfliteCell<Resize> => ({
  codes: [code],
  read: ({ options, inputs, values }) => ({
    attrs: {
      size: values(1) as unknown as Pair,
      alignCorners: Boolean(options.align_corners),
      halfPixelCenters: Boolean(options.half_pixel_centers),
    },
    inputs: [inputs[0]],
  }),
  write: ({ attrs, inputs }) => ({
    code,
    options: { align_corners: attrs.alignCorners, half_pixel_centers: attrs.halfPixelCenters },
    inputs: [inputs[0], { name: 'size', shape: [2], values: attrs.size }],
  }),
});

/** Upsample until opset 9, Resize from 10 on. */
export const resizeOnnx = (mode: 'nearest' | 'linear'): OnnxCell<Resize> => ({
  types: ['Resize', 'Upsample'],
  read(from) {
    const { attributes, opset } = from;
    if (attributes.text('mode', 'nearest') !== mode) return null;
    const rank = asImage(from);
    const [, h, w] = from.shape(0);
    const { size, step } = sizeIn(from, rank);
    const how = attributes.text('coordinate_transformation_mode', opset < 11 ? 'asymmetric' : 'half_pixel');
    const rounding = attributes.text('nearest_mode', opset < 11 ? 'floor' : 'round_prefer_floor');
    for (const name of ['antialias', 'exclude_outside'])
      if (attributes.int(name, 0)) throw unsupported(`a resize with ${name}`, 'leave it out');
    const policy = attributes.text('keep_aspect_ratio_policy', 'stretch');
    if (policy !== 'stretch') throw unsupported(`a resize with keep_aspect_ratio_policy "${policy}"`, 'state the size');
    attributes.float('cubic_coeff_a', -0.75);
    attributes.float('extrapolation_value', 0);
    const attrs = {
      size,
      alignCorners: how === 'align_corners',
      halfPixelCenters: how === 'half_pixel' || how === 'pytorch_half_pixel',
    };
    if (!['align_corners', 'half_pixel', 'pytorch_half_pixel', 'asymmetric'].includes(how))
      throw unsupported(`a resize with coordinates "${how}"`, 'use asymmetric, half_pixel or align_corners');
    // counted from the middle, a single pixel lies in the middle of the image; PyTorch takes its beginning
    if (mode === 'linear' && how === 'pytorch_half_pixel' && size.some((n, d) => n === 1 && [h, w][d] > 1))
      throw unsupported('a resize to one pixel with "pytorch_half_pixel"', 'use half_pixel');
    if (mode === 'nearest') return { attrs: nearestAttrs([h, w], { size, step }, how, rounding), inputs: [from.inputs[0]] };
    if (step.some((s, d) => s !== [h, w][d] / size[d]))
      throw unsupported(`a resize by factors that do not give whole numbers of pixels`, 'state the sizes');
    return { attrs, inputs: [from.inputs[0]] };
  },
  write({ attrs, inputs, shape, opset }) {
    const [n, , , c] = shape(0);
    const how = attrs.alignCorners ? 'align_corners' : attrs.halfPixelCenters ? 'half_pixel' : 'asymmetric';
    const rounding = attrs.alignCorners || attrs.halfPixelCenters ? 'round_prefer_ceil' : 'floor';
    if (opset < 11) throw unsupported('a resize before opset 11', 'export with opset 13 or later');
    const modes = { coordinate_transformation_mode: { text: how }, mode: { text: mode } };
    const attributes = mode === 'nearest' ? { ...modes, nearest_mode: { text: rounding } } : modes;
    return {
      type: 'Resize',
      attributes,
      inputs: [inputs[0], -1, -1, int64s('sizes', [n, c, ...attrs.size])],
      order: CHANNELS_FIRST,
    };
  },
});

interface Target {
  readonly size: Pair;
  /** Pixels of the input from one of the output to the next. */
  readonly step: Pair;
}

/** What becomes of height and width, by factors or sizes of the file's axes. */
function sizeIn(from: OnnxRead, rank: number): Target {
  const [n, h, w, c] = from.shape(0);
  const now = rank === 3 ? [n, c, w] : [n, c, h, w];
  const axes = from.attributes.list('axes')?.map((a) => axisOf(a, now.length)) ?? [...now.keys()];
  const last = from.opset < 11 ? 1 : 2;
  const scales = from.attributes.list('scales') ?? (from.isThere(last) && from.shape(last)[0] ? from.values(last) : null);
  const sizes = from.isThere(3) ? from.values(3) : scales?.map((s, i) => now[axes[i]] * s);
  const exact = now.map((d, axis) => sizes?.[axes.indexOf(axis)] ?? d);
  // factors are float32, so that a third of 9 is not quite 3
  const whole = exact.map((d) => (Math.abs(d - Math.round(d)) < 1e-5 * d ? Math.round(d) : Math.floor(d)));
  if (whole[0] !== n || whole[1] !== c || whole.some((d) => d < 1))
    throw unsupported(`a resize of ${showShape(now)} to ${showShape(whole)}`, 'resize height and width alone');
  const step = now.map((d, i) => d / (Math.abs(exact[i] - whole[i]) < 1e-5 * exact[i] ? whole[i] : exact[i]));
  return rank === 3 ? { size: [h, whole[2]], step: [1, step[2]] } : { size: [whole[2], whole[3]], step: [step[2], step[3]] };
}

/** The way of TFLite's that takes the same pixels; where an image grows by a whole factor several of ONNX's do. */
function nearestAttrs(from: Pair, { size, step }: Target, how: string, rounding: string): Resize {
  const ways = [
    { size, alignCorners: false, halfPixelCenters: false },
    { size, alignCorners: false, halfPixelCenters: true },
    { size, alignCorners: true, halfPixelCenters: false },
  ];
  const wanted = [0, 1].map((d) => nearestOfOnnx(from[d], size[d], step[d], how, rounding).join());
  const found = ways.find((a) => [0, 1].every((d) => nearest(from[d], size[d], a).join() === wanted[d]));
  if (found) return found;
  throw unsupported(
    `a resize to the nearest pixel with "${how}" and "${rounding}"`,
    'state the sizes, with asymmetric and floor',
  );
}

const ROUNDINGS: Readonly<Record<string, (x: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
};

/** For each of `out` places the place of the input that ONNX takes (Resize, coordinate_transformation_mode). */
function nearestOfOnnx(size: number, out: number, stated: number, how: string, rounding: string): number[] {
  const step = how === 'align_corners' ? (out > 1 ? (size - 1) / (out - 1) : 0) : stated;
  const half = how === 'half_pixel' || (how === 'pytorch_half_pixel' && out > 1);
  const round = ROUNDINGS[rounding] ?? Math.floor;
  return Array.from({ length: out }, (_, i) => {
    const at = half ? (i + 0.5) * step - 0.5 : how === 'pytorch_half_pixel' ? 0 : i * step;
    return Math.max(0, Math.min(size - 1, round(at)));
  });
}

const f = Math.fround;

/** Source: TFLite kernels/internal/reference/resize_nearest_neighbor.h, which counts in float32. x [n, h, w, c] */
export function nearestParams(x: Shape, a: Resize): NearestParams {
  return { rows: nearest(x[1], a.size[0], a), columns: nearest(x[2], a.size[1], a) };
}

/** For each of `out` places the place of the input it takes. */
function nearest(size: number, out: number, { alignCorners, halfPixelCenters }: Resize): number[] {
  const scale = alignCorners && out > 1 ? f((size - 1) / (out - 1)) : f(size / out);
  return Array.from({ length: out }, (_, i) => {
    const at = f(f(i + (halfPixelCenters ? 0.5 : 0)) * scale);
    return Math.max(0, Math.min(alignCorners ? Math.floor(at + 0.5) : Math.floor(at), size - 1));
  });
}

/** Source: TFLite kernels/internal/reference/resize_bilinear.h, ResizeBilinearInteger. x [n, h, w, c] */
export function bilinearParams(x: Shape, a: Resize): BilinearParams {
  return { step: [step1024(x[1], a.size[0], a), step1024(x[2], a.size[1], a)], halfPixelCenters: a.halfPixelCenters };
}

/** Input pixels for one output pixel in 1/1024, rounded. */
function step1024(size: number, out: number, { alignCorners }: Resize): number {
  const [from, to] = alignCorners && out > 1 ? [size - 1, out - 1] : [size, out];
  return Math.floor((1024 * from + Math.floor(to / 2)) / to);
}
