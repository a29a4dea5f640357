/** The parts of a job as the model is given them, for what reads them elsewhere. */
import { writeNpy } from '../../src/data/npy.ts';
import type { Job } from './jobs.ts';

export const PARTS = ['train', 'validation', 'test'] as const;

/** `x`: numbers of [count, ...shape], channels last; `y`: classes. */
export function givenOf({ data }: Job, part: (typeof PARTS)[number], shape: readonly number[]) {
  const { inputs, y, count } = data[part]!;
  const { scale, mean, std } = data.inputs[0].normalization ?? data.normalization;
  const x = Float32Array.from(inputs[0], (v, i) => (v * scale - mean[i % mean.length]) / std[i % std.length]);
  return { x: writeNpy(x, [count, ...shape]), y: writeNpy(Int32Array.from(y!), [count]) };
}
