import type { Activation } from '../graph/graph.ts';

/** What an activation clamps to: by name, or [min, max] in real units. */
export type FloatActivation = Activation | readonly [number, number];

const RANGES: Record<Activation, readonly [number, number]> = {
  none: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
  reluN1: [-1, 1],
};

/** [low, high] of an activation; infinite where it does not clamp. */
export const rangeOf = (activation: FloatActivation = 'none'): readonly [number, number] =>
  typeof activation === 'string' ? RANGES[activation] : activation;
