import type { WindowGeometry } from '../buffer_sizes.ts';
import { copied, down, type KernelFeatures, tapsOf, times, up } from './parts.ts';

export const elementwiseFeatures = (elements: number): KernelFeatures => ({
  paths: [],
  features: { one: 1, elements, quads: down(elements, 4) },
});

export function poolFeatures(g: WindowGeometry): KernelFeatures {
  const { pixels, taps, rows } = tapsOf(g);
  const c = g.input.c;
  const channels = { '': 1, single: c % 4, quads: down(c, 4), vectors: up(c, 16), halves: up(c, 8) };
  return {
    paths: [],
    features: {
      one: 1,
      ...times(pixels, 'pixel', channels),
      ...times(taps, 'tap', channels),
      ...times(rows, 'row', { '': 1, all: c }),
      places: pixels * g.filter.h * g.filter.w * c,
    },
  };
}

export const softmaxFeatures = (rows: number, size: number): KernelFeatures => ({
  paths: [],
  features: { one: 1, rows, elements: rows * size },
});

/** `pieces` blocks of `bytes` copied one after another. */
export const copyFeatures = (pieces: number, bytes: number): KernelFeatures => ({
  paths: [],
  features: { one: 1, pieces, vectors: pieces * up(bytes, 16), ...copied(pieces, bytes) },
});

/** Zero rows above and below, zero pieces left and right of each of `rows` rows of `bytes`. */
export const padFeatures = (outRows: number, rows: number, bytes: number, outBytes: number): KernelFeatures => ({
  paths: [],
  features: {
    one: 1,
    rows,
    vectors: rows * up(bytes, 16),
    sides: rows * (outBytes - bytes),
    sideWords: rows * down(outBytes - bytes, 4),
    empty: (outRows - rows) * outBytes,
    ...copied(rows, bytes),
  },
});

/** Plain float code. */
export const floatFeatures = (macs: number, outputs: number): KernelFeatures => ({
  paths: [],
  features: { one: 1, macs, outputs },
});

/** Rows and columns exchanged, `slices` of them. */
export const transposeFeatures = (slices: number, rows: number, elements: number): KernelFeatures => ({
  paths: [],
  features: { one: 1, slices, rows, elements },
});
