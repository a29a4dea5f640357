import type { Heap } from '../wasm/heap.ts';
import { emaStepF32 } from '../wasm/optimizer.ts';
import type { Constant } from './program.ts';

/** Weights averaged over the steps of a training. */
export interface Average {
  readonly constants: readonly Constant[];
  /** Takes in what a step has made of the weights; steps are counted from 0. */
  readonly follow: (step: number) => void;
}

/**
 * Exponential moving average of all weights (Polyak and Juditsky, 1992). Running means and variances of batch normalizations are
 * averaged as the weights are that they belong to: they would not fit averaged weights otherwise.
 */
export function averageOf(heap: Heap, constants: readonly Constant[], decay: number): Average {
  const averages = constants.map(({ tensor, value }): Constant => {
    return { tensor, value: heap.tensor('f32', value.shape) };
  });
  const steps = constants.map(({ value }, i) => emaStepF32(heap, averages[i].value, value, decay));
  return {
    constants: averages,
    follow: (step) => {
      for (const take of steps) take(step + 1);
    },
  };
}
