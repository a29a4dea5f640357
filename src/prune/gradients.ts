import { type Dataset, inputsOf, planBatch, takeBatch, takeEvenly } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { isBatchable } from '../run/compile.ts';
import { feed } from '../run/feed.ts';
import { withLogits } from '../run/logits.ts';
import { unrolled } from '../run/unrolled.ts';
import type { Task } from '../task/index.ts';
import { lossesOf } from '../train/losses.ts';
import { compileTraining } from '../train/program.ts';
import type { Heap } from '../wasm/heap.ts';
import { needData } from './evidence.ts';

const [EXAMPLES, BATCH] = [256, 16];

/** Values of a tensor and the gradient of the loss by them, batch first. */
export interface Slope {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
}

/**
 * The gradient of the loss against the labels by some tensors of a float graph, constants too, batch by batch over examples of the train
 * part (else validation). The network is as it answers: nothing is dropped out, normalizations have their own means.
 *
 * @param visit slopes in the order of `tensors`, of a batch of so many examples; of examples of several calls those of the last
 */
export function visitGradients(
  heap: Heap,
  given: Graph,
  tensors: readonly number[],
  evidence: { readonly data: Dataset | null; readonly task: () => Task },
  visit: (slopes: readonly Slope[], batch: number) => void,
): void {
  const all = needData(evidence.data, 'taylor');
  const part = takeEvenly((all.train ?? all.validation)!, EXAMPLES);
  const data = { ...all, train: part };
  const plan = planBatch(data, inputsOf(given));
  const graph = unrolled(withLogits(given), plan.calls);
  const batch = isBatchable(graph) ? Math.min(BATCH, part.count) : 1;
  heap.scope(() => {
    const program = compileTraining(heap, graph, batch, { taps: tensors, of: 'taps' });
    const { aims, summands } = lossesOf(heap, {
      ...{ program, graph, calls: plan.calls, data, task: evidence.task(), teaching: null, unlabelled: null, labelled: batch },
      options: { batch, labelSmoothing: 0, augment: undefined },
      random: { seed: 0, purpose: 'prune/taylor' },
      own: new Float32Array(batch),
    });
    for (let at = 0; at + batch <= part.count; at += batch) {
      const indices = Int32Array.from({ length: batch }, (_, i) => at + i);
      const inputs = takeBatch(plan, part, indices);
      feed(heap, program.inputs, inputs);
      for (const aim of aims) aim({ indices, inputs, step: 0 });
      program.forward();
      for (const { gradient } of [...program.outputs, ...program.taps]) if (gradient) heap.clear(gradient);
      for (const { step } of summands) step();
      program.backward();
      const read = (t: Parameters<Heap['read']>[0]) => heap.read(t) as Float32Array;
      visit(
        program.taps.map(({ value, gradient }) => ({ values: read(value), gradient: read(gradient!) })),
        batch,
      );
    }
  });
}
