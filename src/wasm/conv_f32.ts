import { type FloatActivation, rangeOf } from './activation.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { addressesOf, type LayerGradients } from './layer_gradients.ts';
import { packedFirst } from './pack_f32.ts';
import { convGeometry, type Geometry, sizesOf, type Window } from './window.ts';

export interface ConvF32 extends Window {
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
 * @returns    the step; the order of its sums depends on the shapes alone (3x3 taps with stride 1 or 2 use Winograd's transforms)
 * @throws CompressError `shape-mismatch` when the channels differ
 */
export function convF32(heap: Heap, y: HeapTensor, x: HeapTensor, w: HeapTensor, bias: HeapTensor | null, p: ConvF32): Step {
  const { groups = 1 } = p;
  const g = convGeometry(y, x, w, p, groups);
  if (winogradProducts(g, groups) !== null) return conv3x3(heap, y, x, w, bias, g, p);
  const { inC, outH, outW, outC, kH, kW, sH, sW, dH, dW } = g;
  const { wasm } = heap;
  const k = kH * kW * (inC / groups);
  const bytes = wasm.conv_packed_f32(outC, k, groups);
  const room = wasm.conv_scratch_f32(inC, outH, outW, kH, kW, sH, sW, dH, dW, groups);
  const { packed, scratch } = places(heap, bytes, room, p.constant);
  const all = [x.shape[0], ...sizesOf(g), groups, ...rangeOf(p.activation)] as const;
  return packedFirst(
    p.constant,
    () => wasm.conv_pack_f32(packed, w.ptr, outC, k, groups),
    () => wasm.conv_f32(y.ptr, x.ptr, packed, bias?.ptr ?? 0, scratch, ...all),
  );
}

/** Room for packed weights, kept where they are packed once, and for the rest that a kernel needs. */
function places(heap: Heap, packed: number, room: number, constant = false): { packed: number; scratch: number } {
  if (constant) return { packed: heap.alloc(packed), scratch: heap.scratch(room) };
  const ptr = heap.scratch(packed + room);
  return { packed: ptr, scratch: ptr + packed };
}

/**
 * Gradients of `convF32`, ADDED to what they fill.
 *
 * @param dy f32, as y: gradient by the output
 * @param of x, w and y (the output that `convF32` wrote: where it was clamped no gradient passes)
 * @param to what is filled
 */
export function convGradF32(
  heap: Heap,
  dy: HeapTensor,
  of: { x: HeapTensor; w: HeapTensor; y: HeapTensor },
  to: LayerGradients,
  p: ConvF32,
): Step {
  const { x, w, y } = of;
  const { groups = 1 } = p;
  const g = convGeometry(y, x, w, p, groups);
  if (winogradProducts(g, groups) !== null) return conv3x3Grad(heap, dy, of, to, g, p);
  const all = [...sizesOf(g), groups] as const;
  const [low, high] = rangeOf(p.activation);
  const scratch = heap.scratch(heap.wasm.conv_grad_scratch_f32(...all));
  const { dx, dw, dbias, fresh } = addressesOf(to);
  return () => heap.wasm.conv_grad_f32(dx, dw, dbias, dy.ptr, y.ptr, x.ptr, w.ptr, scratch, x.shape[0], ...all, low, high, fresh);
}

/**
 * Multiplications of an example by Winograd's method for 3x3 taps: 36 for a tile of 4x4 outputs in place of 9 for each output, with stride 2 25
 * for a tile of 2x2. Null where the method is not used: with few channels its transforms cost more than they save, and so do tiles that lie
 * outside of the image for a large part.
 */
export function winogradProducts(g: Geometry, groups: number): number | null {
  const taps = g.kH === 3 && g.kW === 3 && g.sH === g.sW && g.sH <= 2 && g.dH === 1 && g.dW === 1;
  const channels = groups === 1 && g.inC % 4 === 0 && g.outC % 4 === 0 && g.inC >= 8 && g.outC >= 8;
  if (!taps || !channels || g.top < 0 || g.left < 0) return null;
  const [side, products] = g.sH === 1 ? [4, 36] : [2, 25];
  const all = products * Math.ceil(g.outH / side) * Math.ceil(g.outW / side);
  return all <= (g.sH === 1 ? 6 : 7) * g.outH * g.outW ? all * g.inC * g.outC : null;
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
  const { inH, inW, inC, outH, outW, outC, sH, top, left } = g;
  const bytes = wasm.conv_3x3_packed_f32(sH, inC, outC);
  const { packed, scratch } = places(heap, bytes, wasm.conv_3x3_scratch_f32(sH, inC, outH, outW, outC), p.constant);
  const all = [x.shape[0], inH, inW, inC, outH, outW, outC, top, left, ...rangeOf(p.activation)] as const;
  return packedFirst(
    p.constant,
    () => wasm.conv_3x3_pack_f32(sH, packed, w.ptr, outC, inC),
    () => wasm.conv_3x3_f32(sH, y.ptr, x.ptr, packed, bias?.ptr ?? 0, scratch, ...all),
  );
}

function conv3x3Grad(
  heap: Heap,
  dy: HeapTensor,
  { x, w, y }: { x: HeapTensor; w: HeapTensor; y: HeapTensor },
  to: LayerGradients,
  g: Geometry,
  p: ConvF32,
): Step {
  const { inH, inW, inC, outH, outW, outC, sH, top, left } = g;
  const [low, high] = rangeOf(p.activation);
  const scratch = heap.scratch(heap.wasm.conv_3x3_grad_scratch_f32(sH, inC, outH, outW, outC));
  const all = [x.shape[0], inH, inW, inC, outH, outW, outC, top, left, low, high] as const;
  const { dx, dw, dbias, fresh } = addressesOf(to);
  return () => heap.wasm.conv_3x3_grad_f32(sH, dx, dw, dbias, dy.ptr, y.ptr, x.ptr, w.ptr, scratch, ...all, fresh);
}
