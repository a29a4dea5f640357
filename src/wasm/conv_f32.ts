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
 * @returns    the step; the order of its sums depends on the shapes alone (3x3 taps with stride 1 go through Winograd's transforms)
 * @throws CompressError `shape-mismatch` when the channels differ
 */
export function convF32(heap: Heap, y: HeapTensor, x: HeapTensor, w: HeapTensor, bias: HeapTensor | null, p: ConvF32): Step {
  const g = geometry(y, x, w, p);
  if (isNear(g)) return conv3x3(heap, y, x, w, bias, g, p);
  const { inC, outH, outW, outC, kH, kW, sH, sW, dH, dW, groups } = g;
  const [low, high] = rangeOf(p.activation);
  const { wasm } = heap;
  const k = kH * kW * (inC / groups);
  const packedBytes = wasm.conv_packed_f32(outC, k, groups);
  const scratchBytes = wasm.conv_scratch_f32(inC, outH, outW, kH, kW, sH, sW, dH, dW, groups);
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
  const g = geometry(of.y, of.x, of.w, p);
  if (isNear(g)) return conv3x3Grad(heap, dy, of, to, g, p);
  const all = list(g);
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

/** Whether Winograd's method for 3x3 taps applies; with few channels its transforms cost more than they save. */
function isNear(g: Geometry): boolean {
  const taps = g.kH === 3 && g.kW === 3 && g.sH === 1 && g.sW === 1 && g.dH === 1 && g.dW === 1;
  const channels = g.groups === 1 && g.inC % 4 === 0 && g.outC % 4 === 0 && g.inC >= 8 && g.outC >= 8;
  const sides = [g.top, g.left, g.outH - g.inH - g.top + 2, g.outW - g.inW - g.left + 2];
  return taps && channels && g.top >= 0 && g.left >= 0 && sides.every((n) => n <= 2);
}

function conv3x3(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  g: Geometry,
  p: ConvF32,
): Step {
  const { wasm } = heap;
  const { inH, inW, inC, outH, outW, outC, top, left } = g;
  const [low, high] = rangeOf(p.activation);
  const bytes = wasm.conv_3x3_packed_f32(inC, outC);
  const room = wasm.conv_3x3_scratch_f32(inC, outH, outW, outC);
  const packed = p.constant ? heap.alloc(bytes) : heap.scratch(bytes + room);
  const scratch = p.constant ? heap.scratch(room) : packed + bytes;
  const all = [x.shape[0], inH, inW, inC, outH, outW, outC, top, left, low, high] as const;
  const pack = () => wasm.conv_3x3_pack_f32(packed, w.ptr, outC, inC);
  const run = () => wasm.conv_3x3_f32(y.ptr, x.ptr, packed, bias?.ptr ?? 0, scratch, ...all);
  if (p.constant) {
    pack();
    return run;
  }
  return () => {
    pack();
    run();
  };
}

function conv3x3Grad(
  heap: Heap,
  dy: HeapTensor,
  { x, w, y }: { x: HeapTensor; w: HeapTensor; y: HeapTensor },
  to: { dx: HeapTensor | null; dw: HeapTensor | null; dbias: HeapTensor | null },
  g: Geometry,
  p: ConvF32,
): Step {
  const { inH, inW, inC, outH, outW, outC, top, left } = g;
  const [low, high] = rangeOf(p.activation);
  const scratch = heap.scratch(heap.wasm.conv_3x3_grad_scratch_f32(inH, inW, inC, outH, outW, outC));
  const all = [x.shape[0], inH, inW, inC, outH, outW, outC, top, left, low, high] as const;
  const [dx, dw, dbias] = [to.dx?.ptr ?? 0, to.dw?.ptr ?? 0, to.dbias?.ptr ?? 0];
  return () => heap.wasm.conv_3x3_grad_f32(dx, dw, dbias, dy.ptr, y.ptr, x.ptr, w.ptr, scratch, ...all);
}

type Geometry = ReturnType<typeof geometry>;

/** The geometry in the order in which all convolution kernels take it. */
const list = (g: Geometry) =>
  [g.inH, g.inW, g.inC, g.outH, g.outW, g.outC, g.kH, g.kW, g.sH, g.sW, g.top, g.left, g.dH, g.dW, g.groups] as const;
