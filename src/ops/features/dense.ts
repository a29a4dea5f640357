import type { CoreKind } from '../buffer_sizes.ts';
import { down, type Features, type KernelFeatures, quadSteps, times, up, type Weights } from './parts.ts';

/** One dense layer: rows of weights in tiles, whole steps of a vector, then single products. */
export function fullyConnectedFeatures(
  kind: CoreKind,
  weights: Weights,
  batch: number,
  depth: number,
  units: number,
): KernelFeatures {
  const tile = weights === 's4' ? 4 : { c: weights === 's16' ? 1 : 3, dsp: 2, mve: 4 }[kind];
  const fast = weights === 's16' ? Math.min(depth, 512) : depth;
  const steps: Features =
    kind === 'mve'
      ? {
          '': 1,
          step: weights === 's4' ? down(depth, 16) : up(fast, weights === 's16' ? 8 : 16),
          rest: weights === 's4' ? +(depth % 16 > 0) : 0,
          six: weights === 's4' ? +(depth % 16 > 6) : 0,
          slow: depth - fast,
        }
      : {
          ...quadSteps(fast),
          slow: depth - fast,
          two: weights === 's4' ? down(depth % 4, 2) : 0,
          odd: weights === 's4' ? depth % 2 : 0,
        };
  return {
    paths: [],
    features: times(batch, '', { one: 1, ...times(down(units, tile), 'tile', steps), ...times(units % tile, 'row', steps) }),
  };
}

/** `matrices` products of [rows, depth] with [columns, depth]. */
export function batchMatmulFeatures(
  kind: CoreKind,
  matrices: number,
  rows: number,
  depth: number,
  columns: number,
): KernelFeatures {
  const { features } = fullyConnectedFeatures(kind, 's8', matrices * rows, depth, columns);
  return {
    paths: [],
    features: { ...features, call: 1, matrices, sums: matrices * columns, sumSteps: matrices * columns * up(depth, 16) },
  };
}

export const svdfFeatures = (batch: number, input: number, features: number, memory: number): KernelFeatures => ({
  paths: [],
  features: times(batch, '', {
    one: 1,
    state: features * memory,
    features,
    steps: features * down(input, 4),
    rest: features * (input % 4),
    vectors: features * up(input, 16),
    time: features * down(memory, 4),
    timeRest: features * (memory % 4),
  }),
});
