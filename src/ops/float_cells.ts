import type { Activation } from '../graph/graph.ts';
import { copy } from '../wasm/copy.ts';
import { type BinaryKind, binaryF32, binaryGradF32, clampF32, clampGradF32 } from '../wasm/elementwise_f32.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { addF32 } from '../wasm/movement_f32.ts';
import type { Shape } from './dims.ts';
import type { OpRow } from './op.ts';
import { sidesOf, type Window } from './window.ts';

/** Float cells that several rows share, and how attributes become what the kernels take. */

type FloatCell<A> = NonNullable<OpRow<A>['float']>;

/** Of an elementwise operator on two operands. */
export const binaryCell = <A extends { readonly activation?: Activation }>(kind: BinaryKind): FloatCell<A> => ({
  forward: (heap, { x: [a, b], y: [y], attrs }) => binaryF32(heap, kind, y, a!, b!, attrs.activation),
  backward: (heap, { x: [a, b], y: [y], dy: [dy], dx: [da, db], fresh, attrs }) =>
    binaryGradF32(heap, kind, dy, { a: a!, b: b!, y }, { da, db, fresh }, attrs.activation),
  clears: [0, 1],
  saves: null,
});

/** Of an activation that only clamps. */
export const clampCell = <A>(activation: Activation): FloatCell<A> => ({
  forward: (heap, { x: [x], y: [y] }) => clampF32(heap, y, x!, activation),
  backward: (heap, { y: [y], dy: [dy], dx: [dx], fresh: [fresh] }) =>
    dx ? clampGradF32(heap, dy, y, dx, activation, fresh) : nothing,
  clears: [0],
  saves: null,
});

/** Of what only changes how numbers are stored. */
export const identityCell: FloatCell<unknown> = {
  forward: (heap, { x: [x], y: [y] }) => copy(heap, y, x!),
  backward: (heap, { dy: [dy], dx: [dx] }) => (dx ? addF32(heap, dx, dy) : nothing),
  saves: null,
};

/** Where the gradient is not needed. */
export const nothing: Step = () => {};

/** `steps` one after another. */
export const inTurn = (steps: readonly Step[]): Step => {
  if (steps.length === 1) return steps[0];
  return () => {
    for (let i = 0; i < steps.length; i++) steps[i]();
  };
};

/** dy where y was not clamped: dy itself where the activation does not clamp, else a tensor and the step that fills it. */
export function unclamped(heap: Heap, dy: HeapTensor, y: HeapTensor, activation: Activation): { g: HeapTensor; steps: Step[] } {
  if (activation === 'none') return { g: dy, steps: [] };
  const g = heap.tensor('f32', y.shape);
  return { g, steps: [clampGradF32(heap, dy, y, g, activation, true)] };
}

/** A window over an image [n, h, w, c] as the float kernels take it. */
export function windowF32(a: Window & { readonly activation: Activation }, image: Shape, filter: readonly [number, number]) {
  const { top, left } = sidesOf(a, [image[1], image[2]], filter);
  return { stride: a.stride, dilation: a.dilation ?? ([1, 1] as const), padding: [top, left] as const, activation: a.activation };
}
