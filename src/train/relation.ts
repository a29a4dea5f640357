import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import type { LossTo } from '../wasm/loss.ts';

/**
 * Relational distillation (Park et al., "Relational Knowledge Distillation", 2019): the distances between the examples of a batch are to be in
 * the same proportions as the teacher's. Shapes of student and teacher may be any. A row's value is the mean over its pairs of the Huber loss
 * of the difference of their distances, each in units of the mean distance.
 *
 * @param x      f32 [rows, ...], the student's
 * @param target f32 [rows, ...], the teacher's
 */
export function relationF32(heap: Heap, { loss, dx, scale }: LossTo, x: HeapTensor, target: HeapTensor): Step {
  const rows = sizeOf(loss.shape);
  return () => {
    const own = heap.read(x) as Float32Array;
    const found = distancesOf(own, rows);
    const wanted = distancesOf(heap.read(target) as Float32Array, rows);
    const values = new Float32Array(rows);
    const slopes = new Float64Array(found.each.length);
    let common = 0;
    for (let i = 0, pair = 0; i < rows; i++) {
      for (let k = i + 1; k < rows; k++, pair++) {
        const a = found.each[pair] / found.mean;
        const off = a - wanted.each[pair] / wanted.mean;
        const far = Math.abs(off) > 1;
        const value = (far ? Math.abs(off) - 0.5 : 0.5 * off * off) / (rows - 1);
        values[i] += value;
        values[k] += value;
        slopes[pair] = (2 * (far ? Math.sign(off) : off)) / (rows - 1);
        common += slopes[pair] * a;
      }
    }
    heap.write(loss, values);
    if (!dx) return;
    common /= Math.max(1, slopes.length);
    const gradient = heap.read(dx) as Float32Array;
    const size = own.length / rows;
    for (let i = 0, pair = 0; i < rows; i++) {
      for (let k = i + 1; k < rows; k++, pair++) {
        const distance = found.each[pair];
        if (distance === 0) continue;
        const factor = (scale * (slopes[pair] - common)) / (found.mean * distance);
        for (let c = 0; c < size; c++) {
          const pull = factor * (own[i * size + c] - own[k * size + c]);
          gradient[i * size + c] += pull;
          gradient[k * size + c] -= pull;
        }
      }
    }
    heap.write(dx, gradient);
  };
}

/** Of all pairs of rows, in their order, and their mean. */
function distancesOf(values: Float32Array, rows: number): { each: Float64Array; mean: number } {
  const size = values.length / rows;
  const each = new Float64Array((rows * (rows - 1)) / 2);
  let sum = 0;
  for (let i = 0, pair = 0; i < rows; i++) {
    for (let k = i + 1; k < rows; k++, pair++) {
      let square = 0;
      for (let c = 0; c < size; c++) square += (values[i * size + c] - values[k * size + c]) ** 2;
      each[pair] = Math.sqrt(square);
      sum += each[pair];
    }
  }
  return { each, mean: sum / Math.max(1, each.length) || 1 };
}
