import type { BilinearParams, NearestParams } from '../wasm/resize.ts';
import type { Pair, Shape, TfliteCell } from './op.ts';

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
