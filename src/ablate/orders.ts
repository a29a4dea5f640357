/** Pruning (P), quantization (Q) and knowledge distillation (KD) in a fixed order. */
import { prune } from '../prune/index.ts';
import { quantize } from '../quant/index.ts';
import type { Handed, Job, Run } from './arms.ts';
import { Attempts } from './attempts.ts';

export const METHODS = ['P', 'Q', 'KD'] as const;
export type Method = (typeof METHODS)[number];

/** Shares of the channels that are tried where an order prunes. */
const RATIOS = [0.15, 0.3, 0.45, 0.6];

/** Every order of one, two and three methods, by its name: `P-Q-KD`. */
export const ORDERS: Readonly<Record<string, readonly Method[]>> = Object.fromEntries(
  [1, 2, 3].flatMap((count) => ordersOf(count).map((order) => [order.join('-'), order])),
);

function ordersOf(count: number): Method[][] {
  if (count === 0) return [[]];
  return ordersOf(count - 1).flatMap((order) => METHODS.filter((m) => !order.includes(m)).map((m) => [...order, m]));
}

/**
 * A fixed order as a person applies it. Each method is followed by a training of its own, by labels after P and Q, by the model as given and
 * labels in KD; trainings share the samples evenly. An order that prunes tries four shares of the channels, with a fourth of the samples each.
 * What is not quantized at the end is quantized plainly: a chip runs integers. The best on the validation part is handed back.
 */
export async function fixedOrder(order: readonly Method[], job: Job, run: Run): Promise<Handed> {
  const attempts = await Attempts.begin(job, run);
  const ratios = order.includes('P') ? RATIOS : [0];
  for (const [i, ratio] of ratios.entries()) {
    let model = job.model;
    for (const [j, method] of order.entries()) {
      if (method === 'P') model = await attempts.through(model, [prune({ ratio })]);
      if (method === 'Q') model = await attempts.through(model, [quantize()]);
      const end = (run.samples * (i + (j + 1) / order.length)) / ratios.length;
      model = await attempts.trained(model, end - attempts.samples, method === 'KD' ? 'teacher' : 'labels');
    }
    await attempts.judged(model);
  }
  return attempts.handed;
}
