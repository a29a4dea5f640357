import { type Dataset, takeEvenly } from '../data/index.ts';
import { judge, qualityOf } from '../evaluate.ts';
import { type Graph, withTensors } from '../graph/graph.ts';
import { upward } from '../task/index.ts';
import { type Evidence, needData } from './evidence.ts';
import { changesOf, type Variant } from './first_order.ts';
import { type ChannelGroup, cutOf } from './groups.ts';
import { ascending } from './rank.ts';
import { reconstruct } from './reconstruct.ts';

const EXAMPLES = 256;
/** Shares of a group's channels that are cut. */
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** What a cut changes: the mean square of the logits' change by their variance, or what the task's metric loses. */
export type Change = 'logits' | 'accuracy';

/**
 * Scores of a group's units by what cutting the group alone, further and further, changes on examples of the train part (else validation).
 * Units go in the order of `reconstruction`, and the layers that read them take over what they can.
 */
export function measuredScores(graph: Graph, evidence: Evidence, change: Change): (group: ChannelGroup) => Float64Array {
  const { heap, seed } = evidence;
  const all = needData(evidence.data, `sensitivity-${change}`);
  const part = takeEvenly((all.train ?? all.validation)!, EXAMPLES);
  const survey = evidence.survey();
  return (group) => {
    const order = ascending(survey.scoresOf(group));
    const units = order.map((u) => group.units[u]);
    const counts = [...new Set(SHARES.map((share) => Math.round(share * units.length)))].filter((n) => n > 0 && n < units.length);
    const variants = counts.map((n) => reconstruct(heap, graph, cutOf(graph, units.slice(0, n)), survey));
    const changes =
      change === 'logits'
        ? changesOf(heap, graph, variants, all, part, seed)
        : dropsOf(graph, variants, { ...all, train: part }, evidence);
    return interpolated(order, counts, changes);
  };
}

/** By how much the task's metric falls, with a little of the logits' change so that equal drops have an order. */
function dropsOf(graph: Graph, variants: readonly Variant[], data: Dataset, { heap, task: taskOf, seed }: Evidence): number[] {
  const task = taskOf();
  const quality = (g: Graph) => upward(task.metric, qualityOf(judge(heap, g, data, 'train', task).evaluation));
  const before = quality(graph);
  const changes = changesOf(heap, graph, variants, data, data.train!, seed);
  return variants.map((variant, i) => before - quality(withTensors(graph, variant)) + 1e-3 * changes[i]);
}

/** Of units in their order, between the cuts that were measured; never less than of a smaller cut. */
function interpolated(order: readonly number[], counts: readonly number[], changes: readonly number[]): Float64Array {
  let most = 0;
  const rising = changes.map((c) => {
    most = Math.max(most, c);
    return most;
  });
  const last = rising.at(-1) ?? 0;
  const places = [0, ...counts, order.length];
  const values = [0, ...rising, last + (last - (rising.at(-2) ?? 0)) + 1e-9];
  const scores = new Float64Array(order.length);
  order.forEach((unit, i) => {
    const after = places.findIndex((p) => p >= i + 1);
    const [from, to] = [places[after - 1], places[after]];
    const share = (i + 1 - from) / (to - from);
    scores[unit] = values[after - 1] + share * (values[after] - values[after - 1]) + 1e-12 * i;
  });
  return scores;
}
