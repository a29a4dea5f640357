import type { Labels } from '../data/index.ts';
import type { Heap, HeapTensor } from '../wasm/heap.ts';
import { type LossTo, sigmoidCrossEntropyF32 } from '../wasm/loss.ts';
import type { LabelLoss, LabelLossOptions, Task } from './task.ts';

/** Binary cross entropy of every number of a label on its own. */
export function sigmoidLoss(
  heap: Heap,
  to: LossTo,
  x: HeapTensor,
  targets: Labels,
  task: Task,
  options: LabelLossOptions,
): LabelLoss {
  const labels = writerOf(heap, targets, task.places * task.width, options);
  return { write: labels.write, step: sigmoidCrossEntropyF32(heap, to, x, labels.tensor, options.smoothing) };
}

/** Labels of a batch on the heap, f32 [batch, size]; of blended examples they are blended as these are. */
export function writerOf(heap: Heap, targets: Labels, size: number, { batch, own }: LabelLossOptions) {
  const tensor = heap.tensor('f32', [batch, size]);
  const values = new Float32Array(batch * size);
  const write = (indices: Int32Array) => {
    for (let i = 0; i < batch; i++) {
      const [a, b] = [indices[i] * size, indices[(i + 1) % batch] * size];
      const keep = own ? own[i] : 1;
      for (let k = 0; k < size; k++) {
        values[i * size + k] = keep === 1 ? targets[a + k] : keep * targets[a + k] + (1 - keep) * targets[b + k];
      }
    }
    heap.write(tensor, values);
  };
  return { tensor, write };
}
