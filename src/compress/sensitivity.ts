import { type Dataset, inputsOf, planBatch, takeEvenly } from '../data/index.ts';
import { forEachBatch } from '../evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import { type ChannelGroup, prune } from '../prune/index.ts';
import { withRoundedWeights } from '../quant/index.ts';
import { channelsOf } from '../run/channels.ts';
import { toFloat } from '../run/integer.ts';
import { withLogits } from '../run/logits.ts';
import { type Context, type Model, pause } from '../stage.ts';
import type { Heap } from '../wasm/heap.ts';
import { layerOf } from '../run/layers.ts';

/** Bits of the weights of single layers, by name; 8 where there is none. */
export type LayerBits = Readonly<Record<string, 4 | 8>>;

/** What one step alone changes and saves, without any training: a group cut by `ratio`, or a layer's weights in 4 bits (ratio 1). */
export interface Step {
  readonly ratio: number;
  /** Mean square of the change of the logits, as a share of their variance. */
  readonly change: number;
  /** By how much it lowers what the search lowers. */
  readonly saving: number;
}

/** By name of the group or layer, by rising ratio, as far as they are worth knowing. */
export type Sensitivity = Readonly<Record<string, readonly Step[]>>;

const EXAMPLES = 256;
/** Cuts tried of one group. */
const CUTS = 10;
/** Nothing is left to be known of a network that changes more. */
const TOO_MUCH = 1;

/**
 * Cuts each group alone further and further and measures what that changes on validation examples (no labels are used).
 *
 * @param costOf what the search lowers, of a float graph
 */
export async function measureSensitivity(
  model: Model,
  groups: readonly ChannelGroup[],
  multiple: number,
  costOf: (graph: Graph) => Promise<number>,
  context: Context & { readonly data: Dataset },
): Promise<Sensitivity> {
  const { heap, data, progress, signal } = context;
  const given = { ...model, graph: toFloat(model.graph) };
  const before = logitsOf(heap, given.graph, data);
  const cost = await costOf(given.graph);
  const found: Record<string, Step[]> = {};
  for (const [i, { name, units }] of groups.entries()) {
    found[name] = [];
    for (const ratio of ratiosOf(units.length, multiple)) {
      const options = {
        ratio: 0,
        ratios: { [name]: ratio },
        criterion: 'reconstruction',
        reconstruct: 'readers',
        multiple,
      } as const;
      const { graph } = await prune(options).run(model, context);
      const change = changeOf(before, logitsOf(heap, graph, data));
      found[name].push({ ratio, change, saving: cost - (await costOf(graph)) });
      if (change > TOO_MUCH) break;
    }
    progress?.({ what: 'sensitivity', done: i + 1, total: groups.length });
    await pause(signal);
  }
  return found;
}

/** Shares of `count` channels that leave multiples, by rising share. */
function ratiosOf(count: number, multiple: number): number[] {
  const most = Math.ceil(count / multiple) - 1;
  const cuts = Math.min(most, CUTS);
  return Array.from({ length: cuts }, (_, i) => {
    const left = multiple * Math.round((most * (cuts - i)) / cuts);
    return (count - left) / count;
  });
}

function logitsOf(heap: Heap, graph: Graph, data: Dataset): Float32Array {
  const part = takeEvenly(data.validation!, EXAMPLES);
  const logits: number[] = [];
  const plan = planBatch(data, inputsOf(graph));
  forEachBatch(heap, withLogits(graph), part, plan, (values) => {
    for (const v of values as Float32Array) logits.push(v);
  });
  return Float32Array.from(logits);
}

function changeOf(before: Float32Array, after: Float32Array): number {
  const mean = before.reduce((a, b) => a + b, 0) / before.length;
  let [changed, variance] = [0, 0];
  before.forEach((v, i) => {
    changed += (v - after[i]) ** 2;
    variance += (v - mean) ** 2;
  });
  return changed / (variance || 1);
}

/** Rounds the weights of each layer alone to 4 bits. Depthwise weights are few and bear it badly: only layers that mix channels are tried. */
export async function measureFewerBits(
  model: Model,
  costOf: (graph: Graph, layerBits: LayerBits) => Promise<number>,
  { heap, data }: Context & { readonly data: Dataset },
): Promise<Sensitivity> {
  const graph = toFloat(model.graph);
  const before = logitsOf(heap, graph, data);
  const cost = await costOf(graph, {});
  const layers = graph.nodes.filter((node) => {
    const channels = channelsOf(graph, node);
    return channels.kind === 'mix' && channels.reads && graph.tensors[layerOf(node)!.weights].data instanceof Float32Array;
  });
  const found: Record<string, Step[]> = {};
  for (const node of layers) {
    const change = changeOf(before, logitsOf(heap, withRoundedWeights(heap, graph, node, 4), data));
    found[node.name] = [{ ratio: 1, change, saving: cost - (await costOf(graph, { [node.name]: 4 })) }];
  }
  return found;
}

const NOTHING: Step = { ratio: 0, change: 0, saving: 0 };

/**
 * Ratios of all groups (or layers) that save the most while the changes that each makes alone add up to at most `allowed`: each goes as
 * far as what it saves, times its worth (1 where none is named), pays for what it changes, at one price for all.
 */
export function allocate(
  sensitivity: Sensitivity,
  worth: Readonly<Record<string, number>>,
  allowed: number,
): Readonly<Record<string, number>> {
  const names = Object.keys(sensitivity);
  const at = (price: number) =>
    names.map((name) => {
      const gain = (c: Step) => (worth[name] ?? 1) * c.saving - price * c.change;
      return sensitivity[name].reduce((best, c) => (gain(c) > gain(best) ? c : best), NOTHING);
    });
  const changes = (cuts: readonly Step[]) => cuts.reduce((sum, c) => sum + Math.max(0, c.change), 0);
  let [low, high] = [1e-9, 1e9];
  for (let i = 0; i < 100; i++) {
    const middle = Math.sqrt(low * high);
    if (changes(at(middle)) > allowed) low = middle;
    else high = middle;
  }
  return Object.fromEntries(at(high).map(({ ratio }, i) => [names[i], ratio]));
}
