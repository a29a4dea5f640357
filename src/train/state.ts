import type { HeapTensor } from '../wasm/heap.ts';

/** Values of constants by their tensor in the graph. */
export type Constants = ReadonlyMap<number, Float32Array>;

/** The epoch whose weights did best on the validation part. */
export interface Best {
  readonly epoch: number;
  readonly score: number;
  readonly values: Constants;
}

/** How far a training is. With the tensors that steps change, it is all that the next step depends on. */
export interface Position {
  /** Steps done. */
  step: number;
  /** Sum of the mean losses of the steps of the epoch that is not over. */
  sum: number;
  /** Mean loss of each epoch that is over. */
  readonly losses: number[];
  /** What each of them did on the validation part, where training stops by it. */
  readonly scores: number[];
  best: Best | null;
}

export const newPosition = (): Position => ({ step: 0, sum: 0, losses: [], scores: [], best: null });

/** A tensor that steps change, by a name that is the same in every run of the same training. */
export interface Changing {
  readonly name: string;
  readonly tensor: HeapTensor;
}

/** A tensor of zeros that an optimizer keeps from one step to the next. */
export type Remember = (shape: readonly number[]) => HeapTensor;
