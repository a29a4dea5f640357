import { sizeOf } from '../graph/graph.ts';
import { type FloatActivation, rangeOf } from './activation.ts';
import { stridesOf } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { walk } from './walk.ts';

const KINDS = ['add', 'sub', 'mul', 'minimum', 'maximum', 'div', 'squaredDifference', 'prelu'] as const;
export type BinaryKind = (typeof KINDS)[number];

/**
 * y = clamp(a op b), each element. Dimensions are aligned at the end and a 1 stretches, as in NumPy.
 *
 * @param y f32, of the broadcast shape; may be a or b where that has its shape
 */
export function binaryF32(
  heap: Heap,
  kind: BinaryKind,
  y: HeapTensor,
  a: HeapTensor,
  b: HeapTensor,
  activation: FloatActivation = 'none',
): Step {
  const { dims, strides } = walk(y.shape, [stretched(a, y.shape), stretched(b, y.shape)]);
  const [low, high] = rangeOf(activation);
  const op = KINDS.indexOf(kind);
  const [sa, sb] = strides;
  return () => heap.wasm.binary_f32(y.ptr, a.ptr, b.ptr, op, ...dims, ...sa, ...sb, low, high);
}

/**
 * Gradients of `binaryF32`, ADDED to da and db, or written where `fresh`; summed where an operand was stretched. Of equals, minimum and
 * maximum pass it to a.
 */
export function binaryGradF32(
  heap: Heap,
  kind: BinaryKind,
  dy: HeapTensor,
  { a, b, y }: { a: HeapTensor; b: HeapTensor; y: HeapTensor },
  to: { da: HeapTensor | null; db: HeapTensor | null; fresh?: readonly boolean[] },
  activation: FloatActivation = 'none',
): Step {
  const [low, high] = rangeOf(activation);
  const op = KINDS.indexOf(kind);
  const { dims, strides } = walk(y.shape, [stretched(a, y.shape), stretched(b, y.shape)]);
  const [sa, sb] = strides;
  const one = (d: HeapTensor | null, side: 0 | 1): Step => {
    if (!d) return () => {};
    const fresh = to.fresh?.[side] ?? false;
    const stretches = sizeOf(d.shape) !== sizeOf(y.shape);
    const own = [...strides[side], ...sa, ...sb, low, high, Number(fresh && !stretches)] as const;
    return () => {
      if (fresh && stretches) heap.clear(d);
      heap.wasm.binary_grad_f32(d.ptr, dy.ptr, y.ptr, a.ptr, b.ptr, op, side, ...dims, ...own);
    };
  };
  const [first, second] = [one(to.da, 0), one(to.db, 1)];
  return () => {
    first();
    second();
  };
}

/** Strides of `x` seen in `shape`: 0 along what stretches. */
function stretched(x: HeapTensor, shape: readonly number[]): number[] {
  const missing = shape.length - x.shape.length;
  const own = stridesOf(x.shape);
  return shape.map((_, i) => (i < missing || x.shape[i - missing] === 1 ? 0 : own[i - missing]));
}

/** y = clamp(x): relu, relu6 and the like; y may be x. */
export function clampF32(heap: Heap, y: HeapTensor, x: HeapTensor, activation: FloatActivation): Step {
  const [n, [low, high]] = [sizeOf(x.shape), rangeOf(activation)];
  return () => heap.wasm.clamp_f32(y.ptr, x.ptr, n, low, high);
}

/** dx += dy where y was not clamped; `fresh`: dx is written. */
export function clampGradF32(
  heap: Heap,
  dy: HeapTensor,
  y: HeapTensor,
  dx: HeapTensor,
  activation: FloatActivation,
  fresh = false,
): Step {
  const [n, [low, high]] = [sizeOf(y.shape), rangeOf(activation)];
  return () => heap.wasm.clamp_grad_f32(dx.ptr, dy.ptr, y.ptr, n, low, high, Number(fresh));
}

