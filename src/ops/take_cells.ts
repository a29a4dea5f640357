import type { HeapTensor } from '../wasm/heap.ts';
import { type Places, take, takeGradF32 } from '../wasm/take.ts';
import type { Shape } from './dims.ts';
import { nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import type { Channels, OpRow } from './op.ts';

/** Cells of rows whose output is made of places of their input, listed for each axis. */

type PlacesOf<A> = (attrs: A, x: Shape) => Places;

/** What is the same in all of them. `what` names the operator where no kernel takes the types. */
export const takeCells = <A>(what: string, places: PlacesOf<A>) =>
  ({
    operands: 1,
    float: {
      forward: (heap, { x: [x], y: [y], attrs }) => take(heap, y, x!, places(attrs, x!.shape)),
      backward: (heap, { dy: [dy], dx: [dx], attrs }) => (dx ? takeGradF32(heap, dy, dx, places(attrs, dx.shape)) : nothing),
      saves: null,
    },
    lower: ({ x: [x], y: [y], attrs }) =>
      kernelCall('take', moveForm(what, x!, y), { x: x!, y }, { places: places(attrs, x!.shape) }),
    layer: null,
    trainable: [],
    memory: 'fresh',
    outputRange: 'as-input',
    fuses: null,
    work: 'moves',
  }) satisfies Partial<OpRow<A>>;

/** Channels stay where the last axis is taken whole. */
export const takenChannels = (isWhole: boolean, x: Shape): Channels =>
  isWhole ? { kind: 'keep', along: [[0, x.length - 1]] } : { kind: 'fixed' };

/** An operand seen under another shape of as many elements. */
export const seenAs = <T extends Pick<HeapTensor, 'shape'>>(operand: T, shape: Shape): T => ({ ...operand, shape });
