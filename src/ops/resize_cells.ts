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
