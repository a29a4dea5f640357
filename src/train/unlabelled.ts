/** Examples without labels beside those of the train part: teachers answer to both. */
import { type BatchPlan, type Dataset, inputsOf, type Part, planBatch } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { createRandom, permutation } from '../random.ts';

/** Examples that only teachers know the answer to. */
export interface Unlabelled {
  readonly data: Dataset;
  readonly part: Part;
  readonly plan: BatchPlan;
}

/** @throws CompressError `shape-mismatch` where they are not what the network reads */
export const unlabelledFor = (graph: Graph, data: Dataset): Unlabelled => ({
  data,
  part: data.train!,
  plan: planBatch(data, inputsOf(graph)),
});

/** Of a batch, at least this part has labels: else they would hardly be heard. */
const LABELLED = 1 / 4;

/** How many examples of a batch have labels: their share of all examples, within bounds. */
export function labelledIn(batch: number, labelled: number, unlabelled: number): number {
  const share = Math.round((batch * labelled) / (labelled + unlabelled));
  const most = Math.max(1, batch - 1);
  const own = Math.min(most, Math.max(share, Math.ceil(LABELLED * batch)));
  return Math.max(own, batch - unlabelled);
}

/** The examples of each step: whole batches of one order after another. Orders follow from seed and name alone. */
export function drawing(count: number, batch: number, seed: number, name: string): (step: number) => Int32Array {
  const perEpoch = Math.floor(count / batch);
  let known = -1;
  let order: Int32Array = new Int32Array(0);
  return (step) => {
    const epoch = Math.floor(step / perEpoch);
    if (epoch !== known) order = permutation(count, createRandom(seed, `${name}/${epoch}`));
    known = epoch;
    const place = step % perEpoch;
    return order.subarray(place * batch, (place + 1) * batch);
  };
}

/** The same for batches that begin with labelled examples; places of the others are counted from `count` on. */
export function drawingBoth(
  { count, labelled, batch, others }: { count: number; labelled: number; batch: number; others: number },
  seed: number,
  purpose: string,
): (step: number) => Int32Array {
  const own = drawing(count, labelled, seed, `${purpose}/order`);
  const other = drawing(others, batch - labelled, seed, `${purpose}/unlabelled`);
  const both = new Int32Array(batch);
  return (step) => {
    both.set(own(step));
    other(step).forEach((place, i) => {
      both[labelled + i] = count + place;
    });
    return both;
  };
}
