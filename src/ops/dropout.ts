import { folded } from './cost.ts';
import { defineOp } from './op.ts';

export interface Dropout {
  /** Fraction of values that training sets to 0. */
  readonly rate: number;
}

/** While training some values are 0 and the others grow by 1 / (1 - rate); else nothing happens. */
export const dropout = defineOp<Dropout>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: null, // its kernel is not linked yet
  integer: null, // it exists only while training
  trainable: [],
  memory: 'view',
  outputRange: 'as-input',
  channels: (_, [x]) => ({ kind: 'keep', along: [[0, x!.length - 1]] }),
  cost: folded,
  tflite: null, // left out when a graph is exported
});