const FUNCTIONS = ['abs', 'sqrt', 'rsqrt', 'exp', 'elu', 'gelu', 'geluTanh'] as const;
/** |x|, roots, exp, elu (exp(x) - 1 below 0), gelu (x times the normal distribution's share below x) and its approximation by tanh. */
export type FunctionKind = (typeof FUNCTIONS)[number];

/** y = f(x), each element; y may be x. */
export function functionF32(heap: Heap, kind: FunctionKind, y: HeapTensor, x: HeapTensor): Step {
  const [n, which] = [sizeOf(x.shape), FUNCTIONS.indexOf(kind)];
  return () => heap.wasm.unary_f32(y.ptr, x.ptr, n, which);
}

/** dx += dy * f'(x). */
export function functionGradF32(heap: Heap, kind: FunctionKind, dy: HeapTensor, x: HeapTensor, dx: HeapTensor): Step {
  const [n, which] = [sizeOf(x.shape), FUNCTIONS.indexOf(kind)];
  return () => heap.wasm.unary_grad_f32(dx.ptr, dy.ptr, x.ptr, n, which);
}

type Unary = 'logistic_f32' | 'tanh_f32' | 'hard_swish_f32' | 'exp_f32' | 'log_f32' | 'rsqrt_f32';

/** y = f(x), each element, error at most 2 ulp; y may be x. */
export function unaryF32(heap: Heap, kernel: Unary, y: HeapTensor, x: HeapTensor): Step {
  const n = sizeOf(x.shape);
  return () => heap.wasm[kernel](y.ptr, x.ptr, n);
}

type UnaryGrad = 'logistic_grad_f32' | 'tanh_grad_f32' | 'hard_swish_grad_f32';

/** dx += dy * f'; `of` is the output y, for hard swish the input x. */
export function unaryGradF32(heap: Heap, kernel: UnaryGrad, dy: HeapTensor, of: HeapTensor, dx: HeapTensor): Step {
  const n = sizeOf(of.shape);
  return () => heap.wasm[kernel](dx.ptr, dy.ptr, of.ptr, n);
}

/** y = x above 0, alpha * x elsewhere; y may be x. */
export function leakyReluF32(heap: Heap, y: HeapTensor, x: HeapTensor, alpha: number): Step {
  const n = sizeOf(x.shape);
  return () => heap.wasm.leaky_relu_f32(y.ptr, x.ptr, n, alpha);
}

export function leakyReluGradF32(heap: Heap, dy: HeapTensor, x: HeapTensor, dx: HeapTensor, alpha: number): Step {
  const n = sizeOf(x.shape);
  return () => heap.wasm.leaky_relu_grad_f32(dx.ptr, dy.ptr, x.ptr, n, alpha);
}

/** y = exp(beta * x) / sum over the last axis; y may be x. */
export function softmaxF32(heap: Heap, y: HeapTensor, x: HeapTensor, beta: number): Step {
  const n = x.shape[x.shape.length - 1];
  const rows = sizeOf(x.shape) / n;
  return () => heap.wasm.softmax_f32(y.ptr, x.ptr, rows, n, beta);
}

export function softmaxGradF32(heap: Heap, dy: HeapTensor, y: HeapTensor, dx: HeapTensor, beta: number): Step {
  const n = y.shape[y.shape.length - 1];
  const rows = sizeOf(y.shape) / n;
  return () => heap.wasm.softmax_grad_f32(dx.ptr, dy.ptr, y.ptr, rows, n, beta);
}

/** y = log of softmax over the last axis; y may be x. */
export function logSoftmaxF32(heap: Heap, y: HeapTensor, x: HeapTensor): Step {
  const n = x.shape[x.shape.length - 1];
  const rows = sizeOf(x.shape) / n;
  return () => heap.wasm.log_softmax_f32(y.ptr, x.ptr, rows, n);
}

export function logSoftmaxGradF32(heap: Heap, dy: HeapTensor, y: HeapTensor, dx: HeapTensor): Step {
  const n = y.shape[y.shape.length - 1];
  const rows = sizeOf(y.shape) / n;
  return () => heap.wasm.log_softmax_grad_f32(dx.ptr, dy.ptr, y.ptr, rows, n);
}
