import { type Dataset, type Part, takeEvenly } from '../data/index.ts';
import { CompressError, nearestNames } from '../errors.ts';
import { judge, qualityOf } from '../evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import { nameMeant, shortName } from '../graph/names.ts';
import { layerOf } from '../run/layers.ts';
import { upward } from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';
import { blocksOf, withoutBlock } from './blocks.ts';
import { type Evidence, needData } from './evidence.ts';
import { logitsOf } from './logits.ts';

/** What blocks can be ranked by: what the network loses without them. */
export const BLOCK_CRITERIA = ['sensitivity-logits', 'sensitivity-accuracy'];

const EXAMPLES = 256;

/** The graph without the blocks named. @throws CompressError `bad-option` for one that is not there */
export function withoutNamed(graph: Graph, names: readonly string[]): Graph {
  return names.reduce((current, given) => {
    const blocks = blocksOf(current);
    const known = blocks.map((b) => b.name);
    const name = nameMeant(given, known);
    if (name !== undefined) return withoutBlock(current, blocks[known.indexOf(name)]);
    const nearest = nearestNames(given, known);
    throw new CompressError(
      'bad-option',
      `no block "${given}" can be left out: there is no such residual branch, and no layer of this name gives the shape that it reads`,
      known.length
        ? `the nearest are ${nearest.map((n) => `"${shortName(n)}"`).join(', ')}`
        : 'leave it out: this network has no such block',
    );
  }, graph);
}

/** Leaves out the blocks that are missed least, one after another, as long as no more than `share` of the layers is gone. */
export function withoutLeast(
  graph: Graph,
  share: number,
  criterion: string,
  evidence: Evidence,
): { graph: Graph; dropped: string[] } {
  const layers = graph.nodes.filter(layerOf).length;
  const loss = lossOf(graph, criterion, evidence);
  const dropped: string[] = [];
  let [current, gone] = [graph, 0];
  for (;;) {
    const blocks = blocksOf(current).filter((b) => gone + b.layers.length <= share * layers + 1e-9);
    if (blocks.length === 0) return { graph: current, dropped };
    const losses = blocks.map((b) => loss(withoutBlock(current, b)) / b.layers.length);
    const least = losses.reduce((best, v, i) => (v < losses[best] ? i : best), 0);
    dropped.push(blocks[least].name);
    gone += blocks[least].layers.length;
    current = withoutBlock(current, blocks[least]);
  }
}

/** What a network loses against `graph`, on examples of the train part (else validation). */
function lossOf(graph: Graph, criterion: string, evidence: Evidence): (less: Graph) => number {
  const { heap, task: taskOf } = evidence;
  const all = needData(evidence.data, criterion);
  const part = takeEvenly((all.train ?? all.validation)!, EXAMPLES);
  const changed = logitChange(heap, graph, all, part);
  if (criterion === 'sensitivity-logits') return changed;
  const task = taskOf();
  const quality = (g: Graph) => upward(task.metric, qualityOf(judge(heap, g, { ...all, train: part }, 'train', task).evaluation));
  const before = quality(graph);
  return (less) => before - quality(less) + 1e-3 * changed(less);
}

/** Mean square of the change of the logits, by their variance; of several outputs the mean. */
export function logitChange(heap: Heap, graph: Graph, data: Dataset, part: Part): (other: Graph) => number {
  const before = logitsOf(heap, graph, data, part);
  return (other) => {
    const changes = logitsOf(heap, other, data, part).map(
      ({ values }, o) => values.reduce((sum, v, i) => sum + (v - before[o].values[i]) ** 2, 0) / (before[o].squares || 1),
    );
    return changes.reduce((sum, c) => sum + c, 0) / changes.length;
  };
}
