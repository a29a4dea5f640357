import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/**
 * Every loss here is made for rows [rows, n] (leading dimensions together), writes one value for each row into `loss` f32 [rows],
 * and ADDS `scale` times its derivative to dx (null: no gradient wanted). For a mean over the batch, `scale` is weight / rows.
 */
export interface LossTo {
  readonly loss: HeapTensor;
  readonly dx: HeapTensor | null;
  readonly scale: number;
}

/**
 * Cross entropy of softmax(x). The target is (1 - smoothing) * label + smoothing / n.
 *
 * @param x      f32 [rows, n], logits
 * @param labels i32 [rows], classes; or f32 [rows, n], probabilities (mixup)
 */
export function softmaxCrossEntropyF32(heap: Heap, to: LossTo, x: HeapTensor, labels: HeapTensor, smoothing = 0): Step {
  const dense = labels.dtype === 'f32';
  const [rows, n] = rowsOf(to, x);
  same(sizeOf(labels.shape), dense ? rows * n : rows, 'labels');
  return () =>
    heap.wasm.softmax_cross_entropy_f32(
      to.loss.ptr,
      to.dx?.ptr ?? 0,
      x.ptr,
      labels.ptr,
      dense ? 1 : 0,
      rows,
      n,
      smoothing,
      to.scale,
    );
}

/**
 * T^2 * KL(softmax(teacher / T) || softmax(x / T)).
 *
 * @param x       f32 [rows, n], the student's logits
 * @param teacher f32 [rows, n], the teacher's logits
 */
export function klDivergenceF32(heap: Heap, to: LossTo, x: HeapTensor, teacher: HeapTensor, temperature: number): Step {
  const [rows, n] = rowsOf(to, x);
  same(sizeOf(teacher.shape), rows * n, 'teacher');
  return () => heap.wasm.kl_divergence_f32(to.loss.ptr, to.dx?.ptr ?? 0, x.ptr, teacher.ptr, rows, n, temperature, to.scale);
}

/**
 * Mean over the row of the binary cross entropy of sigmoid(x). The target is (1 - smoothing) * label + smoothing / 2.
 *
 * @param x      f32 [rows, n], logits
 * @param labels f32 [rows, n], 0..1
 */
export function sigmoidCrossEntropyF32(heap: Heap, to: LossTo, x: HeapTensor, labels: HeapTensor, smoothing = 0): Step {
  const [rows, n] = rowsOf(to, x);
  same(sizeOf(labels.shape), rows * n, 'labels');
  return () => heap.wasm.sigmoid_cross_entropy_f32(to.loss.ptr, to.dx?.ptr ?? 0, x.ptr, labels.ptr, rows, n, smoothing, to.scale);
}

/**
 * Mean over the row of T^2 * KL(sigmoid(teacher / T) || sigmoid(x / T)), each value a yes or no of its own.
 *
 * @param x       f32 [rows, n], the student's logits
 * @param teacher f32 [rows, n], the teacher's logits
 */
export function sigmoidDivergenceF32(heap: Heap, to: LossTo, x: HeapTensor, teacher: HeapTensor, temperature: number): Step {
  const [rows, n] = rowsOf(to, x);
  same(sizeOf(teacher.shape), rows * n, 'teacher');
  return () => heap.wasm.sigmoid_divergence_f32(to.loss.ptr, to.dx?.ptr ?? 0, x.ptr, teacher.ptr, rows, n, temperature, to.scale);
}

/** Mean over the row of (x - target)^2: regression, reconstruction, and hints between inner tensors. */
export function mseF32(heap: Heap, to: LossTo, x: HeapTensor, target: HeapTensor): Step {
  const [rows, n] = rowsOf(to, x);
  same(sizeOf(target.shape), rows * n, 'target');
  return () => heap.wasm.mse_f32(to.loss.ptr, to.dx?.ptr ?? 0, x.ptr, target.ptr, rows, n, to.scale);
}

/** 1 - cosine of the angle between a row of x and of the target. */
export function cosineF32(heap: Heap, to: LossTo, x: HeapTensor, target: HeapTensor): Step {
  const [rows, n] = rowsOf(to, x);
  same(sizeOf(target.shape), rows * n, 'target');
  return () => heap.wasm.cosine_f32(to.loss.ptr, to.dx?.ptr ?? 0, x.ptr, target.ptr, rows, n, to.scale);
}

function rowsOf({ loss, dx }: LossTo, x: HeapTensor): [rows: number, n: number] {
  const rows = sizeOf(loss.shape);
  const n = sizeOf(x.shape) / rows;
  if (!Number.isInteger(n)) same(sizeOf(x.shape), rows, 'x');
  if (dx) same(sizeOf(dx.shape), rows * n, 'dx');
  return [rows, n];
}

function same(got: number, want: number, what: string): void {
  if (got === want) return;
  throw new CompressError(
    'shape-mismatch',
    `${what} has ${got} values, not ${want}`,
    'give one row for each example of the batch',
  );
}
