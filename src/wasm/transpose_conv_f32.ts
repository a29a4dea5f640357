import { bytesOf, sizeOf } from '../graph/graph.ts';
import { rangeOf } from './activation.ts';
import { type ConvF32, convF32, convGradF32 } from './conv_f32.ts';
import { transpose } from './copy.ts';
import { binaryF32, clampF32, clampGradF32 } from './elementwise_f32.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { addF32, transposeGradF32 } from './movement_f32.ts';

export type TransposeConvF32 = Omit<ConvF32, 'groups' | 'dilation' | 'constant'>;

/** OHWI of the transpose convolution to OHWI of the convolution that it turns around. */
const SWAP = [3, 1, 2, 0];

/**
 * Transpose convolution: out[y * stride - padding + ky] += in[y] * w[ky], then bias and clamp. It is the gradient by the input of the
 * convolution from y's shape to x's, and runs as that.
 *
 * @param y    f32 [n, outH, outW, outC], written by each call of the step
 * @param x    f32 [n, inH, inW, inC]
 * @param w    f32 [outC, kH, kW, inC]
 * @param bias f32 [outC], or null
 */
export function transposeConvF32(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  p: TransposeConvF32,
): Step {
  const { turned, turn } = turnedWeights(heap, w);
  const spread = convGradF32(heap, x, { x: y, w: turned, y: x }, { dx: y, dw: null, dbias: null }, plain(p));
  const n = sizeOf(y.shape);
  const offset = bias && binaryF32(heap, 'add', y, y, bias, p.activation);
  const clamp = !bias && limited(p) ? clampF32(heap, y, y, p.activation ?? 'none') : null;
  return () => {
    turn();
    heap.wasm.fill_f32(y.ptr, n, 0);
    spread();
    offset?.();
    clamp?.();
  };
}

/** Gradients of `transposeConvF32`, ADDED to what they fill; see `convGradF32`. */
export function transposeConvGradF32(
  heap: Heap,
  dy: HeapTensor,
  { x, w, y }: { x: HeapTensor; w: HeapTensor; y: HeapTensor },
  to: { dx: HeapTensor | null; dw: HeapTensor | null; dbias: HeapTensor | null },
  p: TransposeConvF32,
): Step {
  const { turned, turn } = turnedWeights(heap, w);
  const steps: Step[] = [turn];
  let g = dy;
  if (limited(p)) {
    g = own(heap, y.shape);
    steps.push(clampGradF32(heap, dy, y, g, p.activation ?? 'none', true));
  }
  if (to.dbias) {
    const { dbias } = to;
    const c = dbias.shape[0];
    const rows = sizeOf(y.shape) / c;
    steps.push(() => heap.wasm.strided_add_f32(dbias.ptr, g.ptr, 1, 1, rows, c, 0, 0, 0, 4, 0, 0, c * 4, 4));
  }
  if (to.dx) {
    const part = own(heap, x.shape);
    steps.push(convF32(heap, part, g, turned, null, plain(p)), addF32(heap, to.dx, part));
  }
  if (to.dw) {
    const part = own(heap, turned.shape);
    steps.push(clearF32(heap, part));
    steps.push(convGradF32(heap, x, { x: g, w: turned, y: x }, { dx: null, dw: part, dbias: null }, plain(p)));
    steps.push(transposeGradF32(heap, part, to.dw, SWAP));
  }
  return () => {
    for (let i = 0; i < steps.length; i++) steps[i]();
  };
}

const plain = (p: TransposeConvF32): ConvF32 => ({ stride: p.stride, padding: p.padding });

const limited = (p: TransposeConvF32) => rangeOf(p.activation).some((v) => Number.isFinite(v));

const own = (heap: Heap, shape: readonly number[]): HeapTensor => ({
  dtype: 'f32',
  shape,
  ptr: heap.alloc(bytesOf('f32', sizeOf(shape))),
});

function clearF32(heap: Heap, t: HeapTensor): Step {
  const n = sizeOf(t.shape);
  return () => heap.wasm.fill_f32(t.ptr, n, 0);
}

function turnedWeights(heap: Heap, w: HeapTensor) {
  const turned = own(
    heap,
    SWAP.map((axis) => w.shape[axis]),
  );
  return { turned, turn: transpose(heap, turned, w, SWAP) };
}
