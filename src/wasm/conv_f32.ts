import { CompressError } from '../errors.ts';
import { type FloatActivation, rangeOf } from './activation.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** How a float filter moves over an image. */
export interface ConvF32 {
  /** [h, w], in pixels. */
  readonly stride: readonly [number, number];
  /** [top, left] zeros before the image; what lies behind it follows from the output's size. */
  readonly padding: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
  readonly activation?: FloatActivation;
  /** The weights never change: they are packed once, when the step is made, else at each call. */
  readonly constant?: boolean;
}

/**
 * Float convolution, y = clamp(conv(x, w) + bias).
 *
 * @param y    f32 [n, outH, outW, outC], written by each call of the step
 * @param x    f32 [n, inH, inW, inC]
 * @param w    f32 [outC, kH, kW, inC / groups]
 * @param bias f32 [outC], or null
 * @returns    the step; each output sums its products in the order ky, kx, channel, then adds the bias
 * @throws CompressError `shape-mismatch` when the channels differ
 */
export function convF32(heap: Heap, y: HeapTensor, x: HeapTensor, w: HeapTensor, bias: HeapTensor | null, p: ConvF32): Step {
  const g = geometry(y, x, w, p);
  const { inC, outH, outW, outC, kH, kW, sH, sW, dH, dW, groups } = g;
  const [low, high] = rangeOf(p.activation);
  const { wasm } = heap;
  const k = kH * kW * (inC / groups);
  const packedBytes = wasm.conv_packed_f32(outC, k, groups);
  const scratchBytes = wasm.conv_scratch_f32(inC, outH, outW, kH, kW, sH, sW, dH, dW);
  const all = list(g);
  const run = (packed: number, scratch: number) =>
    wasm.conv_f32(y.ptr, x.ptr, packed, bias?.ptr ?? 0, scratch, x.shape[0], ...all, low, high);
  if (p.constant) {
    const packed = heap.alloc(packedBytes);
    wasm.conv_pack_f32(packed, w.ptr, outC, k, groups);
    const scratch = heap.scratch(scratchBytes);
    return () => run(packed, scratch);
  }
  const packed = heap.scratch(packedBytes + scratchBytes);
  return () => {
    wasm.conv_pack_f32(packed, w.ptr, outC, k, groups);
    run(packed, packed + packedBytes);
  };
}

/**
 * Gradients of `convF32`, ADDED to what they fill.
 *
 * @param dy f32, as y: gradient by the output
 * @param of x, w and y (the output that `convF32` wrote: where it was clamped no gradient passes)
 * @param to dx, dw, dbias, each null where nobody wants it
 */
export function convGradF32(
  heap: Heap,
  dy: HeapTensor,
  of: { x: HeapTensor; w: HeapTensor; y: HeapTensor },
  to: { dx: HeapTensor | null; dw: HeapTensor | null; dbias: HeapTensor | null },
  p: ConvF32,
): Step {
  const all = list(geometry(of.y, of.x, of.w, p));
  const [low, high] = rangeOf(p.activation);
  const scratch = heap.scratch(heap.wasm.conv_grad_scratch_f32(...all));
  const { x, w, y } = of;
  return () =>
    heap.wasm.conv_grad_f32(
      to.dx?.ptr ?? 0,
      to.dw?.ptr ?? 0,
      to.dbias?.ptr ?? 0,
      dy.ptr,
      y.ptr,
      x.ptr,
      w.ptr,
      scratch,
      x.shape[0],
      ...all,
      low,
      high,
    );
}

function geometry(y: HeapTensor, x: HeapTensor, w: HeapTensor, p: ConvF32) {
  const [, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [units, kH, kW, depth] = w.shape;
  const groups = p.groups ?? 1;
  if (depth * groups !== inC || units !== outC || outC % groups) {
    throw new CompressError(
      'shape-mismatch',
      `input has ${inC} channels and output ${outC}, but the weights make ${units} from ${depth * groups}`,
      'prune both sides of this layer together',
    );
  }
  const [dH, dW] = p.dilation ?? [1, 1];
  const [sH, sW] = p.stride;
  const [top, left] = p.padding;
  return { inH, inW, inC, outH, outW, outC, kH, kW, sH, sW, top, left, dH, dW, groups };
}

/** The geometry in the order in which all convolution kernels take it. */
const list = (g: ReturnType<typeof geometry>) =>
  [g.inH, g.inW, g.inC, g.outH, g.outW, g.outC, g.kH, g.kW, g.sH, g.sW, g.top, g.left, g.dH, g.dW, g.groups] as const;
