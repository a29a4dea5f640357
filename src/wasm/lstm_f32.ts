import { sizeOf } from '../graph/graph.ts';
import { sameShape } from './check.ts';
import { fullyConnectedF32, fullyConnectedGradF32 } from './fully_connected_f32.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** Of one gate. */
export interface GateF32<T = HeapTensor> {
  /** f32 [hidden, depth] */
  readonly wInput: T;
  /** f32 [hidden, hidden] */
  readonly wHidden: T;
  /** f32 [hidden], or null */
  readonly bias: T | null;
}

/** Input, forget, cell and output gate. */
export type GatesF32<T = HeapTensor> = readonly [GateF32<T>, GateF32<T>, GateF32<T>, GateF32<T>];

export interface LstmF32 {
  /** x and y are [time, n, ..], else [n, time, ..]. */
  readonly timeMajor: boolean;
  /** The cell's state is clamped to +-cellClip; 0: not at all. */
  readonly cellClip: number;
}

/** What the forward step leaves for the backward step: values of the gates, states of the cell. */
export interface LstmSaved {
  /** f32 [4, rows, hidden] */
  readonly gates: HeapTensor;
  /** f32 [rows, hidden] */
  readonly cells: HeapTensor;
}

/**
 * Float LSTM over a sequence (Hochreiter and Schmidhuber, 1997), as TFLite's without peepholes and projection.
 *
 * @param y      f32 [n, time, hidden], written by each call of the step
 * @param x      f32 [n, time, depth]
 * @param states hidden and cell state [n, hidden] before the first step, changed to those behind the last; null: zeros
 * @throws CompressError `shape-mismatch`
 */
export function lstmF32(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  gates: GatesF32,
  [hidden, cell]: readonly [HeapTensor | null, HeapTensor | null],
  saved: LstmSaved,
  { timeMajor, cellClip }: LstmF32,
): Step {
  const n = gates[0].wHidden.shape[0];
  sameShape(y.shape, [x.shape[0], x.shape[1], n], 'the output of an LSTM');
  const sums = gates.map(({ wInput, bias }, g) => fullyConnectedF32(heap, gateOf(saved.gates, g), x, wInput, bias));
  const weights = gates.map((g) => g.wHidden.ptr) as [number, number, number, number];
  const [sizes, strides] = sizesOf(x, n, timeMajor);
  return () => {
    for (const sum of sums) sum();
    const places = [y.ptr, saved.gates.ptr, saved.cells.ptr] as const;
    heap.wasm.lstm_f32(...places, ...weights, hidden?.ptr ?? 0, cell?.ptr ?? 0, ...sizes, ...strides, cellClip);
  };
}

/** Gradients of `lstmF32` that began with zeros, ADDED to what they fill; those that are null are not needed. */
export function lstmGradF32(
  heap: Heap,
  dy: HeapTensor,
  { x, y, gates }: { readonly x: HeapTensor; readonly y: HeapTensor; readonly gates: GatesF32 },
  { dx, gates: to }: { readonly dx: HeapTensor | null; readonly gates: GatesF32<HeapTensor | null> },
  saved: LstmSaved,
  { timeMajor, cellClip }: LstmF32,
): Step {
  const n = gates[0].wHidden.shape[0];
  const dgates = heap.tensor('f32', saved.gates.shape);
  const before = heap.tensor('f32', saved.cells.shape);
  const scratch = heap.tensor('f32', [2 * n]);
  const weights = gates.map((g) => g.wHidden.ptr) as [number, number, number, number];
  const [sizes, strides] = sizesOf(x, n, timeMajor);
  const sums = gates.flatMap(({ wInput, wHidden }, g) => {
    const d = gateOf(dgates, g);
    const { wInput: dw, wHidden: dHidden, bias: dbias } = to[g];
    const ofInput = fullyConnectedGradF32(heap, d, { x, w: wInput, y: d }, { dx, dw, dbias });
    if (!dHidden) return [ofInput];
    return [ofInput, fullyConnectedGradF32(heap, d, { x: before, w: wHidden, y: d }, { dx: null, dw: dHidden, dbias: null })];
  });
  return () => {
    const places = [dgates.ptr, before.ptr, dy.ptr, y.ptr, saved.gates.ptr, saved.cells.ptr] as const;
    heap.wasm.lstm_grad_f32(...places, ...weights, scratch.ptr, ...sizes, ...strides, cellClip);
    for (const sum of sums) sum();
  };
}

/** [rows, hidden] of one gate. */
function gateOf(gates: HeapTensor, g: number): HeapTensor {
  const [, rows, hidden] = gates.shape;
  return { ...gates, shape: [rows, hidden], ptr: gates.ptr + 4 * g * rows * hidden };
}

function sizesOf(
  { shape }: HeapTensor,
  n: number,
  timeMajor: boolean,
): [readonly [number, number, number], readonly [number, number]] {
  const [time, batch] = timeMajor ? shape : [shape[1], shape[0]];
  return [[time, batch, n], timeMajor ? [batch, 1] : [1, time]];
}

/** Shapes of what the forward step leaves. */
export const lstmSaves = (x: readonly number[], hidden: number): number[][] => {
  const rows = sizeOf(x.slice(0, 2));
  return [
    [4, rows, hidden],
    [rows, hidden],
  ];
};
