/** Whole blocks left out at the beginning of an arm: distillation then wins back what that loses. */
import { takeEvenly } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { blocksOf, withoutBlock } from '../prune/blocks.ts';
import { logitChange } from '../prune/drop_blocks.ts';
import { toFloat } from '../run/integer.ts';
import type { Model } from '../stage.ts';
import { costOf } from './judge.ts';
import { byPath } from './memory.ts';
import type { Spot, Spots } from './spots.ts';
import type { Stages } from './steps.ts';

/** Examples of the train part that the change is measured on. */
const EXAMPLES = 256;

/** What leaving out one block alone changes in the logits, as a share of their variance, and what it saves. */
interface BlockStep {
  readonly name: string;
  readonly change: number;
  readonly saving: number;
}

const stepsAt = byPath<readonly BlockStep[]>();

/** The stage that leaves out the block that saves the most for what it changes, and that change; null where all change more than `most`. */
export async function blockStep(spots: Spots, at: Spot, most: number): Promise<{ stages: Stages; change: number } | null> {
  const all = await stepsAt(spots.job, at.stages, () => measured(spots, at.model));
  const allowed = all.filter(({ change, saving }) => change <= most && saving > 0);
  if (!allowed.length) return null;
  const best = allowed.reduce((a, b) => (b.saving / b.change > a.saving / a.change ? b : a));
  return { stages: [{ stage: 'prune', kind: 'blocks', blocks: [best.name] }], change: best.change };
}

async function measured(spots: Spots, model: Model): Promise<BlockStep[]> {
  const { heap, data } = spots.context;
  const graph = toFloat(model.graph);
  const cost = (g: Graph) => costOf(spots.figures({ ...model, graph: g }), spots.job.goal);
  const [change, before] = [logitChange(heap, graph, data, takeEvenly(data.train!, EXAMPLES)), cost(graph)];
  return blocksOf(graph).map((block) => {
    const less = withoutBlock(graph, block);
    return { name: block.name, change: change(less), saving: before - cost(less) };
  });
}
