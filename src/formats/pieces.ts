import type { Attrs } from '../graph/graph.ts';

/** What adds nodes for one operator or layer of a file. */
export interface Emitter {
  emit(op: string, inputs: readonly number[], attrs: Attrs): number;
  /** Of an operator with several outputs. */
  emitAll(op: string, inputs: readonly number[], attrs: Attrs): number[];
  constant(part: string, shape: readonly number[], values: ArrayLike<number>): number;
}

/** max(min(x, max), min), with no node for a bound that is infinite. */
export function clamped(to: Emitter, x: number, min: number, max: number): number {
  const over = min === Number.NEGATIVE_INFINITY ? x : to.emit('maximum', [x, to.constant('min', [1], [min])], {});
  return max === Number.POSITIVE_INFINITY ? over : to.emit('minimum', [over, to.constant('max', [1], [max])], {});
}
